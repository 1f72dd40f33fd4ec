/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * System calls of the native ABI, as the tracepoints sys_enter and sys_exit show them: which one, and its
 * arguments. Numbers differ between architectures (arch/x86/entry/syscalls/syscall_64.tbl,
 * include/uapi/asm-generic/unistd.h); those of calls that one does not have are below 0.
 */
#ifndef WAGGLE_SYSTEM_CALL_H
#define WAGGLE_SYSTEM_CALL_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#if defined(__TARGET_ARCH_x86)
#define SYSTEM_CALL_OPEN 2
#define SYSTEM_CALL_CREAT 85
#define SYSTEM_CALL_OPENAT 257
#define SYSTEM_CALL_OPENAT2 437
#else
#define SYSTEM_CALL_OPEN -1
#define SYSTEM_CALL_CREAT -1
#define SYSTEM_CALL_OPENAT 56
#define SYSTEM_CALL_OPENAT2 437
#endif

static __always_inline long system_call_of(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#else
	return BPF_CORE_READ(regs, syscallno);
#endif
}

/* The first three of its arguments, from 0 on. */
static __always_inline u64 argument_of(struct pt_regs *regs, u32 index)
{
#if defined(__TARGET_ARCH_x86)
	return index == 0 ? BPF_CORE_READ(regs, di) : index == 1 ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, dx);
#else
	/* The first register holds the result when the call has returned. */
	return index == 0 ? BPF_CORE_READ(regs, orig_x0) :
	       index == 1 ? BPF_CORE_READ(regs, regs[1]) : BPF_CORE_READ(regs, regs[2]);
#endif
}

#endif
