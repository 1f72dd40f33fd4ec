/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Parts of the scratch memory for programs that can be preempted, and others run on their CPU meanwhile. */
#ifndef WAGGLE_SLOTS_H
#define WAGGLE_SLOTS_H

#include "maps.h"

/* Of scratch_slots, a bit each. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} taken_slots SEC(".maps");

#define NO_SLOT 64

/*
 * A thread in the middle of a probe may be preempted, and the next one on the CPU hit a probe as well. None
 * of them changes its CPU meanwhile.
 */
static __always_inline u32 take_slot(u64 *taken)
{
	for (u32 slot = 0; slot < NO_SLOT; slot++) {
		u64 bit = 1ULL << slot;

		if (slot >= scratch_slots)
			break;
		if (!(__sync_fetch_and_or(taken, bit) & bit))
			return slot;
	}
	return NO_SLOT;
}

#endif
