/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the programs that follow allocations and userspace exchange besides stacks. */
#ifndef WAGGLE_LIVE_HEAP_RECORDS_H
#define WAGGLE_LIVE_HEAP_RECORDS_H

#include "../record.h"

enum live_heap_bounds {
	HEAP_FUNCTIONS_MAX = 64,
};

/* What a function does, by the numbers of its arguments, from 1 on; 0: it has none of that. */
struct heap_function {
	u8 size;    /* so many bytes are allocated, */
	u8 count;   /* times this, */
	u8 pointer; /* and where to is written there, and 0 returned; else it is what is returned */
	u8 frees;   /* what is freed; of one that allocates, if that succeeds */
	u32 event;  /* number of what is counted */
};

/* Of the stacks with one number. */
struct heap_sum {
	s64 bytes; /* allocated and not freed */
	s64 blocks;
};

struct heap_counters {
	u64 allocations;
	u64 allocated_bytes;
	u64 frees;
	u64 unknown_frees; /* of what was allocated before, or is not known */
	u64 untracked;     /* allocations there was no room for */
	u64 untracked_bytes;
	u64 no_slot;       /* lost: too many threads were in the middle of one */
};

#endif
