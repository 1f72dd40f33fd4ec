/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The fingerprint by which program images are told apart: where exec put the parts of the new
 * address space. packages/cache/src/procfs/layout-fingerprint.ts computes the same from what
 * /proc/PID/stat shows, so that a record and /proc agree; change both.
 */
#ifndef WAGGLE_LAYOUT_FINGERPRINT_H
#define WAGGLE_LAYOUT_FINGERPRINT_H

#include "../kernel.h"
#include <bpf/bpf_core_read.h>

/* Odd numbers with well-spread bits; nothing else is special about them. */
#define FIRST_FACTOR 0x9e3779b1u
#define SECOND_FACTOR 0x85ebca77u
/* From the end of the environment to the top of a stack that is not randomised, at most. */
#define FIXED_STACK_BYTES 0x14000

static __always_inline u32 fingerprint_mix(u32 sum, u64 value, u32 first, u32 second)
{
	u32 half = (sum ^ (u32)value) * first;

	return (half ^ (half >> 15) ^ (u32)(value >> 32)) * second;
}

struct image_layout {
	u64 start_code;
	u64 end_code;
	u64 start_stack;
	u64 end_data;
	u64 arg_start;
	u64 env_start;
	u64 env_end;
	/* Inode number, or 0 where the layout is random. */
	u64 executable;
};

static __always_inline u32 fingerprint_hash(const struct image_layout *layout, u32 first, u32 second)
{
	u32 sum = fingerprint_mix(0, layout->start_code, first, second);

	sum = fingerprint_mix(sum, layout->end_code, first, second);
	sum = fingerprint_mix(sum, layout->start_stack, first, second);
	sum = fingerprint_mix(sum, layout->end_data, first, second);
	sum = fingerprint_mix(sum, layout->arg_start, first, second);
	sum = fingerprint_mix(sum, layout->env_start, first, second);
	sum = fingerprint_mix(sum, layout->env_end, first, second);
	return fingerprint_mix(sum, layout->executable, first, second);
}

/*
 * Whether the address space is laid out the same each time (setarch -R, gdb,
 * randomize_va_space=0): the environment then ends right below the top of the stack, which is just
 * below a power of two, 2^31 or more, on every architecture.
 */
static __always_inline bool is_fixed_layout(u64 env_end)
{
	u64 below = env_end ? env_end - 1 : 0;

	below |= 0x7fffffff;
	below |= below >> 1;
	below |= below >> 2;
	below |= below >> 4;
	below |= below >> 8;
	below |= below >> 16;
	below |= below >> 32;
	return below + 1 - env_end <= FIXED_STACK_BYTES;
}

static __always_inline u64 layout_fingerprint_of(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct image_layout layout = {
		.start_code = BPF_CORE_READ(mm, start_code),
		.end_code = BPF_CORE_READ(mm, end_code),
		.start_stack = BPF_CORE_READ(mm, start_stack),
		.end_data = BPF_CORE_READ(mm, end_data),
		.arg_start = BPF_CORE_READ(mm, arg_start),
		.env_start = BPF_CORE_READ(mm, env_start),
		.env_end = BPF_CORE_READ(mm, env_end),
	};
	u64 fingerprint;

	if (is_fixed_layout(layout.env_end))
		layout.executable = BPF_CORE_READ(mm, exe_file, f_inode, i_ino);
	fingerprint = (u64)fingerprint_hash(&layout, FIRST_FACTOR, SECOND_FACTOR) << 20 |
	       fingerprint_hash(&layout, SECOND_FACTOR, FIRST_FACTOR) >> 12;
	return fingerprint ?: 1;
}

#endif
