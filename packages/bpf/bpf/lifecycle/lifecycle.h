/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * fork, exec and exit of processes, each as one record of process_events. The bodies read
 * kernel memory only through CO-RE probe reads, so that the same code serves tp_btf and
 * raw_tp. All three tracepoints run with preemption off in process context, which is what
 * makes the per-CPU sequence number and scratch safe without a lock.
 */
#ifndef WAGGLE_LIFECYCLE_H
#define WAGGLE_LIFECYCLE_H

#include "../events.h"
#include "ended_groups.h"
#include "exec_detail.h"
#include "kin.h"
#include "layout_fingerprint.h"
#include "limit.h"
#include "usage.h"
#include <bpf/bpf_core_read.h>

/* Without it the walks up the paths are dead code, which the verifier does not look at. */
const volatile bool exec_detail = true;

/* Children that end at once are reaped from anywhere in the list, those given in join its end. */
#define CHILDREN_LOOKED_AT 16

static __always_inline struct task_struct *newest_child(struct task_struct *parent, pid_t tid)
{
	struct list_head *node = BPF_CORE_READ(parent, children.prev);

	for (int i = 0; i < CHILDREN_LOOKED_AT; i++) {
		struct task_struct *child =
			(void *)node - bpf_core_field_offset(struct task_struct, sibling);

		if (BPF_CORE_READ(child, pid) == tid)
			return child;
		node = BPF_CORE_READ(node, prev);
	}
	return NULL;
}

static __always_inline void on_fork(struct task_struct *parent, struct task_struct *child)
{
	struct filter_settings *settings = ONLY(filter_settings);
	struct event_counters *counters = ONLY(event_counters);
	struct fork_record record = {};
	u32 child_tgid, tgid;

	/* Threads are no processes. */
	if (!settings || !counters || BPF_CORE_READ(child, tgid) != BPF_CORE_READ(child, pid))
		return;
	child_tgid = tgid_of(child);
	tgid = tgid_of(parent);
	note_birth(tgid, child_tgid);
	track_child(tgid, child_tgid);
	if (!wanted(settings, counters, RECORD_FORK, tgid))
		return;
	record.child_start_boottime = start_time_of(child);
	if (!limit_start(settings, counters, RECORD_FORK, child_tgid, record.child_start_boottime))
		return;
	fill_header(&record.header, parent);
	record.child_tgid = child_tgid;
	record.uid = bpf_get_current_uid_gid();
	record.child_cgroup_key = same_cgroups(parent, child) ? record.header.cgroup_key :
								 reported_cgroup_of(child);
	submit(&record, sizeof(record), &record.header, counters, RECORD_FORK);
}

/* Arguments and, on request, the environment, which lies right behind them (fs/binfmt_elf.c,
 * create_elf_tables): one read for both, into the record in exec_scratch. Returns the bytes of both
 * together. */
__noinline u32 read_arguments(u32 filename, u32 with_environ)
{
	struct exec_record *record = ONLY(exec_scratch);
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
	u64 argv = end - start, both = argv;

	/* The bound is for the verifier, which does not know where the number comes from. */
	if (!record || filename > FILENAME_MAX_BYTES - 1)
		return 0;
	record->argv_total = argv;
	if (with_environ && BPF_CORE_READ(task, mm, env_start) == end) {
		record->header.flags |= RECORD_HAS_ENVIRON;
		both = BPF_CORE_READ(task, mm, env_end) - start;
	}
	if (both > ARGV_MAX_BYTES) {
		if (argv > ARGV_MAX_BYTES) {
			record->header.flags |= RECORD_ARGV_TRUNCATED;
			argv = ARGV_MAX_BYTES;
		}
		if (record->header.flags & RECORD_HAS_ENVIRON)
			record->header.flags |= RECORD_ENVIRON_TRUNCATED;
		both = ARGV_MAX_BYTES;
	}
	if (bpf_probe_read_user(record->payload + filename, both, (void *)start)) {
		record->header.flags |= RECORD_ARGV_UNREADABLE;
		argv = both = 0;
	}
	record->argv_length = argv;
	record->environ_length = both - argv;
	return both;
}

/* bprm may be NULL: tracepoints do not hand it on, only the file's name. */
static __always_inline void on_exec(struct task_struct *task, pid_t old_pid,
				    struct linux_binprm *bprm, const char *name)
{
	struct filter_settings *settings = ONLY(filter_settings);
	struct event_counters *counters = ONLY(event_counters);
	struct exec_record *record = ONLY(exec_scratch);
	u32 tgid = tgid_of(task);
	u64 ids, filename, used;
	long got;

	if (!settings || !counters || !record)
		return;
	track_exec(tgid);
	if (!wanted(settings, counters, RECORD_EXEC, tgid))
		return;
	fill_header(&record->header, task);
	if (!limit_start(settings, counters, RECORD_EXEC, tgid, record->header.start_boottime))
		return;
	ids = bpf_get_current_uid_gid();
	record->uid = ids;
	record->gid = ids >> 32;
	record->cgroup_id = bpf_get_current_cgroup_id();
	record->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	record->pid_namespace = pid_namespace_of(task);
	record->old_tid = old_pid;
	record->layout_fingerprint = layout_fingerprint_of(task);
	__builtin_memset(&record->exe_inode, 0,
			 offsetof(struct exec_record, payload) -
				 offsetof(struct exec_record, exe_inode));

	got = bpf_probe_read_kernel_str(record->payload, FILENAME_MAX_BYTES, name);
	if (got < 1)
		got = 1;
	/* A full buffer means that the string was cut: PATH_MAX counts the NUL. */
	if (got == FILENAME_MAX_BYTES)
		record->header.flags |= RECORD_FILENAME_TRUNCATED;
	filename = got - 1;
	if (filename > FILENAME_MAX_BYTES - 1)
		filename = FILENAME_MAX_BYTES - 1;
	record->filename_length = filename;

	used = filename + read_arguments(filename, settings->flags & EXEC_ENVIRON);
	if (exec_detail && (settings->flags & EXEC_DETAIL)) {
		used = add_exec_detail(used, exec_hints_of(bprm), interpreter_of(bprm));
		used = add_standard_files(used);
	}
	if (used > sizeof(record->payload))
		return;
	submit(record, offsetof(struct exec_record, payload) + used, &record->header, counters,
	       RECORD_EXEC);
}

static __always_inline void on_exit(struct task_struct *task, const bool direct)
{
	struct filter_settings *settings = ONLY(filter_settings);
	struct event_counters *counters = ONLY(event_counters);
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct exit_record record = {};
	u32 tgid;

	note_end(task, leader);
	if (!settings || !counters)
		return;
	if (!ends_group(task, leader)) {
		note_thread_io(task, leader);
		return;
	}
	tgid = tgid_of(task);
	if (wanted(settings, counters, RECORD_EXIT, tgid) &&
	    limit_end(settings, counters, tgid, start_time_of(leader))) {
		fill_header(&record.header, task);
		record.uid = bpf_get_current_uid_gid();
		record.cgroup_id = bpf_get_current_cgroup_id();
		/* What the parent's wait(2) gets: kernel/exit.c, wait_task_zombie(). The code is the
		 * leader's, not that of the thread which happened to be last. */
		if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
			record.exit_code = BPF_CORE_READ(task, signal, group_exit_code);
		else
			record.exit_code = BPF_CORE_READ(leader, exit_code);
		add_usage(&record, task, direct);
		submit(&record, sizeof(record), &record.header, counters, RECORD_EXIT);
	}
	bpf_map_delete_elem(&tracked_processes, &tgid);
}

#endif
