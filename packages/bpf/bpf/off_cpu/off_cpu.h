/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Time off the CPU, by stack: from the switch that takes a thread away to the one that brings it back. Its
 * stack is taken when it is back, in its own context, when it is known how long it was away: it still
 * stands where it slept. How much of it the thread waited for a CPU the scheduler itself has counted
 * (sched_info, as /proc/PID/schedstat shows it).
 *
 * What that costs is bounded (docs/adr/0015-off-cpu.md). A long absence always has its stack. Shorter ones have
 * theirs as long as that takes no more of a CPU than some; beyond that they are added up for each thread,
 * and one stack stands for about a millisecond of them: the longer an absence, the more likely its own.
 */
#ifndef WAGGLE_OFF_CPU_H
#define WAGGLE_OFF_CPU_H

#include "scheduler_clock.h"

/* Absences as long as this always have their stack. */
const volatile u64 always_ns = 1000000;
/* Shorter ones are left out. */
const volatile u64 min_block_ns = 0;

/* Stacks of short absences may take so much of a CPU in a window: a quarter of a per cent for those that come
 * first, and as much again for those that stand for many. The time that is seen is half of what they cost: they
 * take the caches from whoever runs next. */
#define WINDOW_NS 10000000ULL
#define SHARE_NS (WINDOW_NS / 400)

/* Whether there is time for a stack in the window that begins with the first one. */
static __always_inline bool has_time(struct cpu_times *cpu, u64 now, u64 share)
{
	if (now - cpu->window_start > WINDOW_NS) {
		cpu->window_start = now;
		cpu->window_spent = 0;
	}
	return cpu->window_spent < share;
}

/* Threads do the same over and over: the next stack is not to be at the same place. */
static __always_inline u64 time_for_next_stack(void)
{
	return TIME_FOR_A_STACK_NS / 2 + (bpf_get_prandom_u32() & (TIME_FOR_A_STACK_NS - 1));
}

/* What is not wanted of it is taken out. */
static __always_inline void only_wanted(u32 state, struct stack_weight *weight)
{
	if (!(wanted_states & 1 << state))
		weight->of_event = 0;
	if (!(wanted_states & 1 << THREAD_RUNNABLE))
		weight->runnable = 0;
}

/* The current thread was away for so long; of a thread that slept, `waited` it was runnable. */
static __always_inline void count_absence(void *ctx, bool by_tables, struct cpu_times *cpu,
					  struct thread_times *times, u32 state, u64 away, u64 waited, u64 now)
{
	struct off_cpu_counters *counters = &cpu->counters;
	struct off_cpu_settings *settings;
	struct stack_weight weight = {};
	u64 due, began;

	state &= THREAD_STATES - 1;
	if (!passes_stack_filter(times->tgid))
		return;
	if (away < min_block_ns) {
		counters->left_out++;
		counters->left_out_ns += away;
		return;
	}
	weight.of_event = state == THREAD_RUNNABLE ? away : away - waited;
	weight.runnable = state == THREAD_RUNNABLE ? 0 : waited;
	weight.number = times->waker;
	weight.is_new = times->is_new;
	only_wanted(state, &weight);
	if (!weight.of_event && !weight.runnable)
		return;
	if (away >= always_ns || times->ends || has_time(cpu, now, SHARE_NS)) {
		counters->whole++;
		counters->whole_ns += weight.of_event + weight.runnable;
	} else {
		counters->summed++;
		counters->summed_ns += weight.of_event + weight.runnable;
		times->unseen[state] += weight.of_event;
		times->unseen[THREAD_RUNNABLE] += weight.runnable;
		due = times->unseen[state] + (state == THREAD_RUNNABLE ? 0 : times->unseen[THREAD_RUNNABLE]);
		if (due < times->next_stack_ns)
			return;
		if (!has_time(cpu, now, 2 * SHARE_NS)) {
			/* Not the next that comes when there is time: a short one would be as likely as a long one. */
			times->next_stack_ns = due + time_for_next_stack();
			return;
		}
		weight.of_event = times->unseen[state];
		weight.runnable = state == THREAD_RUNNABLE ? 0 : times->unseen[THREAD_RUNNABLE];
		times->unseen[state] = 0;
		times->unseen[THREAD_RUNNABLE] = 0;
		times->next_stack_ns = time_for_next_stack();
		counters->stacks_for_sums++;
	}
	settings = ONLY(off_cpu_settings);
	if (!settings)
		return;
	began = bpf_ktime_get_ns();
	if (!count_stack(ctx, by_tables, SLOT_OF_SWITCHES, tgid_of((void *)bpf_get_current_task()),
			 settings->event, state, &weight)) {
		/* It is lost, its time is not. */
		times->unseen[state] += weight.of_event;
		times->unseen[THREAD_RUNNABLE] += weight.runnable;
	}
	if (away < always_ns)
		cpu->window_spent += bpf_ktime_get_ns() - began;
}

#endif
