/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a function is given and returns, by the registers of who is at its first instruction, or behind it. */
#ifndef WAGGLE_ARGUMENTS_H
#define WAGGLE_ARGUMENTS_H

#include "../kernel.h"
#include <bpf/bpf_core_read.h>

#define STACK_POINTER(at) BPF_CORE_READ(at, sp)

#if defined(__TARGET_ARCH_x86)
#define RETURN_ADDRESS_BYTES sizeof(u64)
#define RETURNED(at) BPF_CORE_READ(at, ax)

/* From 1 on. System V ABI, AMD64 supplement. */
static __always_inline u64 argument_of(struct pt_regs *regs, u32 number)
{
	switch (number) {
	case 1:
		return BPF_CORE_READ(regs, di);
	case 2:
		return BPF_CORE_READ(regs, si);
	case 3:
		return BPF_CORE_READ(regs, dx);
	case 4:
		return BPF_CORE_READ(regs, cx);
	case 5:
		return BPF_CORE_READ(regs, r8);
	case 6:
		return BPF_CORE_READ(regs, r9);
	default:
		return 0;
	}
}
#else
#define RETURN_ADDRESS_BYTES 0
#define RETURNED(at) BPF_CORE_READ(at, regs[0])

/* From 1 on. AAPCS64. */
static __always_inline u64 argument_of(struct pt_regs *regs, u32 number)
{
	u64 value = 0;

	if (number < 1 || number > 6)
		return 0;
	bpf_probe_read_kernel(&value, sizeof(value), &regs->regs[number - 1]);
	return value;
}
#endif

#endif
