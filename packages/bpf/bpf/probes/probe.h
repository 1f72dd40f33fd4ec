/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* At each hit of a probe: whose stack is counted, and what it weighs. */
#ifndef WAGGLE_PROBE_H
#define WAGGLE_PROBE_H

#include "../stacks/count_stack.h"
#include "../stacks/slots.h"
#include "../stacks/wanted.h"
#include "arguments.h"
#include "calls.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROBE_EVENTS_MAX);
	__type(key, u32);
	__type(value, struct probe_event);
} probe_events SEC(".maps");

/* The first is that of places without one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct probe_argument);
} probe_arguments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_EVENTS_MAX);
	__type(key, u32);
	__type(value, struct probe_counters);
} probe_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_EVENTS_MAX);
	__type(key, u32);
	__type(value, struct latency_counts);
} latencies SEC(".maps");

/* Stacks that an event had in the current window of a CPU. */
struct probe_window {
	u64 start_ns;
	u64 stacks;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_EVENTS_MAX);
	__type(key, u32);
	__type(value, struct probe_window);
} probe_windows SEC(".maps");

#define WINDOW_NS 100000000ULL

static __always_inline bool within_rate(const struct probe_event *event, u32 index, u64 now)
{
	struct probe_window *window;

	if (!event->max_rate)
		return true;
	window = bpf_map_lookup_elem(&probe_windows, &index);
	if (!window)
		return false;
	if (now - window->start_ns > WINDOW_NS) {
		window->start_ns = now;
		window->stacks = 0;
	}
	return window->stacks++ < event->max_rate;
}

/* How much a register, a word of memory or a constant is, as a number of 64 bits. */
static __always_inline s64 value_of(struct walk *walk, const struct probe_argument *argument)
{
	u64 value = walk->registers[argument->base & (UNWIND_REGISTERS - 1)];
	u32 unused = 64 - 8 * argument->bytes;

	switch (argument->operand) {
	case OPERAND_CONSTANT:
		return argument->displacement;
	case OPERAND_REGISTER:
		value >>= argument->shift & 63;
		break;
	case OPERAND_MEMORY:
		value += argument->displacement;
		value += walk->registers[argument->index & (UNWIND_REGISTERS - 1)] * argument->scale;
		if (bpf_probe_read_user(&value, sizeof(value), (const void *)value))
			return 0;
		break;
	default:
		return 0;
	}
	value <<= unused & 63;
	return argument->is_signed ? (s64)value >> (unused & 63) : (s64)(value >> (unused & 63));
}

/* Counted, without a look at its stack. */
static __always_inline void count_without_stack(u32 slot, u32 tgid, u32 event, const struct stack_weight *weight)
{
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	if (!counters || !key)
		return;
	identify_owner(key, task, leader, tgid);
	key->event = event;
	key->state = THREAD_RUNNING;
	clear_frames(key);
	key->user_depth = key->kernel_depth = 0;
	key->user_stop = STOP_NOT_TAKEN;
	count_key(key, counters, leader, weight);
}

static __always_inline void note_latency(u32 index, u64 ns)
{
	struct latency_counts *counts = bpf_map_lookup_elem(&latencies, &index);
	u32 bits = 0;

	if (!counts)
		return;
	for (u32 step = 32; step; step >>= 1)
		if (ns >> step) {
			bits += step;
			ns >>= step;
		}
	counts->of[bits & (PROBE_LATENCY_BITS - 1)]++;
}

enum probe_moment {
	AT_PLACE,  /* anywhere in a function */
	AT_RETURN, /* behind it: registers are the caller's again */
};

/*
 * @regs of who hit it: the user's, or the kernel's
 * @callee where the function begins that has returned; 0 where that is not known
 */
static __always_inline int on_probe(void *ctx, struct pt_regs *regs, bool by_tables, u32 moment, u64 callee)
{
	u64 cookie = bpf_get_attach_cookie(ctx);
	u32 index = cookie & ((1 << PROBE_ARGUMENT_SHIFT) - 1);
	u32 argument_index = cookie >> PROBE_ARGUMENT_SHIFT;
	struct probe_counters *counters = bpf_map_lookup_elem(&probe_counters, &index);
	struct probe_event *event = bpf_map_lookup_elem(&probe_events, &index);
	u64 started = bpf_ktime_get_ns(), all_ns = 0;
	struct stack_weight weight = {};
	u64 *taken = ONLY(taken_slots);
	struct walk *walk;
	bool has_begun = true;
	u32 slot, tgid;

	if (!counters || !event || !taken || !wants_process(&tgid))
		return 0;
	/* Calls are followed wherever they begin: where they return decides. */
	if (event->flags & PROBE_WEIGHS_DURATION) {
		u64 sp = STACK_POINTER(regs);

		if (moment == AT_PLACE) {
			begin_call(tgid, index, sp + RETURN_ADDRESS_BYTES);
			return 0;
		}
		has_begun = end_call(tgid, index, sp, started, &all_ns, &weight.of_event);
	}
	if (!wants_stack(tgid))
		return 0;
	if (!has_begun) {
		counters->unmatched++;
		return 0;
	}
	if (event->flags & PROBE_WEIGHS_DURATION)
		note_latency(index, all_ns);
	counters->hits++;
	slot = take_slot(taken);
	walk = IN_SLOT(walks, slot);
	if (slot >= NO_SLOT || !walk) {
		counters->no_slot++;
		return 0;
	}
	if (event->flags & PROBE_WEIGHS_ARGUMENT) {
		struct probe_argument *argument = bpf_map_lookup_elem(&probe_arguments, &argument_index);
		s64 value = argument && read_registers(walk, regs) ? value_of(walk, argument) : 0;

		if (value < 0)
			counters->negative++;
		else
			weight.of_event = value;
	}
	walk->returned_from = callee;
	if (within_rate(event, index, started)) {
		count_stack(ctx, by_tables, slot, tgid, event->number, THREAD_RUNNING, &weight);
	} else {
		counters->without_stack++;
		count_without_stack(slot, tgid, event->number, &weight);
	}
	__sync_fetch_and_and(taken, ~(1ULL << slot));
	counters->spent_ns += bpf_ktime_get_ns() - started;
	return 0;
}

EXPORT_ENUM(probe_bounds);
EXPORT_ENUM(probe_flags);
EXPORT_ENUM(probe_operand);

#endif
