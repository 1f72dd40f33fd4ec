/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which stacks are wanted of the processes that the session is about (filter.h), for all programs that count
 * stacks. Events of processes do not ask it: who follows images has to hear of all of them.
 */
#ifndef WAGGLE_STACK_FILTER_H
#define WAGGLE_STACK_FILTER_H

#include "../namespaces.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

/* The profiler itself, as tgid_of() has it, 0 for none. */
const volatile u32 own_tgid = 0;

/* Tid -> the process that it is of: a thread of another one may get its number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WANTED_THREADS_MAX);
	__type(key, u32);
	__type(value, u32);
} wanted_threads SEC(".maps") SHARED;

/* What userspace has decided against. It leaves out their stacks by itself: this only saves taking them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct stack_image);
	__type(value, u8);
} unwanted_images SEC(".maps") SHARED;

static __always_inline bool is_wanted_cpu(const struct stack_settings *settings, u32 cpu)
{
	return cpu < WANTED_CPUS_MAX && (settings->cpus[(cpu / 64) & (WANTED_CPUS_MAX / 64 - 1)] >> (cpu % 64) & 1);
}

static __always_inline bool is_wanted_thread(struct task_struct *task, u32 tgid)
{
	u32 tid = tid_of(task);
	u32 *process = bpf_map_lookup_elem(&wanted_threads, &tid);

	return process && *process == tgid;
}

static __always_inline bool is_unwanted_image(struct task_struct *task, u32 tgid)
{
	struct stack_image image = {
		.tgid = tgid,
		.start_boottime = start_time_of(BPF_CORE_READ(task, group_leader)),
		.exec_id = BPF_CORE_READ(task, self_exec_id),
	};

	return bpf_map_lookup_elem(&unwanted_images, &image) != NULL;
}

/*
 * A function of its own, verified once: most sessions ask for nothing of it.
 * @address of the task; @uid the real one, @cpu where it is
 */
__noinline int fits_stack_filter(u64 address, u32 tgid, u32 uid, u32 cpu)
{
	struct stack_settings *settings = ONLY(stack_settings);
	struct task_struct *task = (void *)address;
	u32 flags;

	if (!settings)
		return 1;
	flags = settings->flags;
	if ((flags & STACKS_WITHOUT_SELF) && tgid == own_tgid)
		return 0;
	if ((flags & STACKS_OF_USER) && uid != settings->uid)
		return 0;
	if ((flags & STACKS_OF_CPUS) && !is_wanted_cpu(settings, cpu))
		return 0;
	if ((flags & STACKS_OF_THREADS) && !is_wanted_thread(task, tgid))
		return 0;
	return !(flags & STACKS_WITHOUT_IMAGES) || !is_unwanted_image(task, tgid);
}

/* What most sessions ask for is answered at once: all, or all but ours. */
static __always_inline bool is_settled(const struct stack_settings *settings, u32 tgid, bool *passes)
{
	u32 flags = settings ? settings->flags & STACKS_FILTERED : 0;

	*passes = !((flags & STACKS_WITHOUT_SELF) && tgid == own_tgid);
	return !(flags & ~STACKS_WITHOUT_SELF) || !*passes;
}

/* As passes_stack_filter(), for who has the settings already: a look for them less at each switch. */
static __always_inline bool passes_given_filter(const struct stack_settings *settings, u32 tgid)
{
	bool passes;

	if (is_settled(settings, tgid, &passes))
		return passes;
	return fits_stack_filter(bpf_get_current_task(), tgid, bpf_get_current_uid_gid(),
				 bpf_get_smp_processor_id());
}

/* The current thread's stack is wanted: what passes_filter() has let through. @tgid of it */
static __always_inline bool passes_stack_filter(u32 tgid)
{
	return passes_given_filter(ONLY(stack_settings), tgid);
}

/* The same of a thread that is away from its CPU, which is the one that it was on last. */
static __always_inline bool passes_stack_filter_of(struct task_struct *task, u32 tgid)
{
	u64 address;
	bool passes;

	if (is_settled(ONLY(stack_settings), tgid, &passes))
		return passes;
	/* A function takes no pointer for a number: what is read is one. */
	bpf_probe_read_kernel(&address, sizeof(address), &task);
	return fits_stack_filter(address, tgid, BPF_CORE_READ(task, cred, uid.val),
				 BPF_CORE_READ(task, thread_info.cpu));
}

EXPORT_ENUM(stack_filter_bounds);

#endif
