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

/* Stacks of short absences may take so much of a CPU in a window: an eighth of a per cent for those that come
 * first, and as much again for those that stand for many. The time that is seen is half of what they cost: they
 * take the caches from whoever runs next. */
#define WINDOW_NS 10000000ULL
#define SHARE_NS (WINDOW_NS / 800)
/* One stack takes a window's share or more, so what is over it is the next windows' debt: of so many at most,
 * since an interrupt may have been in between. */
#define MAX_WINDOWS_OF_DEBT 8

/* Whether there is time for a stack in the window that begins with the first one. */
static __always_inline bool has_time(struct cpu_times *cpu, u64 now, u64 share)
{
	u64 windows, paid;

	if (now - cpu->window_start > WINDOW_NS) {
		windows = (now - cpu->window_start) / WINDOW_NS;
		paid = windows < MAX_WINDOWS_OF_DEBT ? windows * 2 * SHARE_NS : cpu->window_spent;
		cpu->window_start = now;
		cpu->window_spent = since(paid, cpu->window_spent);
	}
	return cpu->window_spent < share;
}

/* Threads do the same over and over: the next stack is not to be at the same place. */
static __always_inline u64 time_for_next_stack(void)
{
	return TIME_FOR_A_STACK_NS / 2 + (bpf_get_prandom_u32() & (TIME_FOR_A_STACK_NS - 1));
}

/* Counts the absence with its stack, in so far as it has one. @is_short that the stack is of the window's share */
static __always_inline void count_with_stack(void *ctx, bool by_tables, struct cpu_times *cpu,
					     struct thread_times *times, u32 state, u64 of_event, u64 runnable,
					     bool is_short)
{
	struct off_cpu_settings *settings = ONLY(off_cpu_settings);
	struct stack_weight weight = {};
	u64 began;

	if (!settings)
		return;
	weight.of_event = of_event;
	weight.runnable = runnable;
	weight.number = times->waker;
	weight.is_new = times->is_new;
	began = bpf_ktime_get_ns();
	if (!count_stack(ctx, by_tables, SLOT_OF_SWITCHES, tgid_of((void *)bpf_get_current_task()),
			 settings->event, state, &weight)) {
		/* It is lost, its time is not. */
		times->unseen[state] += of_event;
		times->unseen[THREAD_RUNNABLE] += runnable;
	}
	if (is_short)
		cpu->window_spent += bpf_ktime_get_ns() - began;
}

/*
 * The current thread was away for so long; of a thread that slept, `waited` it was runnable. In a storm of switches
 * nearly all come to the first return below has_time(): what is behind that is built there and not before.
 */
static __always_inline void count_absence(void *ctx, bool by_tables, const struct stack_settings *stacks,
					  struct cpu_times *cpu, struct thread_times *times, u32 state, u64 away,
					  u64 waited, u64 now)
{
	struct off_cpu_counters *counters = &cpu->counters;
	u64 of_event = away, runnable = 0, due;

	state &= THREAD_STATES - 1;
	if (!passes_given_filter(stacks, times->tgid))
		return;
	if (away < min_block_ns) {
		counters->left_out++;
		counters->left_out_ns += away;
		return;
	}
	if (state != THREAD_RUNNABLE) {
		of_event = away - waited;
		runnable = waited;
	}
	if (!(wanted_states & 1 << state))
		of_event = 0;
	if (!(wanted_states & 1 << THREAD_RUNNABLE))
		runnable = 0;
	if (!(of_event | runnable))
		return;
	if (away >= always_ns || times->ends || has_time(cpu, now, SHARE_NS)) {
		counters->whole++;
		counters->whole_ns += of_event + runnable;
	} else {
		counters->summed++;
		counters->summed_ns += of_event + runnable;
		due = times->unseen[state] += of_event;
		if (state != THREAD_RUNNABLE)
			due += times->unseen[THREAD_RUNNABLE] += runnable;
		if (due < times->next_stack_ns)
			return;
		if (!has_time(cpu, now, 2 * SHARE_NS)) {
			/* Not the next that comes when there is time: a short one would be as likely as a long one. */
			times->next_stack_ns = due + time_for_next_stack();
			return;
		}
		of_event = times->unseen[state];
		runnable = state == THREAD_RUNNABLE ? 0 : times->unseen[THREAD_RUNNABLE];
		times->unseen[state] = 0;
		times->unseen[THREAD_RUNNABLE] = 0;
		times->next_stack_ns = time_for_next_stack();
		counters->stacks_for_sums++;
	}
	count_with_stack(ctx, by_tables, cpu, times, state, of_event, runnable, away < always_ns);
}

#endif
