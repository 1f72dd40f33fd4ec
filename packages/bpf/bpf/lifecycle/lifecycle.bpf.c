/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Forks, execs and exits, and signals of a launcher and its command. Each program is optional: the loader switches off what a session does not
 * need or the kernel does not have (bpf_program__set_autoload).
 */
#include "lifecycle.h"
#include "signals.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/sched_process_fork")
int BPF_PROG(handle_fork, struct task_struct *parent, struct task_struct *child)
{
	on_fork(parent, child);
	return 0;
}

#ifdef REFUSED_EXEC
/* For tests of what happens on kernels that refuse a program: no verifier lets anyone read below
 * the stack. */
#define REFUSAL() asm volatile("r1 = *(u64 *)(r10 - 1024)" ::: "r1")
#else
#define REFUSAL()
#endif

#ifndef WITHOUT_EXEC
SEC("tp_btf/sched_process_exec")
int BPF_PROG(handle_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	REFUSAL();
#ifndef WITHOUT_USAGE
	look_at_clock(UNTRUSTED(struct task_struct, task), true);
#endif
	on_exec(task, old_pid, bprm, BPF_CORE_READ(bprm, filename));
	return 0;
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(handle_exec_raw, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	REFUSAL();
	on_exec(task, old_pid, bprm, BPF_CORE_READ(bprm, filename));
	return 0;
}

/* /sys/kernel/tracing/events/sched/sched_process_exec/format */
struct exec_tracepoint {
	u64 common;
	u32 filename_location; /* __data_loc: offset in the lower half */
	pid_t pid;
	pid_t old_pid;
};

SEC("tracepoint/sched/sched_process_exec")
int handle_exec_tracepoint(struct exec_tracepoint *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	REFUSAL();
	on_exec(task, ctx->old_pid, NULL, (void *)ctx + (ctx->filename_location & 0xffff));
	return 0;
}
#endif

SEC("tp_btf/sched_process_exit")
int BPF_PROG(handle_exit, struct task_struct *task)
{
	on_exit(UNTRUSTED(struct task_struct, task), true);
	return 0;
}

/* The same handlers for kernels that refuse tp_btf. */
SEC("raw_tp/sched_process_fork")
int BPF_PROG(handle_fork_raw, struct task_struct *parent, struct task_struct *child)
{
	on_fork(parent, child);
	return 0;
}

/*
 * The classic tracepoint gives the child's thread id alone. The child is in its parent's list of
 * children by then, at the end or close to it: kernel_clone runs in the parent's context.
 */
SEC("tracepoint/sched/sched_process_fork")
int handle_fork_tracepoint(struct trace_event_raw_sched_process_fork *ctx)
{
	struct task_struct *parent = (void *)bpf_get_current_task();
	struct task_struct *child = newest_child(parent, ctx->child_pid);

	/* CLONE_PARENT makes a sibling. */
	if (!child)
		child = newest_child(BPF_CORE_READ(parent, real_parent), ctx->child_pid);
	if (child)
		on_fork(parent, child);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(handle_exit_raw, struct task_struct *task)
{
	on_exit(task, false);
	return 0;
}

/* For kernels that refuse raw tracepoints too. */
SEC("tracepoint/sched/sched_process_exit")
int handle_exit_tracepoint(void *ctx)
{
	on_exit((void *)bpf_get_current_task(), false);
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(handle_signal, int signal, void *info, struct task_struct *target)
{
	on_signal(signal, target);
	return 0;
}

SEC("raw_tp/signal_generate")
int BPF_PROG(handle_signal_raw, int signal, void *info, struct task_struct *target)
{
	on_signal(signal, target);
	return 0;
}

RING_RECORD(process_events, fork_record);
RING_RECORD(process_events, exec_record);
RING_RECORD(process_events, exit_record);
EXPORT_ENUM(exec_flags);
EXPORT_ENUM(standard_state);
EXPORT_ENUM(kin_flags);
EXPORT_ENUM(signal_bounds);
