/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Counts the current thread's stack, from whatever program: (process image, event, state, user stack,
 * kernel stack) in the active counting map. Nothing is sent per stack. An event is what is counted; its
 * number is its place in the session's list, which userspace has (docs/adr/0012-stack-sources.md).
 */
#ifndef WAGGLE_COUNT_STACK_H
#define WAGGLE_COUNT_STACK_H

#include "../filter.h"
#include "deferred.h"
#include "stack_filter.h"
#include "unwind.h"

#define FRAME_BYTES (STACK_MAX_FRAMES * sizeof(u64))

static __always_inline u32 depth_of(long bytes)
{
	if (bytes < 0)
		return 0;
	return (u64)bytes / sizeof(u64);
}

/* The process image that the stack is of, and the thread where threads are counted apart. */
static __always_inline void identify_owner(struct sample_key *key, struct task_struct *task,
					   struct task_struct *leader, u32 tgid)
{
	struct stack_settings *settings = ONLY(stack_settings);

	key->tgid = tgid;
	key->tid = settings && (settings->flags & STACKS_BY_THREAD) ? tid_of(task) : 0;
	key->cpu = settings && (settings->flags & STACKS_BY_CPU) ? bpf_get_smp_processor_id() : 0;
	key->moment = settings && (settings->flags & STACKS_BY_TIME) ? boottime_now() >> 10 : 0;
	key->start_boottime = start_time_of(leader);
	key->exec_id = BPF_CORE_READ(task, self_exec_id);
	key->number = 0;
	key->kind = KEY_WALKED;
	key->inner_count = 0;
}

/* The kernel's walk, which believes whatever stands where a return address should. */
static __always_inline long walk_by_frame_pointers(void *ctx, struct sample_key *key)
{
	long bytes = bpf_get_stack(ctx, key->user, FRAME_BYTES, BPF_F_USER_STACK);

	key->kind = KEY_BY_FRAME_POINTERS;
	key->user_depth = depth_of(bytes);
	return bytes;
}

static __always_inline u64 cgroup_id_of(struct task_struct *task)
{
	/* CONFIG_CGROUPS */
	if (!bpf_core_field_exists(task->cgroups))
		return 0;
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline void add_weight(struct sample_value *value, const struct stack_weight *weight)
{
	if (weight->of_event)
		__sync_fetch_and_add(&value->weight, weight->of_event);
	if (weight->runnable)
		__sync_fetch_and_add(&value->runnable, weight->runnable);
}

/* Of the task, which is the current one as a rule. False where there was no room. */
static __always_inline bool count_in(void *map, struct sample_key *key, struct sample_counters *counters,
				     struct task_struct *task, const struct stack_weight *weight)
{
	struct sample_value *known = bpf_map_lookup_elem(map, key);
	struct sample_value fresh = {};
	long error;

	if (!known) {
		fresh.count = 1;
		fresh.weight = weight->of_event;
		fresh.runnable = weight->runnable;
		fresh.first_ns = fresh.last_ns = boottime_now();
		fresh.cgroup_id = cgroup_id_of(task);
		fresh.tid = tid_of(task);
		fresh.cpu = bpf_get_smp_processor_id();
		BPF_CORE_READ_INTO(&fresh.comm, task, group_leader, comm);
		if (key->tid)
			BPF_CORE_READ_INTO(&fresh.thread_comm, task, comm);
		error = bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST);
		if (!error) {
			counters->stored++;
			return true;
		}
		known = bpf_map_lookup_elem(map, key);
		if (!known) {
			if (error == -16 /* EBUSY */)
				counters->lost_busy++;
			else
				counters->lost_full++;
			return false;
		}
	}
	__sync_fetch_and_add(&known->count, 1);
	add_weight(known, weight);
	known->last_ns = boottime_now();
	counters->stored++;
	return true;
}

/* A function of its own, since what it puts on the stack is not there while a stack is walked: of both together
 * there are 512 bytes. */
static __noinline bool count_key(struct sample_key *key, struct sample_counters *counters,
				 struct task_struct *task, const struct stack_weight *weight)
{
	u32 *active = ONLY(active_samples);

	if (active && *active)
		return count_in(&samples_b, key, counters, task, weight);
	return count_in(&samples_a, key, counters, task, weight);
}

enum taken_stack {
	STACK_LOST,
	STACK_IN_KEY, /* of the slot's scratch */
	STACK_HANDED_OVER, /* to userspace, which walks it and counts it */
};

/*
 * The current thread's stack. Who it is and whether it is wanted has been looked at. by_tables is a constant of
 * the program and not of the loader: a walk that is dead code would still be in it, and kernels before 5.13
 * refuse whatever holds the address of a function, as bpf_loop's caller does.
 *
 * @slot of the scratch: 0 unless the program can be preempted
 */
static __always_inline u32 take_stack(void *ctx, bool by_tables, u32 slot, u32 tgid, u32 event, u32 state,
				      const struct stack_weight *weight)
{
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct walk *walk = IN_SLOT(walks, slot);
	struct task_struct *task, *leader;
	long bytes;

	if (!counters || !key || !walk)
		return STACK_LOST;
	task = (void *)bpf_get_current_task();
	leader = BPF_CORE_READ(task, group_leader);
	identify_owner(key, task, leader, tgid);
	key->number = weight->number;
	key->event = event;
	key->state = state;

	clear_frames(key);
	bytes = bpf_get_stack(ctx, key->kernel, FRAME_BYTES, 0);
	key->kernel_depth = depth_of(bytes);
	if (key->kernel_depth == STACK_MAX_FRAMES)
		counters->kernel_truncated++;
	/* Our runtime keeps frame pointers, and a table of 13 MB for a few of its samples would cost more than
	 * all the others. */
	if (!by_tables || tgid == own_tgid || !walk_user_stack(walk, key, task, slot)) {
		key->user_stop = STOP_NOT_WALKED;
		bytes = walk_by_frame_pointers(ctx, key);
		if (bytes < 0)
			counters->user_failed++;
		if (key->user_depth == STACK_MAX_FRAMES)
			counters->user_truncated++;
	} else if (key->user_stop == STOP_NO_TABLE && !walk->interpreted.has_generated &&
		   defer_sample(walk, key, leader, weight, slot)) {
		/* Userspace knows nothing of generated code: what is named here would have no name there. */
		return STACK_HANDED_OVER;
	} else {
		u32 stop = key->user_stop;

		if (stop == STOP_UNREADABLE && weight->is_new)
			stop = key->user_stop = STOP_END;
		key->user_depth = walk->depth;
		/* No room in the ring. Frame pointers are better than nothing. */
		if (stop == STOP_NO_TABLE && !key->user_depth)
			walk_by_frame_pointers(ctx, key);

		if (stop == STOP_TOO_DEEP || stop == STOP_NO_ROOM)
			counters->user_truncated++;
		/* Bounds and index in one register: the verifier cannot see that two loads are equal. */
		barrier_var(stop);
		if (stop < STOP_REASONS && !weight->is_aside)
			counters->stops[stop]++;
	}
	return STACK_IN_KEY;
}

/* Counts it; false where it was lost. Parameters as those of take_stack() */
static __always_inline bool count_stack(void *ctx, bool by_tables, u32 slot, u32 tgid, u32 event, u32 state,
					const struct stack_weight *weight)
{
	u32 taken = take_stack(ctx, by_tables, slot, tgid, event, state, weight);
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);

	if (taken == STACK_LOST || !counters || !key)
		return false;
	if (taken == STACK_HANDED_OVER) {
		counters->deferred++;
		return true;
	}
	return count_key(key, counters, (void *)bpf_get_current_task(), weight);
}

RING_RECORD(deferred_samples, deferred_sample);
EXPORT_ENUM(thread_state);
EXPORT_ENUM(stack_flags);
EXPORT_ENUM(stack_bounds);
EXPORT_ENUM(key_kind);
EXPORT_ENUM(unwind_stop);
EXPORT_ENUM(unwind_bounds);
EXPORT_ENUM(deferred_bounds);
EXPORT_ENUM(object_devices);
EXPORT_ENUM(table_presence);

#endif
