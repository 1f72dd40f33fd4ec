/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How long a function ran, from its entry to its return. A call is known by where its frame is: a thread may
 * change its stack, and a stack its thread. Of a call of the same function inside of it the time is that one's
 * alone, so that the sum over stacks is the time in which any was running.
 */
#ifndef WAGGLE_PROBES_CALLS_H
#define WAGGLE_PROBES_CALLS_H

#include "records.h"
#include <bpf/bpf_helpers.h>

struct call_key {
	u32 tgid;
	u32 event;
	u64 caller_sp;
};

struct call {
	u64 started_ns;
	u64 nested_ns;
	u64 outer_sp; /* of the call of the same function that this one is in; 0: none */
};

/* Calls that never return (longjmp, threads that end) make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct call_key);
	__type(value, struct call);
} calls SEC(".maps");

struct thread_event {
	u32 tid;
	u32 event;
};

/* The innermost call of each thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct thread_event);
	__type(value, u64);
} innermost_calls SEC(".maps");

static __always_inline void begin_call(u32 tgid, u32 event, u64 caller_sp)
{
	struct thread_event thread = { .tid = bpf_get_current_pid_tgid(), .event = event };
	struct call_key key = { .tgid = tgid, .event = event, .caller_sp = caller_sp };
	u64 *outer = bpf_map_lookup_elem(&innermost_calls, &thread);
	/* A call that was left without a return, below us on the stack, is no outer one. */
	struct call call = { .outer_sp = outer && *outer > caller_sp ? *outer : 0 };

	bpf_map_update_elem(&innermost_calls, &thread, &caller_sp, BPF_ANY);
	call.started_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&calls, &key, &call, BPF_ANY);
}

/* False where its beginning was not seen. `own_ns` is without calls of the same function. */
static __always_inline bool end_call(u32 tgid, u32 event, u64 caller_sp, u64 now, u64 *all_ns, u64 *own_ns)
{
	struct thread_event thread = { .tid = bpf_get_current_pid_tgid(), .event = event };
	struct call_key key = { .tgid = tgid, .event = event, .caller_sp = caller_sp };
	struct call *call = bpf_map_lookup_elem(&calls, &key);
	struct call *outer;
	u64 outer_sp;

	if (!call)
		return false;
	*all_ns = now - call->started_ns;
	*own_ns = *all_ns > call->nested_ns ? *all_ns - call->nested_ns : 0;
	outer_sp = call->outer_sp;
	bpf_map_delete_elem(&calls, &key);
	if (!outer_sp) {
		bpf_map_delete_elem(&innermost_calls, &thread);
		return true;
	}
	bpf_map_update_elem(&innermost_calls, &thread, &outer_sp, BPF_ANY);
	key.caller_sp = outer_sp;
	outer = bpf_map_lookup_elem(&calls, &key);
	if (outer)
		outer->nested_ns += *all_ns;
	return true;
}

#endif
