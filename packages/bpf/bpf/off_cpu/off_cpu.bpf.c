/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Where threads wait, and with `on_cpu` where they run too: programs of the scheduler's tracepoints. */
#include "off_cpu.h"
#include "unfinished.h"
#include "../probes/arguments.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Linux 6.2. A pointer to read by, wherever it points to. */
extern void *bpf_rdonly_cast(const void *pointer, u32 type) __ksym __weak;

/*
 * The current thread, of which nothing was known.
 *
 * @is_back it has been away and is back; else it has run ever since it had its first CPU
 */
static __noinline struct thread_times *meet_current(struct task_struct *task, u64 now, bool is_back)
{
	struct off_cpu_settings *settings = ONLY(off_cpu_settings);
	u64 address = bpf_get_current_task();
	struct thread_times *times;
	u32 tgid;

	if (!settings || !is_followed(task, &tgid))
		return NULL;
	/* It has had its last word already. */
	if (is_back && (task->flags & PF_EXITING))
		return NULL;
	times = take_place(task, address, tgid);
	if (!times)
		return NULL;
	if (!note_birth(times, task, settings, now)) {
		note_counts(times, task);
		times->entered = now;
	} else if (!is_back) {
		note_first_wait(times, task, passes_stack_filter(tgid));
	} else {
		times->is_new = !task->se.sum_exec_runtime;
	}
	times->on_since = on_cpu ? times->entered : 0;
	is_filled(times, address);
	return times;
}

/* Counts the run of the current thread until then. */
static __always_inline void note_run(struct thread_times *times, u64 until)
{
	if (on_cpu && times->on_since && passes_stack_filter(times->tgid))
		times->unseen[THREAD_RUNNING] += since(times->on_since, until);
}

/*
 * The CPU is the current thread's. Returns the address of its task, as a number: by way of memory, which costs
 * less than a call of bpf_get_current_task().
 */
static __always_inline u64 take_cpu(struct cpu_times *cpu, struct task_struct *task)
{
	volatile u64 *taken = &cpu->task;

	if (!task->pid)
		return *taken = 0;
	*taken = (u64)task;
	return *taken;
}

/*
 * Who had this CPU until now. Its task may be gone, or on another CPU again. @address and @state of the task
 */
static __always_inline void note_left(struct cpu_times *cpu, u64 address, u64 now, u32 state)
{
	struct thread_times *times = place_of(address);

	if (times->task != address || times->entered != cpu->entered)
		return;
	times->left = now;
	times->left_state = state;
	if (!(state & TASK_DEAD))
		return;
	note_run(times, now);
	count_unseen((void *)address, times, SLOT_OF_SWITCHES);
	times->task = 0;
}

/* The current thread has come to this CPU. @address its task's */
static __always_inline void note_entered(void *ctx, bool by_tables, const struct stack_settings *stacks,
					 struct cpu_times *cpu, struct task_struct *task, u64 address, u64 now)
{
	struct thread_times *times;
	u64 left, waited;
	u32 state;

	cpu->entered = now;
	if (!task->pid)
		return;
	times = known_times(task, address);
	if (!times)
		times = meet_current(task, now, true);
	if (!times)
		return;
	left = when_left(times, task, now);
	waited = task->sched_info.run_delay - times->run_delay;
	if (waited > now - left)
		waited = now - left;
	state = absence_of(times, task, times->left_state);
	note_run(times, left);
	times->entered = now;
	times->left_state = 0;
	if (on_cpu)
		times->on_since = now;
	note_counts(times, task);
	count_absence(ctx, by_tables, stacks, cpu, times, state, now - left, waited, now);
	times->waker = 0;
	times->is_new = 0;
}

/* In the context of the thread that has just come back, or is new (Linux 6.16). */
static __always_inline int on_enter(void *ctx, bool by_tables)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct stack_settings *stacks = counting();
	struct cpu_times *cpu = ONLY(cpu_times);
	struct task_struct *last;
	u64 now, left;

	if (!cpu || !stacks)
		return 0;
	now = arrival_of(cpu, task);
	/* The iterator finds everything as it was then. */
	if (stacks->until_ns && now > stacks->until_ns)
		return 0;
	left = cpu->task;
	if (left) {
		last = bpf_rdonly_cast((void *)left, bpf_core_type_id_kernel(struct task_struct));
		note_left(cpu, left, now, last->__state);
	}
	note_entered(ctx, by_tables, stacks, cpu, task, take_cpu(cpu, task), now);
	return 0;
}

SEC("tp_btf/sched_exit_tp")
int BPF_PROG(enter_cpu, bool is_switch)
{
	return is_switch ? on_enter(ctx, true) : 0;
}

SEC("tp_btf/sched_exit_tp")
int BPF_PROG(enter_cpu_by_frame_pointers, bool is_switch)
{
	return is_switch ? on_enter(ctx, false) : 0;
}

/* Before that tracepoint: where the scheduler ends a switch, by whatever name its compiler has given it. */
static __always_inline int on_switch_finished(struct pt_regs *ctx, bool by_tables)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *last = (void *)argument_of(ctx, 1);
	struct stack_settings *stacks = counting();
	struct cpu_times *cpu = ONLY(cpu_times);
	u64 now;

	if (!cpu || !stacks)
		return 0;
	now = arrival_of(cpu, task);
	if (stacks->until_ns && now > stacks->until_ns)
		return 0;
	if (cpu->task && cpu->task == (u64)last)
		note_left(cpu, cpu->task, now, task_state_of(last));
	note_entered(ctx, by_tables, stacks, cpu, task, take_cpu(cpu, task), now);
	return 0;
}

SEC("kprobe")
int finish_switch(struct pt_regs *ctx)
{
	return on_switch_finished(ctx, true);
}

SEC("kprobe")
int finish_switch_by_frame_pointers(struct pt_regs *ctx)
{
	return on_switch_finished(ctx, false);
}

/*
 * A thread is woken by what runs here, whose stack is noted as far as that of the absence will be. An interrupt
 * has the stack of what it has interrupted.
 */
static __always_inline int on_waking(void *ctx, struct task_struct *task, bool by_tables)
{
	struct off_cpu_settings *settings = ONLY(off_cpu_settings);
	struct stack_settings *stacks = counting();
	struct cpu_times *cpu = ONLY(cpu_times);
	struct thread_times *times;
	u64 now, away, left;

	if (!settings || !stacks || !cpu)
		return 0;
	times = known_times(task, address_of(task));
	if (!times)
		return 0;
	now = bpf_ktime_get_ns();
	left = when_left(times, task, now);
	away = now - left;
	if (away < min_block_ns || (away < always_ns && !has_time(cpu, now, SHARE_NS)))
		return 0;
	times->waker = number_of_stack(ctx, by_tables, SLOT_OF_WAKER, tgid_of((void *)bpf_get_current_task()),
				       settings->event, true);
	if (away < always_ns)
		cpu->window_spent += bpf_ktime_get_ns() - now;
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(wake_thread, struct task_struct *task)
{
	return on_waking(ctx, task, true);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(wake_thread_by_frame_pointers, struct task_struct *task)
{
	return on_waking(ctx, task, false);
}

/* A tick of the CPU's clock: the stack stands for what the thread has run since its last one. */
static __always_inline void on_clock(void *ctx, bool by_tables)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct off_cpu_settings *settings = ONLY(off_cpu_settings);
	struct stack_settings *stacks = counting();
	struct cpu_times *cpu = ONLY(cpu_times);
	struct stack_weight weight = {};
	struct thread_times *times;
	u64 now;

	if (!settings || !stacks || !cpu || !task->pid)
		return;
	now = counted_until(stacks);
	times = known_times(task, bpf_get_current_task());
	if (!times)
		times = meet_current(task, now, false);
	/* It has just come back, and that is not noted yet. */
	if (!times || times->left > times->entered)
		return;
	if (!times->on_since)
		times->on_since = now;
	if (!passes_stack_filter(times->tgid)) {
		times->on_since = now;
		return;
	}
	weight.of_event = times->unseen[THREAD_RUNNING] + since(times->on_since, now);
	times->unseen[THREAD_RUNNING] = 0;
	times->on_since = now;
	if (!weight.of_event || !(wanted_states & 1 << THREAD_RUNNING))
		return;
	if (!count_stack(ctx, by_tables, SLOT_OF_CLOCK, times->tgid, settings->event, THREAD_RUNNING, &weight))
		times->unseen[THREAD_RUNNING] = weight.of_event;
}

SEC("perf_event")
int on_clock_tick(struct bpf_perf_event_data *ctx)
{
	on_clock(ctx, true);
	return 0;
}

SEC("perf_event")
int on_clock_tick_by_frame_pointers(struct bpf_perf_event_data *ctx)
{
	on_clock(ctx, false);
	return 0;
}

/* Before the last that is heard of it: who waits for it hears of its end before it leaves its CPU for good. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(end_thread, struct task_struct *task)
{
	struct stack_settings *stacks = counting();
	struct thread_times *times;
	u64 now;

	if (!stacks)
		return 0;
	now = counted_until(stacks);
	times = known_times(task, bpf_get_current_task());
	if (!times)
		times = meet_current(task, now, false);
	if (!times)
		return 0;
	note_run(times, now);
	times->on_since = on_cpu ? now : 0;
	count_unseen(task, times, SLOT_OF_SWITCHES);
	times->ends = 1;
	return 0;
}

SEC("iter.s/task")
int visit_threads(struct bpf_iter__task *ctx)
{
	return visit_thread(ctx->task);
}

EXPORT_ENUM(off_cpu_slots);
EXPORT_ENUM(off_cpu_phase);
EXPORT_STRUCT(off_cpu_counters);
EXPORT_STRUCT(off_cpu_settings);
