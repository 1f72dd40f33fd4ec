/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* CPU samples, at each tick of a perf event: by tables of call frame information, which needs Linux 6.1,
 * or by frame pointers. */
#include "sample.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	on_sample(ctx, true, cpu_event);
	return 0;
}

SEC("perf_event")
int sample_by_frame_pointers(struct bpf_perf_event_data *ctx)
{
	on_sample(ctx, false, cpu_event);
	return 0;
}

/* What the kernel knows a file by that this process has mapped: its own content of unwind_objects. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct object_key);
} identified_object SEC(".maps");

/*
 * Attached to nothing: whoever loads it runs it (BPF_PROG_TEST_RUN) with an address of his own memory, so
 * that tables of files can be there before a program is run. 0 where no file is mapped there.
 */
SEC("raw_tp")
int identify_mapped(struct bpf_raw_tracepoint_args *ctx)
{
	struct object_key *identified = ONLY(identified_object);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct walk *walk = IN_SLOT(walks, 0);

	if (!identified || !walk)
		return 0;
	walk->mm = (u64)BPF_CORE_READ(task, mm);
	walk->kind = MAPPING_NONE;
	walk->address = ctx->args[0];
	find_mapping(walk);
	if (walk->kind == MAPPING_NONE || walk->object.device == OBJECT_IN_MEMORY)
		return 0;
	__builtin_memcpy(identified, &walk->object, sizeof(*identified));
	return 1;
}
