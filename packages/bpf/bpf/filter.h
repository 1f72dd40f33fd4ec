/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which processes are reported: the tracked set, its descendants, and cgroups. */
#ifndef WAGGLE_FILTER_H
#define WAGGLE_FILTER_H

#include "followed.h"
#include "maps.h"

static __always_inline u32 tracked_state_of(u32 tgid)
{
	struct tracked_process *tracked = bpf_map_lookup_elem(&tracked_processes, &tgid);

	return tracked ? tracked->state : 0;
}

/* The current task's process, in the filter's eyes. */
static __always_inline bool passes_filter(const struct filter_settings *settings, u32 tgid)
{
	if ((settings->flags & FILTER_PROCESSES) && tracked_state_of(tgid) != TRACKED_ACTIVE)
		return false;
	if ((settings->flags & FILTER_CGROUPS) && !under_followed_cgroup())
		return false;
	return true;
}

static __always_inline void track(u32 tgid, u32 state)
{
	struct tracked_process value = { .state = state };

	if (bpf_map_update_elem(&tracked_processes, &tgid, &value, BPF_ANY)) {
		struct event_counters *counters = ONLY(event_counters);

		if (counters)
			counters->tracking_overflow++;
	}
}

static __always_inline void track_child(u32 parent, u32 child)
{
	u32 state = tracked_state_of(parent);

	if (state == TRACKED_LAUNCHER)
		track(child, TRACKED_PENDING_EXEC);
	else if (state)
		track(child, state);
}

static __always_inline void track_exec(u32 tgid)
{
	if (tracked_state_of(tgid) == TRACKED_PENDING_EXEC)
		track(tgid, TRACKED_ACTIVE);
}

#endif
