/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Stacks that others refer to: who woke a thread, who allocated what is freed later. Each has a number, and is
 * handed to userspace once, as a stack that is not counted. Whoever includes this says by NUMBERED_STACKS what
 * keeps the numbers: BPF_MAP_TYPE_LRU_HASH, where a stack may get another number when it comes again, or
 * BPF_MAP_TYPE_HASH, where those that have no room have none.
 */
#ifndef WAGGLE_NUMBERED_H
#define WAGGLE_NUMBERED_H

#include "count_stack.h"

struct {
	__uint(type, NUMBERED_STACKS);
	__uint(map_flags, NUMBERED_STACKS == BPF_MAP_TYPE_HASH ? BPF_F_NO_PREALLOC : 0);
	__uint(max_entries, 128);
	__type(key, struct sample_key);
	__type(value, u32);
} numbered_stacks SEC(".maps");

/* How many have been given. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} numbers_given SEC(".maps");

/* One that was not used, by slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} spare_numbers SEC(".maps");

/*
 * The number of the current thread's stack, from 1 on; 0 where it has none. Parameters as those of
 * take_stack(); @event what it is handed over as, @is_aside as in stack_weight
 */
static __always_inline u32 number_of_stack(void *ctx, bool by_tables, u32 slot, u32 tgid, u32 event,
					   bool is_aside)
{
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	u32 *spare = IN_SLOT(spare_numbers, slot);
	struct stack_weight weight = { .is_aside = is_aside };
	u32 *given = ONLY(numbers_given);
	u32 number, taken, *known;

	if (!counters || !key || !spare || !given)
		return 0;
	if (!*spare)
		*spare = __sync_fetch_and_add(given, 1) + 1;
	number = *spare;
	weight.number = number | NUMBER_IS_OF_STACK;
	taken = take_stack(ctx, by_tables, slot, tgid, event, THREAD_RUNNING, &weight);
	if (taken == STACK_HANDED_OVER) {
		*spare = 0;
		return number;
	}
	if (taken == STACK_LOST)
		return 0;
	key->number = 0;
	known = bpf_map_lookup_elem(&numbered_stacks, key);
	if (known)
		return *known;
	if (bpf_map_update_elem(&numbered_stacks, key, &number, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&numbered_stacks, key);
		return known ? *known : 0;
	}
	*spare = 0;
	key->number = number | NUMBER_IS_OF_STACK;
	if (!count_key(key, counters, (void *)bpf_get_current_task(), &weight)) {
		key->number = 0;
		bpf_map_delete_elem(&numbered_stacks, key);
		return 0;
	}
	counters->stored--;
	return number;
}

EXPORT_ENUM(stack_number_bits);

#endif
