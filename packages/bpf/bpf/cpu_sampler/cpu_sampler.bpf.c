/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* CPU samples, at each tick of a perf event: by tables of call frame information, which needs Linux 6.1,
 * or by frame pointers. */
#include "sample.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	on_sample(ctx, true);
	return 0;
}

SEC("perf_event")
int sample_by_frame_pointers(struct bpf_perf_event_data *ctx)
{
	on_sample(ctx, false);
	return 0;
}

RING_RECORD(deferred_samples, deferred_sample);
EXPORT_ENUM(stack_bounds);
EXPORT_ENUM(unwind_stop);
EXPORT_ENUM(unwind_bounds);
EXPORT_ENUM(deferred_bounds);
EXPORT_ENUM(object_devices);
EXPORT_ENUM(table_presence);
