/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A step from frame to frame by frame pointers, which code that is generated keeps as a rule. */
#ifndef WAGGLE_FRAME_POINTER_H
#define WAGGLE_FRAME_POINTER_H

#include "maps.h"

static __always_inline bool read_word(u64 address, u64 *word)
{
	return !bpf_probe_read_user(word, sizeof(*word), (const void *)address);
}

static __always_inline u64 code_address(u64 word)
{
#if defined(__TARGET_ARCH_arm64)
	/* The rest may be a signature (pointer authentication); user space has 48 bits. */
	return word & ((1ULL << 48) - 1);
#else
	return word;
#endif
}

static __always_inline u32 step_by_frame_pointer(struct walk *walk)
{
	u64 record[2];

	if (walk->fp_known && !walk->fp)
		return STOP_END;
	if (!walk->fp_known || walk->fp < walk->sp || (walk->fp & 7))
		return STOP_NO_FRAME_POINTER;
	if (bpf_probe_read_user(record, sizeof(record), (const void *)walk->fp))
		return STOP_UNREADABLE;
	record[1] = code_address(record[1]);
	if (!record[1])
		return STOP_END;
	walk->pc = record[1];
	walk->sp = walk->fp + sizeof(record);
	walk->fp = record[0];
	walk->third_known = 0;
	walk->is_exact = 0;
	return 0;
}

#endif
