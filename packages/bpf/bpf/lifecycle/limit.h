/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which processes the token bucket lets through: those with both their beginning and their end. */
#ifndef WAGGLE_LIFECYCLE_LIMIT_H
#define WAGGLE_LIFECYCLE_LIMIT_H

#include "../rate_limit.h"

/* Processes whose exec or birth the limit kept back: their end is kept back as well. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u64);
} limited_processes SEC(".maps");

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
	counters->rate_limited[type]++;
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
	counters->rate_limited[RECORD_EXIT]++;
	return false;
}

#endif
