/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Memory that was allocated and not freed, by the stack that allocated it. Each allocation is known by its address,
 * with its size and the number of its stack (stacks/numbered.h); what is not freed is a sum for each number,
 * which userspace reads when it likes. The cookie of what a program is attached to says which function it is.
 */
#define NUMBERED_STACKS BPF_MAP_TYPE_HASH
#include "../stacks/numbered.h"
#include "../probes/arguments.h"
#include "../probes/callee.h"
#include "../stacks/slots.h"
#include "../stacks/wanted.h"
#include "records.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HEAP_FUNCTIONS_MAX);
	__type(key, u32);
	__type(value, struct heap_function);
} heap_functions SEC(".maps");

struct allocation_key {
	u64 address;
	u32 tgid;
	u32 reserved;
};

struct allocation {
	u64 size;
	u32 number; /* of the stack */
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct allocation_key);
	__type(value, struct allocation);
} allocations SEC(".maps");

/* By the number of the stack; the first is for stacks without one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct heap_sum);
} heap_sums SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct heap_sum);
} heap_total SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct heap_counters);
} heap_counters SEC(".maps");

/* A call that has not returned, by where its frame is. */
struct heap_call_key {
	u32 tid;
	u32 function;
	u64 caller_sp;
};

struct heap_call {
	u64 size;
	u64 pointer; /* where the address is written to; 0: it is returned */
	u64 freed;   /* address of what it frees if it succeeds */
	struct allocation was; /* which has been taken out */
};

/* Those that never return (longjmp, threads that end) make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct heap_call_key);
	__type(value, struct heap_call);
} calls SEC(".maps");

static __always_inline void add_to(struct heap_sum *sum, s64 bytes, s64 blocks)
{
	if (!sum)
		return;
	__sync_fetch_and_add(&sum->bytes, bytes);
	__sync_fetch_and_add(&sum->blocks, blocks);
}

static __always_inline void add_to_sums(u32 number, s64 bytes, s64 blocks)
{
	add_to(bpf_map_lookup_elem(&heap_sums, &number), bytes, blocks);
	add_to(ONLY(heap_total), bytes, blocks);
}

/* False where it is not known. */
static __always_inline bool take_out(u32 tgid, u64 address, struct allocation *was)
{
	struct allocation_key key = { .address = address, .tgid = tgid };
	struct allocation *known = bpf_map_lookup_elem(&allocations, &key);

	if (!known)
		return false;
	*was = *known;
	/* Two threads that free the same: one of them has it. */
	if (bpf_map_delete_elem(&allocations, &key))
		return false;
	add_to_sums(was->number, -(s64)was->size, -1);
	return true;
}

static __noinline void put_in(u32 tgid, u64 address, const struct allocation *allocation,
			      struct heap_counters *counters)
{
	struct allocation_key key = { .address = address, .tgid = tgid };
	struct allocation was = {};

	/* Nobody has seen that it was freed; or one function allocates by another, and both are followed. */
	take_out(tgid, address, &was);
	if (bpf_map_update_elem(&allocations, &key, allocation, BPF_ANY)) {
		counters->untracked++;
		counters->untracked_bytes += allocation->size;
		return;
	}
	add_to_sums(allocation->number, allocation->size, 1);
}

static __always_inline int on_entry(void *ctx, struct pt_regs *regs)
{
	u32 index = bpf_get_attach_cookie(ctx);
	struct heap_function *function = bpf_map_lookup_elem(&heap_functions, &index);
	struct heap_counters *counters = ONLY(heap_counters);
	struct heap_call_key key = {};
	struct heap_call call = {};
	u32 tgid;

	if (!function || !counters || !wants_process(&tgid))
		return 0;
	if (function->frees) {
		call.freed = argument_of(regs, function->frees);
		if (call.freed && !take_out(tgid, call.freed, &call.was)) {
			counters->unknown_frees++;
			call.freed = 0;
		} else if (call.freed) {
			counters->frees++;
		}
	}
	if (!function->size)
		return 0;
	call.size = argument_of(regs, function->size);
	if (function->count)
		call.size *= argument_of(regs, function->count);
	call.pointer = argument_of(regs, function->pointer);
	key.tid = bpf_get_current_pid_tgid();
	key.function = index;
	key.caller_sp = STACK_POINTER(regs) + RETURN_ADDRESS_BYTES;
	bpf_map_update_elem(&calls, &key, &call, BPF_ANY);
	return 0;
}

/* Where it was allocated; 0 where it failed. */
static __always_inline u64 address_from(const struct heap_call *call, struct pt_regs *regs)
{
	u64 returned = RETURNED(regs);
	u64 address = 0;

	if (!call->pointer)
		return returned;
	/* It returns an error. */
	if ((u32)returned)
		return 0;
	bpf_probe_read_user(&address, sizeof(address), (const void *)call->pointer);
	return address;
}

/*
 * The call that returns: where it has allocated, and how much. 0 where it has not, or nobody saw it begin. A function
 * of its own, since what it puts on the stack is not there while a stack is walked.
 */
static __noinline u64 end_call(struct pt_regs *regs, u32 index, u32 tgid, struct heap_counters *counters, u64 *size)
{
	struct heap_call_key key = { .tid = bpf_get_current_pid_tgid(), .function = index };
	struct heap_call *found, call;
	u64 address;

	key.caller_sp = STACK_POINTER(regs);
	found = bpf_map_lookup_elem(&calls, &key);
	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &key);
	address = address_from(&call, regs);
	/* Freed all the same where it was asked for nothing. */
	if (!address && call.freed && call.size) {
		put_in(tgid, call.freed, &call.was, counters);
		counters->frees--;
	}
	*size = call.size;
	return address;
}

static __always_inline int on_return(void *ctx, struct pt_regs *regs, bool by_tables, u64 callee)
{
	u32 index = bpf_get_attach_cookie(ctx);
	struct heap_function *function = bpf_map_lookup_elem(&heap_functions, &index);
	struct heap_counters *counters = ONLY(heap_counters);
	struct allocation allocation = {};
	u64 *taken = ONLY(taken_slots);
	struct walk *walk;
	u64 address;
	u32 slot, tgid;

	if (!function || !counters || !taken || !wants_process(&tgid))
		return 0;
	address = end_call(regs, index, tgid, counters, &allocation.size);
	if (!address || !wants_stack(tgid))
		return 0;
	counters->allocations++;
	counters->allocated_bytes += allocation.size;
	slot = take_slot(taken);
	walk = IN_SLOT(walks, slot);
	if (slot < NO_SLOT && walk) {
		walk->returned_from = callee;
		allocation.number = number_of_stack(ctx, by_tables, slot, tgid, function->event, false);
		__sync_fetch_and_and(taken, ~(1ULL << slot));
	} else {
		counters->no_slot++;
	}
	put_in(tgid, address, &allocation, counters);
	return 0;
}

SEC("uprobe.multi")
int heap_entries(struct pt_regs *ctx)
{
	return on_entry(ctx, ctx);
}

SEC("uprobe")
int heap_entry(struct pt_regs *ctx)
{
	return on_entry(ctx, ctx);
}

#define RETURNS(section, name)                                                                     \
	SEC(section)                                                                               \
	int name(struct pt_regs *ctx)                                                              \
	{                                                                                          \
		return on_return(ctx, ctx, true, callee_of(ctx));                            \
	}                                                                                          \
	SEC(section)                                                                               \
	int name##_by_frame_pointers(struct pt_regs *ctx)                                          \
	{                                                                                          \
		return on_return(ctx, ctx, false, callee_of(ctx));                           \
	}

RETURNS("uretprobe.multi", heap_returns)
RETURNS("uretprobe", heap_return)

EXPORT_ENUM(live_heap_bounds);
