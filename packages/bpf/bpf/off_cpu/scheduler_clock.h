/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * When the current thread came to its CPU, without asking a clock: the scheduler has read its own for that, and
 * noted it. It runs as CLOCK_MONOTONIC does but for what NTP corrects, from another beginning, which may be
 * another one on each CPU: so the distance is measured there, once a second.
 */
#ifndef WAGGLE_SCHEDULER_CLOCK_H
#define WAGGLE_SCHEDULER_CLOCK_H

#include "thread_times.h"

#define CLOCK_CHECK_NS 1000000000ULL
/* An interrupt between the switch and us makes the distance too large: the least of so many counts. */
#define CLOCK_LOOKS 8

static __always_inline void look_at_clock(struct cpu_times *cpu, u64 arrival)
{
	u64 offset = bpf_ktime_get_ns() - arrival;

	/* Offsets wrap: the scheduler's clock may be ahead. */
	if (!cpu->clock_looks || (s64)(offset - cpu->clock_least) < 0)
		cpu->clock_least = offset;
	if (!cpu->clock_checked)
		cpu->clock_offset = offset;
	if (++cpu->clock_looks < CLOCK_LOOKS)
		return;
	cpu->clock_offset = cpu->clock_least;
	cpu->clock_looks = 0;
	cpu->clock_checked = arrival;
}

/* On CLOCK_MONOTONIC. */
static __always_inline u64 arrival_of(struct cpu_times *cpu, struct task_struct *task)
{
	u64 arrival = task->sched_info.last_arrival;

	/* It has none of who has nothing to do. */
	if (!task->pid)
		return bpf_ktime_get_ns();
	if (arrival - cpu->clock_checked > CLOCK_CHECK_NS)
		look_at_clock(cpu, arrival);
	return arrival + cpu->clock_offset;
}

#endif
