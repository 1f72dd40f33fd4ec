/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Execs that returned an error. Loaded only where they are asked for: while it is attached, every system
 * call of the host takes the kernel's slow way out. */
#include "failed_execs.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_failed_exec, struct pt_regs *regs, long result)
{
	on_syscall_exit(regs, result, true);
	return 0;
}

/* For kernels before 6.18, should one refuse the calls that it does not know. */
SEC("tp_btf/sys_exit")
int BPF_PROG(handle_failed_exec_at_once, struct pt_regs *regs, long result)
{
	on_syscall_exit(regs, result, false);
	return 0;
}

SEC("raw_tp/sys_exit")
int BPF_PROG(handle_failed_exec_raw, struct pt_regs *regs, long result)
{
	on_syscall_exit(regs, result, false);
	return 0;
}

RING_RECORD(process_events, failed_exec_record);
