/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Stacks at functions, USDT probes and tracepoints. What is counted at a place, and where an argument is
 * there, is in the cookie of what the program is attached to. Sections name no hook: places are chosen when
 * it runs. Those with `multi` take many places by one link (user functions: Linux 6.6; the kernel's: 5.18).
 */
#include "probe.h"
#include "callee.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define PROBES(section, name, moment, callee)                                                      \
	SEC(section)                                                                               \
	int name(struct pt_regs *ctx)                                                              \
	{                                                                                          \
		return on_probe(ctx, ctx, true, moment, callee);                                   \
	}                                                                                          \
	SEC(section)                                                                               \
	int name##_by_frame_pointers(struct pt_regs *ctx)                                          \
	{                                                                                          \
		return on_probe(ctx, ctx, false, moment, callee);                                  \
	}

PROBES("uprobe.multi", user_places, AT_PLACE, 0)
PROBES("uretprobe.multi", user_returns, AT_RETURN, callee_of(ctx))
PROBES("uprobe", user_place, AT_PLACE, 0)
PROBES("uretprobe", user_return, AT_RETURN, callee_of(ctx))
PROBES("kprobe.multi", kernel_places, AT_PLACE, 0)
PROBES("kretprobe.multi", kernel_returns, AT_RETURN, 0)
PROBES("kprobe", kernel_place, AT_PLACE, 0)
PROBES("kretprobe", kernel_return, AT_RETURN, 0)

/* Tracepoints have no registers to read arguments from. */
#define TRACEPOINTS(section, name)                                                                 \
	SEC(section)                                                                               \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		return on_probe(ctx, NULL, true, AT_PLACE, 0);                                     \
	}                                                                                          \
	SEC(section)                                                                               \
	int name##_by_frame_pointers(void *ctx)                                                    \
	{                                                                                          \
		return on_probe(ctx, NULL, false, AT_PLACE, 0);                                    \
	}

/* By its name alone, with a cookie since Linux 6.10. */
TRACEPOINTS("raw_tp", tracepoint_by_name)
/* An event of tracefs. */
TRACEPOINTS("tracepoint", tracepoint_event)
