/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* At each tick of a perf event: whose stack is counted, and whether there is time for it. */
#ifndef WAGGLE_SAMPLE_H
#define WAGGLE_SAMPLE_H

#include "../stacks/count_stack.h"

const volatile bool sample_idle = false;
/* The number of what is counted at each tick: the first, as a rule. */
const volatile u32 cpu_event = 0;

/* What sampling has cost a CPU in the current window: see within_budget(). */
struct sample_budget {
	u64 window_start_ns;
	u64 spent_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_budget);
} sample_budgets SEC(".maps");

/*
 * Above some rate the samples of a CPU would take all of it, and nobody would be left to take them in,
 * or to end the recording when its time is up. As the kernel does it for hardware events
 * (kernel.perf_cpu_time_max_percent), no more are taken in a window once they have had their share.
 */
#define BUDGET_WINDOW_NS 100000000ULL
#define BUDGET_NS (BUDGET_WINDOW_NS / 2)

static __always_inline bool within_budget(struct sample_budget *budget, u64 now)
{
	if (now - budget->window_start_ns > BUDGET_WINDOW_NS) {
		budget->window_start_ns = now;
		budget->spent_ns = 0;
	}
	return budget->spent_ns < BUDGET_NS;
}

/* @by_tables as count_stack() has it */
static __always_inline void on_sample(void *ctx, bool by_tables, u32 event)
{
	struct filter_settings *settings = ONLY(filter_settings);
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_budget *budget = ONLY(sample_budgets);
	const struct stack_weight weight = {};
	u64 started = bpf_ktime_get_ns();
	bool idle;
	u32 tgid;

	if (!settings || !counters || !budget)
		return;
	idle = !(u32)(bpf_get_current_pid_tgid() >> 32);
	if (idle && !sample_idle) {
		counters->idle++;
		return;
	}
	tgid = tgid_of((void *)bpf_get_current_task());
	if (pid_namespace && !tgid && !idle) {
		counters->foreign++;
		return;
	}
	if (!passes_filter(settings, tgid) || !passes_stack_filter(tgid)) {
		counters->filtered++;
		return;
	}
	if (!within_budget(budget, started)) {
		counters->throttled++;
		return;
	}
	count_stack(ctx, by_tables, 0, tgid, event, THREAD_RUNNING, &weight);
	budget->spent_ns += bpf_ktime_get_ns() - started;
}

#endif
