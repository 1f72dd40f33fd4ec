/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The few kernel types that the programs touch, each with only the fields they read.
 * preserve_access_index makes every access a CO-RE relocation, so the offsets here mean
 * nothing: libbpf fills in those of the running kernel from its BTF. It replaces a
 * generated vmlinux.h of 3 MB and says at a glance what we depend on. Tasks are here, and what they
 * point to in kernel/.
 */
#ifndef WAGGLE_KERNEL_H
#define WAGGLE_KERNEL_H

#include "kernel/types.h"
#include "kernel/files.h"
#include "kernel/cgroups.h"
#include "kernel/memory.h"
#include "kernel/registers.h"

/* include/linux/sched/signal.h: the whole group is exiting, group_exit_code is valid. */
#define SIGNAL_GROUP_EXIT 0x00000004
#define TASK_COMM_LEN 16
/* include/linux/pid.h */
#define PIDTYPE_TGID 1
#define PIDTYPE_SID 3

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

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

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	int index;
	struct tty_driver *driver;
};

/* Its first member is the sequence number, whatever else there is: include/linux/seqlock_types.h. */
typedef struct {
	unsigned int unused;
} seqlock_t;

struct prev_cputime {
	u64 utime;
	u64 stime;
};

/* CONFIG_TASK_IO_ACCOUNTING; without it there is nothing in it. */
struct task_io_accounting {
	u64 read_bytes;
	u64 write_bytes;
};

struct signal_struct {
	seqlock_t stats_lock; /* of the sums of threads that were released */
	u64 utime;
	u64 stime;
	u64 sum_sched_runtime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long maj_flt;
	struct task_io_accounting ioac; /* and of children that were waited for */
	unsigned long cnvcsw;
	unsigned long cmin_flt;
	unsigned long maxrss; /* pages */
	struct prev_cputime prev_cputime;
	struct list_head thread_head;
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

struct linux_binprm {
	const char *filename;
	const char *interp;
	unsigned int secureexec : 1;
	unsigned int per_clear;
};

/* x86 only. */
struct thread_info {
	u32 status;
	u32 cpu;
};

/* include/trace/events/sched.h */
struct trace_event_raw_sched_process_fork {
	pid_t child_pid;
};

/* CONFIG_SCHED_INFO */
struct sched_info {
	u64 run_delay;
	u64 last_arrival; /* on a CPU, by the scheduler's clock */
};

struct rq {
	u64 clock;
	u64 clock_task;
};

/* CONFIG_FAIR_GROUP_SCHED */
struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	u64 exec_start;
	u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state; /* Linux 5.14 */
	unsigned int flags;
	int on_cpu;
	struct sched_entity se;
	struct sched_info sched_info;
	u64 utime;
	u64 stime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	unsigned long maj_flt;
	struct task_io_accounting ioac;
	struct list_head thread_node;
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
	struct uprobe_task *utask;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
	struct css_set *cgroups;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	kuid_t loginuid;
	struct thread_struct thread;
	char comm[TASK_COMM_LEN];
};

/* Before Linux 5.14. */
struct task_struct___state {
	long state;
};

/* kernel/bpf/task_iter.c */
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

/*
 * A field of what the kernel handed to a tp_btf program, or what that points to: the verifier knows its type
 * and lets it be read at once. Other programs have to ask for a copy, which takes 20 times as long. `direct` is a
 * constant.
 */
#define KERNEL_FIELD(direct, source, field)                                                        \
	((direct) ? (source)->field : BPF_CORE_READ(source, field))

/*
 * The same pointer, of which the verifier knows the type and believes nothing else. From one that it trusts it
 * asks of each pointer that is read whether that can be trusted too, and looks for three names among all types
 * of the kernel to find out that it cannot (btf_nested_type_is_trusted() in kernel/bpf/verifier.c): 12 of the
 * 37 ms that loading lifecycle.bpf.c took. Linux 6.2.
 */
#define UNTRUSTED(type, pointer)                                                                   \
	(bpf_ksym_exists(bpf_rdonly_cast) ? bpf_core_cast(pointer, type) : (pointer))

/* uapi/linux/bpf_perf_event.h needs the architecture's register layout; we only hand the
 * context on to bpf_get_stack. */
struct bpf_perf_event_data;

#endif
