/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What an exec record says on request: absolute paths, ids, and the flags that a security person
 * looks for. Everything comes from the task's own structures; nothing here can sleep or fail the
 * record, and what cannot be read is empty.
 */
#ifndef WAGGLE_EXEC_DETAIL_H
#define WAGGLE_EXEC_DETAIL_H

#include "../namespaces.h"
#include "../skeleton.h"
#include "records.h"
#include <bpf/bpf_core_read.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_record);
} exec_scratch SEC(".maps");

/* Where the walk up a path has got to: see walk_path_component(). */
struct path_walk {
	u64 mount;
	u64 dentry;
	u32 from;   /* in the payload of exec_scratch */
	u32 length; /* bytes written there */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct path_walk);
} path_walks SEC(".maps");

enum path_step {
	PATH_GOES_ON,
	PATH_WHOLE,
	PATH_CUT,
};

/*
 * One step of the walk in path_walks: a component copied, or a mount point crossed. A function that
 * is not static is verified once by itself, whatever calls it (Linux 5.6), so the loop around it
 * costs the verifier next to nothing; with the loop's body in place, exec took it 107,550
 * instructions, a third of waggle's start. For the same reason the walk is kept in memory, which the
 * verifier does not follow.
 */
__noinline int walk_path_component(u32 step)
{
	struct path_walk *walk = ONLY(path_walks);
	struct exec_record *record = ONLY(exec_scratch);
	struct dentry *dentry, *parent;
	struct vfsmount *mount;
	bool root, nameless;
	u32 to;
	long got;

	if (!walk || !record)
		return PATH_CUT;
	dentry = (void *)walk->dentry;
	mount = (void *)walk->mount;
	parent = BPF_CORE_READ(dentry, d_parent);
	root = dentry == BPF_CORE_READ(mount, mnt_root);
	/* A memfd hangs on no tree: its one component is its own parent, as a file system's root is too. */
	nameless = dentry == parent && !root && step == 0;
	if (root || (dentry == parent && !nameless)) {
		struct mount *here = (void *)mount - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(here, mnt_parent);

		if (above == here || !above)
			return PATH_WHOLE;
		walk->dentry = (u64)BPF_CORE_READ(here, mnt_mountpoint);
		walk->mount = (u64)above + bpf_core_field_offset(struct mount, mnt);
		return PATH_GOES_ON;
	}
	to = walk->from + walk->length;
	if (walk->length > PATH_MAX_BYTES || to > sizeof(record->payload) - PATH_COMPONENT_BYTES)
		return PATH_CUT;
	got = bpf_probe_read_kernel_str(record->payload + to, PATH_COMPONENT_BYTES,
					BPF_CORE_READ(dentry, d_name.name));
	if (got < 1)
		return PATH_CUT;
	walk->length += got;
	walk->dentry = (u64)parent;
	return nameless ? PATH_WHOLE : PATH_GOES_ON;
}

/*
 * The components of a path, leaf first, each with its NUL, behind `from` bytes of the payload;
 * userspace turns them round. The walk goes up to the root of the mount namespace, as
 * d_absolute_path() in fs/d_path.c does. Returns the bytes written.
 */
__noinline u32 write_path(u64 mount, u64 dentry, u32 from, u32 truncated)
{
	struct path_walk *walk = ONLY(path_walks);
	struct exec_record *record = ONLY(exec_scratch);
	int outcome = PATH_GOES_ON;

	if (!walk || !record)
		return 0;
	walk->mount = mount;
	walk->dentry = dentry;
	walk->from = from;
	walk->length = 0;
	for (u32 step = 0; step < PATH_MAX_COMPONENTS; step++) {
		outcome = walk_path_component(step);
		if (outcome != PATH_GOES_ON)
			break;
	}
	if (outcome != PATH_WHOLE)
		record->header.flags |= truncated;
	return walk->length;
}

static __always_inline bool is_memfd(struct dentry *dentry)
{
	/* mm/memfd.c: MFD_NAME_PREFIX */
	char name[6] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' &&
	       name[4] == 'd' && name[5] == ':';
}

/* What is known of an exec by its linux_binprm, which tracepoints do not hand on. */
enum exec_hints {
	/* The mode of the file counted (bprm_fill_uid in fs/exec.c): on a nosuid mount it does not. */
	EXEC_MODE_COUNTED = 1 << 0,
	EXEC_SECURE = 1 << 1,
};

static __always_inline u32 exec_hints_of(struct linux_binprm *bprm)
{
	u32 hints = 0;

	/* Cleared personality bits say that it did. */
	if (!bprm || !bpf_core_field_exists(bprm->per_clear) || BPF_CORE_READ(bprm, per_clear))
		hints |= EXEC_MODE_COUNTED;
	if (bprm && bpf_core_field_exists(bprm->secureexec) &&
	    BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		hints |= EXEC_SECURE;
	return hints;
}

/* The name of the interpreter that was executed for the file; 0 for none. */
static __always_inline u64 interpreter_of(struct linux_binprm *bprm)
{
	u64 interpreter = bprm ? (u64)BPF_CORE_READ(bprm, interp) : 0;

	return bprm && interpreter != (u64)BPF_CORE_READ(bprm, filename) ? interpreter : 0;
}

static __always_inline u32 exec_flags_of(u32 hints, struct inode *inode, struct dentry *dentry,
					 struct exec_record *record)
{
	bool counted = hints & EXEC_MODE_COUNTED;
	u32 mode = BPF_CORE_READ(inode, i_mode);
	u32 flags = 0;

	if (counted && (mode & S_ISUID) && record->effective_uid != record->uid)
		flags |= EXEC_SETUID;
	/* Without the group's right to execute the bit means mandatory locking. */
	if (counted && (mode & S_ISGID) && (mode & S_IXGRP) && record->effective_gid != record->gid)
		flags |= EXEC_SETGID;
	if (hints & EXEC_SECURE)
		flags |= EXEC_PRIVILEGED;
	if (!BPF_CORE_READ(inode, i_nlink))
		flags |= is_memfd(dentry) ? EXEC_MEMFD : EXEC_DELETED;
	return flags;
}

static __always_inline u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	if (!tty)
		return 0;
	return BPF_CORE_READ(tty, driver, major) << 20 |
	       (BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index));
}

/*
 * Fills the record in exec_scratch and the payload behind `used` bytes of it; returns the bytes used then.
 * Verified by itself, so that its many ways are not followed into what comes after it.
 */
__noinline u32 add_exec_detail(u32 used, u32 hints, u64 interpreter)
{
	struct exec_record *record = ONLY(exec_scratch);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct dentry *dentry = BPF_CORE_READ(exe, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(exe, f_inode);
	u32 length;

	if (!record)
		return used;
	record->header.flags |= RECORD_HAS_DETAIL;
	record->exe_inode = BPF_CORE_READ(inode, i_ino);
	record->exe_device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->effective_uid = BPF_CORE_READ(task, cred, euid.val);
	record->effective_gid = BPF_CORE_READ(task, cred, egid.val);
	record->exec_flags = exec_flags_of(hints, inode, dentry, record);
	record->login_uid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : -1;
	record->session_id = session_id_of(task);
	record->tty = tty_of(task);

	/* The bounds are for the verifier, which does not know where the numbers come from. */
	if (used > FILENAME_MAX_BYTES + ARGV_MAX_BYTES)
		return 0;
	length = write_path((u64)BPF_CORE_READ(exe, f_path.mnt), (u64)dentry, used,
			    RECORD_EXE_TRUNCATED);
	if (length > PATH_MAX_BYTES + PATH_COMPONENT_BYTES)
		return 0;
	record->exe_length = length;
	used += length;

	length = write_path((u64)BPF_CORE_READ(task, fs, pwd.mnt), (u64)BPF_CORE_READ(task, fs, pwd.dentry),
			    used, RECORD_CWD_TRUNCATED);
	if (length > PATH_MAX_BYTES + PATH_COMPONENT_BYTES)
		return 0;
	record->cwd_length = length;
	used += length;

	if (interpreter) {
		long got = bpf_probe_read_kernel_str(record->payload + used, INTERPRETER_MAX_BYTES,
						     (void *)interpreter);

		if (got > 0 && got <= INTERPRETER_MAX_BYTES) {
			record->exec_flags |= EXEC_SCRIPT;
			record->interpreter_length = got - 1;
			used += got - 1;
		}
	}
	return used;
}

/*
 * One of the standard files, behind `used` bytes of the payload; returns its state, and its bytes in the upper
 * half. Verified by itself, as add_exec_detail().
 */
__noinline u32 add_standard_file(u64 address, u64 before, u32 used)
{
	struct exec_record *record = ONLY(exec_scratch);
	struct file *file = (void *)address;
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	u32 flags = BPF_CORE_READ(file, f_flags);
	u32 type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	u32 state = type, length;

	if (!record || !file || used > sizeof(record->payload) - PATH_COMPONENT_BYTES)
		return 0;
	if (address == before)
		return STANDARD_AS_BEFORE;
	if ((flags & O_ACCMODE) != O_WRONLY)
		state |= STANDARD_READS;
	if (flags & (O_WRONLY | O_RDWR))
		state |= STANDARD_WRITES;
	if (flags & O_APPEND)
		state |= STANDARD_APPENDS;
	if ((type == S_IFIFO || type == S_IFSOCK) && dentry == BPF_CORE_READ(dentry, d_parent)) {
		u64 inode = BPF_CORE_READ(file, f_inode, i_ino);

		/* Once more, where it is used: Linux 6.1 forgets the bounds of 32 bits that were on the stack. */
		barrier_var(used);
		if (used > sizeof(record->payload) - sizeof(inode))
			return 0;
		bpf_probe_read_kernel(record->payload + used, sizeof(inode), &inode);
		return state | STANDARD_NAMELESS | sizeof(inode) << 16;
	}
	length = write_path((u64)BPF_CORE_READ(file, f_path.mnt), (u64)dentry, used, RECORD_PATH_CUT);
	if (record->header.flags & RECORD_PATH_CUT) {
		record->header.flags &= ~RECORD_PATH_CUT;
		state |= STANDARD_CUT;
	}
	return state | length << 16;
}

/* As the program gets them: what is closed on exec is closed by now. */
__noinline u32 add_standard_files(u32 used)
{
	struct exec_record *record = ONLY(exec_scratch);
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 files[3] = {};
	u32 added;

	if (!record)
		return used;
	bpf_probe_read_kernel(files, sizeof(files), BPF_CORE_READ(task, files, fdt, fd));
	added = add_standard_file(files[0], 0, used);
	record->stdin_state = added & 0xffff;
	record->stdin_length = added >> 16;
	used += record->stdin_length;
	added = add_standard_file(files[1], files[0], used);
	record->stdout_state = added & 0xffff;
	record->stdout_length = added >> 16;
	used += record->stdout_length;
	added = add_standard_file(files[2], files[1], used);
	record->stderr_state = added & 0xffff;
	record->stderr_length = added >> 16;
	return used + record->stderr_length;
}

#endif
