/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Whether the current thread's stacks are counted now: for programs that run whatever the thread is.
 * wants_process() is about all of its process, wants_stack() about this one.
 */
#ifndef WAGGLE_WANTED_H
#define WAGGLE_WANTED_H

#include "../filter.h"
#include "stack_filter.h"

/* Says whose it is, too. CPUs that have nothing to do have no process. */
static __always_inline bool wants_process(u32 *tgid)
{
	struct stack_settings *wanted = ONLY(stack_settings);
	struct filter_settings *filter = ONLY(filter_settings);
	struct sample_counters *counters = ONLY(sample_counters);

	if (!wanted || !filter || !counters || !(wanted->flags & STACKS_WANTED))
		return false;
	if (!(u32)(bpf_get_current_pid_tgid() >> 32))
		return false;
	if (wanted->until_ns && boottime_now() > wanted->until_ns)
		return false;
	*tgid = tgid_of((void *)bpf_get_current_task());
	if (pid_namespace && !*tgid) {
		counters->foreign++;
		return false;
	}
	if (!passes_filter(filter, *tgid)) {
		counters->filtered++;
		return false;
	}
	return true;
}

/* @tgid as wants_process() says it */
static __always_inline bool wants_stack(u32 tgid)
{
	struct sample_counters *counters = ONLY(sample_counters);

	if (passes_stack_filter(tgid))
		return true;
	if (counters)
		counters->filtered++;
	return false;
}

#endif
