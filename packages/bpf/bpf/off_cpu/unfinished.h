/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Threads that are away when counting begins and when it ends, by an iterator over all of them. Their stacks
 * are not those of the current task: the kernel's is read as it is, the user's is copied with the registers,
 * and walked by userspace as other stacks are that had to wait.
 */
#ifndef WAGGLE_UNFINISHED_H
#define WAGGLE_UNFINISHED_H

#include "off_cpu.h"

/* As copy_stack() of deferred.h, of another task: what is not in memory is brought in. */
static __always_inline u64 copy_stack_of(struct task_struct *task, struct deferred_sample *sample, u64 sp)
{
	u64 start = sp & ~(u64)(DEFERRED_PAGE_BYTES - 1);

	sample->stack_start = start;
	sample->stack_present = 0;
	sample->stack_pages = 0;
	for (u32 page = 0; page < DEFERRED_PAGES; page++) {
		if (bpf_copy_from_user_task(sample->stack + page * DEFERRED_PAGE_BYTES, DEFERRED_PAGE_BYTES,
					    (void *)(start + page * DEFERRED_PAGE_BYTES), task, 0))
			break;
		sample->stack_present |= 1U << page;
		sample->stack_pages = page + 1;
	}
	return (u64)sample->stack_pages * DEFERRED_PAGE_BYTES;
}

/* False where there is no room. */
static __always_inline bool hand_over(struct task_struct *task, struct sample_key *key, struct walk *walk,
				      const struct stack_weight *weight)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct deferred_sample *sample = IN_SLOT(deferred_scratch, cpu * scratch_slots + SLOT_OF_ITERATOR);
	u64 bytes;

	if (!sample)
		return false;
	sample->tgid = key->tgid;
	sample->tid = key->tid;
	sample->start_boottime = key->start_boottime;
	sample->exec_id = key->exec_id;
	sample->time_ns = boottime_now();
	sample->cgroup_id = 0;
	sample->cpu = cpu;
	sample->event = key->event;
	sample->state = key->state;
	sample->number = key->number;
	sample->weight = weight->of_event;
	sample->runnable = 0;
	BPF_CORE_READ_INTO(&sample->comm, task, group_leader, comm);
	BPF_CORE_READ_INTO(&sample->thread_comm, task, comm);
	sample->kernel_depth = key->kernel_depth;
	__builtin_memset(&sample->object, 0, sizeof(sample->object));
	sample->object.device = OBJECT_NONE;
	sample->object_address = 0;
	bpf_probe_read_kernel(sample->kernel, sizeof(sample->kernel), key->kernel);
	bpf_probe_read_kernel(sample->registers, sizeof(sample->registers), walk->registers);
	sample->pc = walk->pc;
	bytes = copy_stack_of(task, sample, walk->sp);
	barrier_var(bytes);
	if (bytes > sizeof(sample->stack))
		return false;
	return !bpf_ringbuf_output(&deferred_samples, sample,
				   offsetof(struct deferred_sample, stack) + bytes, BPF_RB_NO_WAKEUP);
}

/* A thread that is away still. False where it has to wait until there is room for it. */
static __always_inline bool count_unfinished(struct task_struct *task, struct thread_times *times,
					     const struct off_cpu_settings *settings, u32 state, u64 away)
{
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = IN_SLOT(sample_scratch, SLOT_OF_ITERATOR);
	struct walk *walk = IN_SLOT(walks, SLOT_OF_ITERATOR);
	struct stack_weight weight = { .of_event = away };
	struct pt_regs *regs;
	long bytes;

	if (!counters || !key || !walk)
		return true;
	clear_frames(key);
	identify_owner(key, task, BPF_CORE_READ(task, group_leader), times->tgid);
	key->event = settings->event;
	key->state = state & (THREAD_STATES - 1);
	key->user_depth = 0;
	key->user_stop = STOP_NOT_WALKED;
	bytes = bpf_get_task_stack(task, key->kernel, FRAME_BYTES, 0);
	key->kernel_depth = depth_of(bytes);
	if (settings->phase == PHASE_END && BPF_CORE_READ(task, mm)) {
		regs = (void *)bpf_task_pt_regs(task);
		if (read_registers(walk, regs)) {
			if (bpf_ringbuf_query(&deferred_samples, BPF_RB_AVAIL_DATA) +
				    sizeof(struct deferred_sample) >
			    bpf_ringbuf_query(&deferred_samples, BPF_RB_RING_SIZE))
				return false;
			if (hand_over(task, key, walk, &weight)) {
				counters->deferred++;
				return true;
			}
		}
	}
	count_key(key, counters, task, &weight);
	return true;
}

/* Who is there already when counting begins: how long it has been away is not told. */
static __always_inline void meet_thread(struct task_struct *task, u64 address, u32 tgid, u64 now)
{
	struct thread_times *times = take_place(task, address, tgid);

	if (!times)
		return;
	note_counts(times, task);
	if (task->on_cpu) {
		times->on_since = on_cpu ? now : 0;
	} else {
		times->left = now + 1;
		times->left_state = task_state_of(task);
		/* It has gone to sleep before. */
		if (times->left_state)
			times->sleeps--;
	}
	times->entered = now;
	is_filled(times, address);
}

/* 1 where it is to be visited again. */
static __always_inline int visit_thread(struct task_struct *task)
{
	struct off_cpu_settings *settings = ONLY(off_cpu_settings);
	struct stack_settings *stacks = counting();
	struct cpu_times *cpu = ONLY(cpu_times);
	struct thread_times *times;
	u64 address, now, left, away;
	u32 tgid, state;

	if (!task || !settings || !cpu || !stacks || !task->pid)
		return 0;
	address = address_of(task);
	times = known_times(task, address);
	now = counted_until(stacks);
	if (settings->phase == PHASE_BEGIN) {
		if (!times && is_followed(task, &tgid))
			meet_thread(task, address, tgid, now);
		return 0;
	}
	if (!times) {
		if (!is_followed(task, &tgid) || (task->flags & PF_EXITING))
			return 0;
		/* Since it left its first CPU it has not come back. */
		times = take_place(task, address, tgid);
		if (!times || !note_birth(times, task, settings, now))
			return 0;
		note_first_wait(times, task, passes_stack_filter_of(task, tgid));
		times->on_since = on_cpu ? times->entered : 0;
		is_filled(times, address);
	}
	left = when_left(times, task, now);
	/* What the scheduler has counted of a run that goes on is old. */
	if (times->left <= times->entered && task->on_cpu)
		left = now;
	if (!passes_stack_filter_of(task, times->tgid))
		return 0;
	away = since(left, now);
	state = absence_of(times, task, task_state_of(task)) & (THREAD_STATES - 1);
	if (away && away >= min_block_ns && (wanted_states & 1 << state)) {
		if (!count_unfinished(task, times, settings, state, away))
			return 1;
		cpu->counters.unfinished++;
	}
	if (on_cpu)
		times->unseen[THREAD_RUNNING] += since(times->on_since, left);
	count_unseen(task, times, SLOT_OF_ITERATOR);
	return 0;
}

#endif
