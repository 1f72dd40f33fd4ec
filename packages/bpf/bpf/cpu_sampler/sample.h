/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The CPU sampler: at each tick of a perf event, count (process image, user stack, kernel
 * stack) in the active counting map. Nothing is sent per sample.
 */
#ifndef WAGGLE_SAMPLE_H
#define WAGGLE_SAMPLE_H

#include "../filter.h"
#include "deferred.h"
#include "unwind.h"

const volatile bool sample_idle = false;
/* Stacks of the threads of a process are counted apart. */
const volatile bool count_by_thread = false;
/* The profiler itself, as tgid_of() has it, 0 for none: its runtime keeps frame pointers, and a table of 13 MB for a few of
 * its samples would cost more than all the others. */
const volatile u32 own_tgid = 0;

#define FRAME_BYTES (STACK_MAX_FRAMES * sizeof(u64))

/* The key is compared whole, so what an earlier, deeper stack left in the scratch is cleared.
 * One copy of zeroes: a loop over the tail explodes the verifier's states, and clang has no
 * memset of this size for BPF. */
const volatile u64 no_frames[2 * STACK_MAX_FRAMES] = {};

static __always_inline void clear_frames(struct sample_key *key)
{
	bpf_probe_read_kernel(key->user, sizeof(key->user) + sizeof(key->kernel), (void *)no_frames);
}

static __always_inline u32 depth_of(long bytes)
{
	if (bytes < 0)
		return 0;
	return (u64)bytes / sizeof(u64);
}

static __always_inline void count_sample(void *map, struct sample_key *key, struct sample_counters *counters,
					 struct task_struct *leader)
{
	struct sample_value *known = bpf_map_lookup_elem(map, key);
	struct sample_value fresh = {};
	long error;

	if (!known) {
		fresh.count = 1;
		fresh.first_ns = fresh.last_ns = boottime_now();
		fresh.cgroup_id = bpf_get_current_cgroup_id();
		fresh.tid = tid_of((void *)bpf_get_current_task());
		fresh.cpu = bpf_get_smp_processor_id();
		BPF_CORE_READ_INTO(&fresh.comm, leader, comm);
		if (count_by_thread)
			bpf_get_current_comm(fresh.thread_comm, sizeof(fresh.thread_comm));
		error = bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST);
		if (!error) {
			counters->stored++;
			return;
		}
		known = bpf_map_lookup_elem(map, key);
		if (!known) {
			if (error == -16 /* EBUSY */)
				counters->lost_busy++;
			else
				counters->lost_full++;
			return;
		}
	}
	__sync_fetch_and_add(&known->count, 1);
	known->last_ns = boottime_now();
	counters->stored++;
}

/*
 * Above some rate the samples of a CPU would take all of it, and nobody would be left to take them in,
 * or to end the recording when its time is up. As the kernel does it for hardware events
 * (kernel.perf_cpu_time_max_percent), no more are taken in a window once they have had their share.
 */
#define BUDGET_WINDOW_NS 100000000ULL
#define BUDGET_NS (BUDGET_WINDOW_NS / 2)

static __always_inline bool within_budget(struct sample_budget *budget, u64 now)
{
	if (now - budget->window_start_ns > BUDGET_WINDOW_NS) {
		budget->window_start_ns = now;
		budget->spent_ns = 0;
	}
	return budget->spent_ns < BUDGET_NS;
}

/*
 * by_tables is a constant of the program and not of the loader: a walk that is dead code would still be
 * in it, and kernels before 5.13 refuse whatever holds the address of a function, as bpf_loop's caller
 * does.
 */
static __always_inline void on_sample(void *ctx, bool by_tables)
{
	struct filter_settings *settings = ONLY(filter_settings);
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = ONLY(sample_scratch);
	struct walk *walk = ONLY(walks);
	struct sample_budget *budget = ONLY(sample_budgets);
	u32 *active = ONLY(active_samples);
	struct task_struct *task, *leader;
	u64 started = bpf_ktime_get_ns();
	bool idle;
	u32 tgid;
	long bytes;

	if (!settings || !counters || !key || !walk || !budget || !active)
		return;
	idle = !(u32)(bpf_get_current_pid_tgid() >> 32);
	if (idle && !sample_idle) {
		counters->idle++;
		return;
	}
	task = (void *)bpf_get_current_task();
	tgid = tgid_of(task);
	if (pid_namespace && !tgid && !idle) {
		counters->foreign++;
		return;
	}
	if (!passes_filter(settings, tgid)) {
		counters->filtered++;
		return;
	}
	if (!within_budget(budget, started)) {
		counters->throttled++;
		return;
	}
	leader = BPF_CORE_READ(task, group_leader);
	key->tgid = tgid;
	key->tid = count_by_thread ? tid_of(task) : 0;
	key->start_boottime = start_time_of(leader);
	key->exec_id = BPF_CORE_READ(task, self_exec_id);

	clear_frames(key);
	bytes = bpf_get_stack(ctx, key->kernel, FRAME_BYTES, 0);
	key->kernel_depth = depth_of(bytes);
	if (key->kernel_depth == STACK_MAX_FRAMES)
		counters->kernel_truncated++;
	if (!by_tables || tgid == own_tgid || !walk_user_stack(walk, key, task)) {
		key->user_stop = STOP_NOT_WALKED;
		bytes = bpf_get_stack(ctx, key->user, FRAME_BYTES, BPF_F_USER_STACK);
		if (bytes < 0)
			counters->user_failed++;
		key->user_depth = depth_of(bytes);
		if (key->user_depth == STACK_MAX_FRAMES)
			counters->user_truncated++;
	} else if (key->user_stop == STOP_NO_TABLE && defer_sample(walk, key, leader)) {
		counters->deferred++;
		budget->spent_ns += bpf_ktime_get_ns() - started;
		return;
	} else {
		u32 stop = key->user_stop;

		/* No room in the ring. Frame pointers are better than nothing. */
		if (stop == STOP_NO_TABLE && !key->user_depth) {
			bytes = bpf_get_stack(ctx, key->user, FRAME_BYTES, BPF_F_USER_STACK);
			key->user_depth = depth_of(bytes);
		}

		if (stop == STOP_TOO_DEEP)
			counters->user_truncated++;
		/* Bounds and index in one register: the verifier cannot see that two loads are equal. */
		barrier_var(stop);
		if (stop < STOP_REASONS)
			counters->stops[stop]++;
	}

	if (*active)
		count_sample(&samples_b, key, counters, leader);
	else
		count_sample(&samples_a, key, counters, leader);
	budget->spent_ns += bpf_ktime_get_ns() - started;
}

#endif
