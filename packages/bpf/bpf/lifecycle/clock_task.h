/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How long the current task has run since the scheduler last added to its time. The scheduler does that at
 * ticks and when tasks come and go, so that a process which lives for less than a tick would have used
 * nothing. Its clock (rq->clock) is not to be read from here, but it stands at its last update, beside
 * CLOCK_MONOTONIC: the difference is largest right after an update. The largest of the last second or two
 * is what the clock is ahead now, a little less at most; both are the same counter of the CPU, and drift
 * apart by microseconds in that time.
 */
#ifndef WAGGLE_CLOCK_TASK_H
#define WAGGLE_CLOCK_TASK_H

#include "../kernel.h"
#include "../skeleton.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define CLOCK_WINDOW_NS 1000000000ull

struct clock_lead {
	s64 newest; /* rq->clock - CLOCK_MONOTONIC: largest of this window */
	s64 before; /* and of the one before */
	u64 until;  /* end of this window, on CLOCK_MONOTONIC */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct clock_lead);
} clock_leads SEC(".maps");

/* NULL where tasks do not lead to their run queue: without CONFIG_FAIR_GROUP_SCHED. */
static __always_inline struct rq *run_queue_of(struct task_struct *task, const bool direct)
{
	struct cfs_rq *queue;

	if (!bpf_core_field_exists(task->se.cfs_rq) || !bpf_core_field_exists(struct cfs_rq, rq))
		return NULL;
	queue = KERNEL_FIELD(direct, task, se.cfs_rq);
	return KERNEL_FIELD(direct, queue, rq);
}

/* How old the last update of this CPU's clock is, ns. */
static __always_inline u64 clock_age(struct rq *rq, const bool direct)
{
	struct clock_lead *lead = ONLY(clock_leads);
	u64 now = bpf_ktime_get_ns();
	s64 ahead = KERNEL_FIELD(direct, rq, clock) - now, most;

	if (!lead)
		return 0;
	if (now >= lead->until) {
		lead->before = now < lead->until + CLOCK_WINDOW_NS ? lead->newest : ahead;
		lead->newest = ahead;
		lead->until = now + CLOCK_WINDOW_NS;
	} else if (ahead > lead->newest) {
		lead->newest = ahead;
	}
	most = lead->before > lead->newest ? lead->before : lead->newest;
	return most - ahead;
}

/* A moment soon after a task was put on the CPU: what is seen now makes the next running_for() exact. */
static __always_inline void look_at_clock(struct task_struct *task, const bool direct)
{
	struct rq *rq = run_queue_of(task, direct);

	if (rq)
		clock_age(rq, direct);
}

static __always_inline u64 running_for(struct task_struct *task, const bool direct)
{
	struct rq *rq = run_queue_of(task, direct);
	u64 clock, start;

	if (!rq)
		return 0;
	/* Without the time that interrupts and the hypervisor took. */
	clock = KERNEL_FIELD(direct, rq, clock_task) + clock_age(rq, direct);
	start = KERNEL_FIELD(direct, task, se.exec_start);
	return clock > start ? clock - start : 0;
}

#endif
