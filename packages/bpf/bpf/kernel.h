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

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef int pid_t;

/* include/linux/sched/signal.h: the whole group is exiting, group_exit_code is valid. */
#define SIGNAL_GROUP_EXIT 0x00000004
#define TASK_COMM_LEN 16

/* Only for its relocated values: configuration decides them. */
enum cgroup_subsys_id {
	memory_cgrp_id = 4,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

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

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
};

struct kernfs_node {
	u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
};

struct linux_binprm {
	const char *filename;
};

struct task_struct {
	pid_t pid;
	pid_t tgid;
	u64 self_exec_id;
	u64 start_boottime;
	int exit_code;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct pid *thread_pid;
	struct css_set *cgroups;
	char comm[TASK_COMM_LEN];
};

#pragma clang attribute pop

/* uapi/linux/bpf_perf_event.h needs the architecture's register layout; we only hand the
 * context on to bpf_get_stack. */
struct bpf_perf_event_data;

#endif
