/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The token bucket: how many forks and execs a second are reported. */
#ifndef WAGGLE_LIMIT_H
#define WAGGLE_LIMIT_H

#include "maps.h"

static __always_inline bool within_limit(const struct filter_settings *settings, u32 type)
{
	struct rate_bucket *bucket = bpf_map_lookup_elem(&rate_buckets, &type);
	u64 now = bpf_ktime_get_ns();
	u64 due;

	if (!bucket)
		return true;
	due = bucket->due_ns > now ? bucket->due_ns : now;
	if (due - now > settings->limit_burst_ns)
		return false;
	bucket->due_ns = due + settings->limit_interval_ns;
	return true;
}

/* Whether the birth or exec of a process is reported. An exec decides anew. */
static __always_inline bool limit_start(const struct filter_settings *settings,
					struct event_counters *counters, u32 type, u32 tgid,
					u64 start_boottime)
{
	if (!settings->limit_interval_ns)
		return true;
	if (within_limit(settings, type)) {
		if (type == RECORD_EXEC)
			bpf_map_delete_elem(&limited_processes, &tgid);
		return true;
	}
	bpf_map_update_elem(&limited_processes, &tgid, &start_boottime, BPF_ANY);
	counters->limited[type]++;
	return false;
}

/* Whether the end of a process is reported: if its beginning was. */
static __always_inline bool limit_end(const struct filter_settings *settings,
				      struct event_counters *counters, u32 tgid, u64 start_boottime)
{
	u64 *limited;

	if (!settings->limit_interval_ns)
		return true;
	limited = bpf_map_lookup_elem(&limited_processes, &tgid);
	if (!limited || *limited != start_boottime)
		return true;
	bpf_map_delete_elem(&limited_processes, &tgid);
	counters->limited[RECORD_EXIT]++;
	return false;
}

#endif
