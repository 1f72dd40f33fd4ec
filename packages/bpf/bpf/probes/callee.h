/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which function of a program has just returned, in what a uretprobe runs. */
#ifndef WAGGLE_CALLEE_H
#define WAGGLE_CALLEE_H

#include "../kernel.h"
#include <bpf/bpf_core_read.h>

/*
 * Where it begins; 0 where that is not known. bpf_get_func_ip() knows it since Linux 6.6, and says 0 before
 * (bpf_get_func_ip_kprobe() of kernel/trace/bpf_trace.c). Since Linux 3.15 uretprobe_dispatcher() of
 * kernel/trace/trace_uprobe.c leaves it where the task's `vaddr` points to, which is what the kernel's own
 * fetch arguments take it from.
 */
static __always_inline u64 callee_of(void *ctx)
{
	u64 callee = bpf_get_func_ip(ctx);
	struct uprobe_dispatch_data *handed_over = NULL;
	struct task_struct *task;

	if (callee)
		return callee;
	if (!bpf_core_field_exists(handed_over->bp_addr))
		return 0;
	task = (void *)bpf_get_current_task();
	handed_over = (void *)BPF_CORE_READ(task, utask, vaddr);
	return BPF_CORE_READ(handed_over, bp_addr);
}

#endif
