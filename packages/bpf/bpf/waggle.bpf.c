/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Every program of waggle, one object. Each is optional: the loader switches off what a
 * session does not need or the kernel does not have (bpf_program__set_autoload).
 */
#include "exec_failed.h"
#include "lifecycle.h"
#include "sample.h"
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
	on_exit(task);
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
	on_exit(task);
	return 0;
}

/* For kernels that refuse raw tracepoints too. */
SEC("tracepoint/sched/sched_process_exit")
int handle_exit_tracepoint(void *ctx)
{
	on_exit((void *)bpf_get_current_task());
	return 0;
}

/* Only loaded where failed execs are asked for: while it is attached, every system call of the
 * host takes the kernel's slow way out. */
SEC("tp_btf/sys_exit")
int BPF_PROG(handle_exec_failed, struct pt_regs *regs, long result)
{
	on_syscall_exit(regs, result, true);
	return 0;
}

/* For kernels before 6.18, should one refuse the calls that it does not know. */
SEC("tp_btf/sys_exit")
int BPF_PROG(handle_exec_failed_at_once, struct pt_regs *regs, long result)
{
	on_syscall_exit(regs, result, false);
	return 0;
}

SEC("raw_tp/sys_exit")
int BPF_PROG(handle_exec_failed_raw, struct pt_regs *regs, long result)
{
	on_syscall_exit(regs, result, false);
	return 0;
}

/* Only loaded with a launcher. */
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

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(handle_cgroup_mkdir, struct cgroup *cgroup)
{
	on_cgroup_mkdir(cgroup);
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int BPF_PROG(handle_cgroup_mkdir_raw, struct cgroup *cgroup)
{
	on_cgroup_mkdir(cgroup);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(handle_cgroup_rmdir, struct cgroup *cgroup)
{
	on_cgroup_rmdir(cgroup);
	return 0;
}

SEC("raw_tp/cgroup_rmdir")
int BPF_PROG(handle_cgroup_rmdir_raw, struct cgroup *cgroup)
{
	on_cgroup_rmdir(cgroup);
	return 0;
}

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	on_sample(ctx, true);
	return 0;
}

SEC("perf_event")
int sample_by_frame_pointers(struct bpf_perf_event_data *ctx)
{
	on_sample(ctx, false);
	return 0;
}

/* Records travel as bytes, so nothing else would put their types into the object's BTF,
 * from which the TypeScript layouts are generated. */
const struct fork_record *layout_fork_record __attribute__((unused));
const struct exec_record *layout_exec_record __attribute__((unused));
const struct exit_record *layout_exit_record __attribute__((unused));
const struct exec_failed_record *layout_exec_failed_record __attribute__((unused));
const struct cgroup_record *layout_cgroup_record __attribute__((unused));
const struct followed_record *layout_followed_record __attribute__((unused));
const struct cgroup_step *layout_cgroup_step __attribute__((unused));
const enum cgroup_hierarchy *layout_cgroup_hierarchy __attribute__((unused));
const struct deferred_sample *layout_deferred_sample __attribute__((unused));
const enum unwind_bounds *layout_unwind_bounds __attribute__((unused));
const enum deferred_bounds *layout_deferred_bounds __attribute__((unused));
const enum object_devices *layout_object_devices __attribute__((unused));
const enum table_presence *layout_table_presence __attribute__((unused));
const enum unwind_stop *layout_unwind_stop __attribute__((unused));
const enum record_type *layout_record_type __attribute__((unused));
const enum record_flags *layout_record_flags __attribute__((unused));
const enum record_bounds *layout_record_bounds __attribute__((unused));
const enum exec_marks *layout_exec_marks __attribute__((unused));
const enum filter_flags *layout_filter_flags __attribute__((unused));
const enum followed_bounds *layout_followed_bounds __attribute__((unused));
const enum kin_flags *layout_kin_flags __attribute__((unused));
const enum signal_bounds *layout_signal_bounds __attribute__((unused));
const enum tracked_state *layout_tracked_state __attribute__((unused));
const enum stack_bounds *layout_stack_bounds __attribute__((unused));
