/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What probes and userspace exchange besides stacks: what each counts, and what it has cost. */
#ifndef WAGGLE_PROBES_RECORDS_H
#define WAGGLE_PROBES_RECORDS_H

#include "../record.h"

enum probe_bounds {
	PROBE_EVENTS_MAX = 32,
	PROBE_LATENCY_BITS = 64, /* a count for each power of two of nanoseconds */
	/* Of a cookie: the event's place in probe_events, then that of the argument in probe_arguments. */
	PROBE_ARGUMENT_SHIFT = 8,
};

enum probe_flags {
	PROBE_WEIGHS_ARGUMENT = 1 << 0, /* or what is returned: the cookie says where it is */
	PROBE_WEIGHS_DURATION = 1 << 1,
};

/* What is counted at the places whose cookies name it. */
struct probe_event {
	u32 number; /* of the session's events */
	u32 flags;  /* probe_flags */
	u64 max_rate; /* stacks in a window of a CPU; 0: all */
};

enum probe_operand {
	OPERAND_NONE,
	OPERAND_CONSTANT,
	OPERAND_REGISTER,
	OPERAND_MEMORY,
};

/* Where an argument is when the probe is hit; registers by DWARF number. */
struct probe_argument {
	u8 operand; /* probe_operand */
	u8 bytes;
	u8 is_signed;
	u8 shift; /* of a register: the part that it is begins at this bit */
	u8 base;
	u8 index;
	u8 scale; /* of the index; 0: there is none */
	u8 reserved;
	s64 displacement; /* or the constant */
};

struct probe_counters {
	u64 hits;
	u64 spent_ns;      /* in our program, not in the kernel's way to it */
	u64 without_stack; /* counted, but above max_rate */
	u64 no_slot;       /* lost: too many threads were in the middle of one */
	u64 negative;      /* of a weight, which was left out */
	u64 unmatched;     /* returns of calls whose beginning was not seen */
};

struct latency_counts {
	u64 of[PROBE_LATENCY_BITS];
};

#endif
