/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Samples that userspace walks, because they met an object that has no table in the kernel yet.
 */
#ifndef WAGGLE_DEFERRED_H
#define WAGGLE_DEFERRED_H

#include "interpreters/walk.h"
#include "mapping.h"

/*
 * Copies what is in memory of the stack, by pages, and counts them in the sample, so that all rounds look
 * the same to the verifier: some may never have been touched, below the strings
 * of the command line or in an array that nobody wrote to, and a program cannot have them brought in.
 */
static __always_inline u64 copy_stack(struct walk *walk, struct deferred_sample *sample, u64 sp)
{
	u64 start = sp & ~(u64)(DEFERRED_PAGE_BYTES - 1);
	struct vm_area_struct *area = (void *)find_area(walk, sp);
	u64 end = area ? BPF_CORE_READ(area, vm_end) : 0;

	sample->stack_start = start;
	sample->stack_present = 0;
	sample->stack_pages = 0;
	for (u32 page = 0; page < DEFERRED_PAGES; page++) {
		u64 at = start + page * DEFERRED_PAGE_BYTES;

		if (at >= end)
			break;
		if (!bpf_probe_read_user(sample->stack + page * DEFERRED_PAGE_BYTES, DEFERRED_PAGE_BYTES,
					 (const void *)at)) {
			sample->stack_present |= 1U << page;
			sample->stack_pages = page + 1;
		}
	}
	return (u64)sample->stack_pages * DEFERRED_PAGE_BYTES;
}

/* Hands the thread's registers and stack to userspace. False when there is no room. */
static __always_inline bool defer_sample(struct walk *walk, struct sample_key *key,
					 struct task_struct *leader, const struct stack_weight *weight,
					 u32 slot)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct deferred_sample *sample = IN_SLOT(deferred_scratch, cpu * scratch_slots + slot);
	u64 bytes;

	if (!sample)
		return false;
	/* Not copied in vain. */
	if (bpf_ringbuf_query(&deferred_samples, BPF_RB_AVAIL_DATA) + sizeof(*sample) >
	    bpf_ringbuf_query(&deferred_samples, BPF_RB_RING_SIZE))
		return false;
	sample->tgid = key->tgid;
	sample->tid = key->tid;
	sample->start_boottime = key->start_boottime;
	sample->exec_id = key->exec_id;
	sample->time_ns = boottime_now();
	sample->cgroup_id = bpf_get_current_cgroup_id();
	sample->cpu = cpu;
	sample->event = key->event;
	sample->state = key->state;
	sample->number = key->number;
	sample->weight = weight->of_event;
	sample->runnable = weight->runnable;
	BPF_CORE_READ_INTO(&sample->comm, leader, comm);
	/* Else it has never been written to. */
	if (key->tid)
		bpf_get_current_comm(sample->thread_comm, sizeof(sample->thread_comm));
	sample->kernel_depth = key->kernel_depth;
	__builtin_memcpy(&sample->object, &walk->object, sizeof(sample->object));
	sample->object_address = walk->address;
	bpf_probe_read_kernel(sample->kernel, sizeof(sample->kernel), key->kernel);
	/* The walk has gone on from the innermost frame: its registers are the copy. */
	bpf_probe_read_kernel(sample->registers, sizeof(sample->registers), walk->registers);
	sample->pc = walk->start_pc;
	sample->returned_from = walk->returned_from;
	sample->trampoline = walk->trampoline;
	sample->replaced_count = walk->replaced_count;
	if (walk->replaced_count)
		bpf_probe_read_kernel(sample->replaced, sizeof(sample->replaced), walk->replaced);
#if defined(__TARGET_ARCH_x86)
	bytes = copy_stack(walk, sample, walk->registers[7]);
#else
	bytes = copy_stack(walk, sample, walk->registers[31]);
#endif
	/* What the key has is not counted any more. */
	sample->interpreted_depth = 0;
	if (take_interpreted(walk, slot))
		keep_interpreted(walk, slot, false);
	bytes += sample->interpreted_depth * sizeof(u64);
	/* Bounds and size in one register: the verifier cannot see that two are equal. */
	barrier_var(bytes);
	if (bytes > sizeof(sample->stack) + sizeof(sample->interpreted))
		return false;
	return !bpf_ringbuf_output(&deferred_samples, sample,
				   offsetof(struct deferred_sample, stack) + bytes, BPF_RB_NO_WAKEUP);
}

#endif
