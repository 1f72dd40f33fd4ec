/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the CPU had in its registers: arch/{x86,arm64}/include/asm/ptrace.h. */
#ifndef WAGGLE_KERNEL_REGISTERS_H
#define WAGGLE_KERNEL_REGISTERS_H

#include "types.h"

/* arch/arm64/include/uapi/asm/ptrace.h: the task runs AArch32 code. */
#define PSR_MODE32_BIT 0x00000010

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long cs;
	unsigned long sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
	u64 orig_x0;
	s32 syscallno;
};
#endif

/* Where a thread's own data is: arch/{x86,arm64}/include/asm/processor.h. */
#if defined(__TARGET_ARCH_x86)
struct thread_struct {
	unsigned long fsbase;
};
#elif defined(__TARGET_ARCH_arm64)
struct thread_struct {
	struct {
		unsigned long tp_value;
	} uw;
};
#endif

#pragma clang attribute pop

#endif
