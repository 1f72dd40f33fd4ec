/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Stacks at perf events of any kind, each time that as many have happened as its period says. The event's
 * number is the cookie of what the program is attached to.
 */
#include "../stacks/count_stack.h"
#include "../stacks/wanted.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

static __always_inline int on_perf_event(void *ctx, bool by_tables)
{
	const struct stack_weight weight = {};
	u32 tgid;

	if (wants_process(&tgid) && wants_stack(tgid))
		count_stack(ctx, by_tables, 0, tgid, bpf_get_attach_cookie(ctx), THREAD_RUNNING, &weight);
	return 0;
}

SEC("perf_event")
int count_perf_event(struct bpf_perf_event_data *ctx)
{
	return on_perf_event(ctx, true);
}

SEC("perf_event")
int count_perf_event_by_frame_pointers(struct bpf_perf_event_data *ctx)
{
	return on_perf_event(ctx, false);
}
