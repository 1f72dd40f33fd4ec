/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The few kernel types that the programs touch, each with only the fields they read.
 * preserve_access_index makes every access a CO-RE relocation, so the offsets here mean
 * nothing: libbpf fills in those of the running kernel from its BTF. It replaces a
 * generated vmlinux.h of 3 MB and says at a glance what we depend on.
 */
#ifndef WAGGLE_KERNEL_H
#define WAGGLE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/version.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef int pid_t;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
/* include/uapi/linux/bpf.h, which knows it since 6.18. In a map's value it is the kernel's own. */
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));
#endif

/* include/linux/sched/signal.h: the whole group is exiting, group_exit_code is valid. */
#define SIGNAL_GROUP_EXIT 0x00000004
#define TASK_COMM_LEN 16
/* include/uapi/linux/stat.h */
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 0000010
/* include/linux/pid.h */
#define PIDTYPE_TGID 1
#define PIDTYPE_SID 3
/* arch/arm64/include/uapi/asm/ptrace.h: the task runs AArch32 code. */
#define PSR_MODE32_BIT 0x00000010

/* Only for its relocated values: configuration decides them. */
enum cgroup_subsys_id {
	cpuset_cgrp_id,
	cpu_cgrp_id,
	memory_cgrp_id,
	devices_cgrp_id,
	pids_cgrp_id,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

/* Nothing of it is read, but libbpf compares the types of what is called: a name alone will not do. */
struct bpf_map {
	u32 id;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

typedef struct {
	int counter;
} atomic_t;

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	int index;
	struct tty_driver *driver;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
};

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t euid;
	kgid_t egid;
};

struct qstr {
	const unsigned char *name;
};

struct super_block {
	unsigned int s_dev;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_nlink;
	unsigned long i_ino;
	struct super_block *i_sb;
	long long i_size;
	u32 i_generation;
};

struct timespec64 {
	long long tv_sec;
	long tv_nsec;
};

/* When the inode was last changed: Linux 6.11, 6.6 and before. */
struct inode___seconds {
	long long i_ctime_sec;
	u32 i_ctime_nsec;
};

struct inode___accessors {
	struct timespec64 __i_ctime;
};

struct inode___plain {
	struct timespec64 i_ctime;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
};

struct fs_struct {
	struct path pwd;
};

struct kernfs_node {
	struct kernfs_node *__parent; /* Linux 6.15, under RCU */
	const char *name;
	u64 id;
};

struct kernfs_node___plain {
	struct kernfs_node *parent;
};

struct cgroup_root {
	unsigned int subsys_mask;
	int hierarchy_id; /* 0: v2 */
};

struct cgroup_subsys_state {
	u64 serial_nr;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp; /* in v2 */
	struct list_head cgrp_links; /* of cgrp_cset_link, by cgrp_link */
};

/* kernel/cgroup/cgroup-internal.h */
struct cgrp_cset_link {
	struct cgroup *cgrp;
	struct list_head cgrp_link;
};

/* include/linux/maple_tree.h; Linux 6.1. */
struct maple_tree {
	void *ma_root;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
};

/* arch/{x86,arm64}/include/asm/mmu.h */
typedef struct {
	void *vdso;
} mm_context_t;

struct mm_struct {
	struct maple_tree mm_mt;
	mm_context_t context;
	unsigned long start_code;
	unsigned long end_code;
	unsigned long end_data;
	unsigned long start_stack;
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
};

struct linux_binprm {
	const char *filename;
	const char *interp;
	unsigned int secureexec : 1;
	unsigned int per_clear;
};

/* x86 only. */
struct thread_info {
	u32 status;
};

/* arch/{x86,arm64}/include/asm/ptrace.h */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	u64 orig_x0;
	s32 syscallno;
};
#endif

/* include/trace/events/sched.h */
struct trace_event_raw_sched_process_fork {
	pid_t child_pid;
};

struct task_struct {
	struct thread_info thread_info;
	pid_t pid;
	pid_t tgid;
	u64 self_exec_id;
	u64 start_boottime;
	int exit_code;
	struct task_struct *real_parent;
	struct list_head children;
	struct list_head sibling;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
	struct css_set *cgroups;
	const struct cred *cred;
	struct fs_struct *fs;
	kuid_t loginuid;
	char comm[TASK_COMM_LEN];
};

#pragma clang attribute pop

/* uapi/linux/bpf_perf_event.h needs the architecture's register layout; we only hand the
 * context on to bpf_get_stack. */
struct bpf_perf_event_data;

#endif
