/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Pids and times as this process's own namespaces show them, so that they agree with its /proc, its
 * clocks and its perf events. The kernel's own are those of the initial namespaces; there nothing is
 * translated, and nothing of this is in the loaded program.
 */
#ifndef WAGGLE_NAMESPACES_H
#define WAGGLE_NAMESPACES_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Inode number of the PID namespace; 0 for the initial one. */
const volatile u32 pid_namespace = 0;
/* What the time namespace adds to CLOCK_BOOTTIME: time_namespaces(7). */
const volatile u64 boottime_offset = 0;

/* MAX_PID_NS_LEVEL of kernel/pid_namespace.c */
#define PID_NAMESPACE_LEVELS 32

static __always_inline struct upid *pid_at_level(struct pid *pid, u32 level)
{
	return (void *)pid + bpf_core_field_offset(pid->numbers) +
	       level * bpf_core_type_size(struct upid);
}

/* The number of a pid in our namespace; 0 for who is not in it, as getppid(2) has it. */
static __noinline u32 number_in_namespace(struct pid *pid)
{
	u32 level = BPF_CORE_READ(pid, level);

	for (u32 i = 1; i <= PID_NAMESPACE_LEVELS; i++) {
		struct upid *upid;

		if (i > level)
			break;
		upid = pid_at_level(pid, i);
		if (BPF_CORE_READ(upid, ns, ns.inum) == pid_namespace)
			return BPF_CORE_READ(upid, nr);
	}
	return 0;
}

static __always_inline u32 tgid_of(struct task_struct *task)
{
	if (!pid_namespace)
		return BPF_CORE_READ(task, tgid);
	return number_in_namespace(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]));
}

static __always_inline u32 tid_of(struct task_struct *task)
{
	if (!pid_namespace)
		return BPF_CORE_READ(task, pid);
	return number_in_namespace(BPF_CORE_READ(task, thread_pid));
}

static __always_inline u32 session_id_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);

	return pid_namespace ? number_in_namespace(pid) : BPF_CORE_READ(pid, numbers[0].nr);
}

/* Inode of the PID namespace the task lives in; nsproxy only has the one of its children. */
static __always_inline u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);

	if (level > PID_NAMESPACE_LEVELS)
		return 0;
	return BPF_CORE_READ(pid_at_level(pid, level), ns, ns.inum);
}

/* On CLOCK_BOOTTIME, as the times below. */
static __always_inline u64 boottime_now(void)
{
	return bpf_ktime_get_boot_ns() + boottime_offset;
}

/* When the process of this thread group leader began. */
static __always_inline u64 start_time_of(struct task_struct *leader)
{
	return BPF_CORE_READ(leader, start_boottime) + boottime_offset;
}

#endif
