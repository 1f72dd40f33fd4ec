/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The token bucket: how many events of a kind are reported in a second. */
#ifndef WAGGLE_RATE_LIMIT_H
#define WAGGLE_RATE_LIMIT_H

#include "filter.h"

/* The generic cell rate algorithm (ITU-T I.371): when the next event would be due. Not guarded:
 * each CPU that races may let one event more through, and none ever waits. */
struct rate_bucket {
	u64 due_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORD_TYPES);
	__type(key, u32);
	__type(value, struct rate_bucket);
} rate_buckets SEC(".maps");

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

#endif
