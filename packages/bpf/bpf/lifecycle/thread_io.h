/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Bytes to and from storage of threads that have ended. signal_struct sums those of the threads and those of
 * the children that were waited for (wait_task_zombie in kernel/exit.c), and does not keep them apart. So
 * each thread's are noted at its end, for processes that have both.
 */
#ifndef WAGGLE_THREAD_IO_H
#define WAGGLE_THREAD_IO_H

#include "../kernel.h"
#include "ended_groups.h"
#include "records.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct io_bytes {
	u64 read;
	u64 write;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ended_group);
	__type(value, struct io_bytes);
} thread_io SEC(".maps");

/* CONFIG_TASK_IO_ACCOUNTING */
static __always_inline bool counts_io(struct task_struct *task)
{
	return bpf_core_field_exists(task->ioac.read_bytes);
}

/* A thread ends, and its process does not. */
static __always_inline void note_thread_io(struct task_struct *task, struct task_struct *leader)
{
	struct ended_group group = {};
	struct io_bytes io = {}, *sum;

	if (!counts_io(task))
		return;
	io.read = BPF_CORE_READ(task, ioac.read_bytes);
	io.write = BPF_CORE_READ(task, ioac.write_bytes);
	if (!io.read && !io.write)
		return;
	fill_group(&group, task, leader);
	sum = bpf_map_lookup_elem(&thread_io, &group);
	if (sum) {
		__sync_fetch_and_add(&sum->read, io.read);
		__sync_fetch_and_add(&sum->write, io.write);
	} else {
		bpf_map_update_elem(&thread_io, &group, &io, BPF_ANY);
	}
}

static __always_inline bool waited_for_children(struct signal_struct *signal)
{
	return BPF_CORE_READ(signal, cmin_flt) || BPF_CORE_READ(signal, cnvcsw);
}

/* Adds what threads that are gone have read and written to what those that are there have. */
static __always_inline void add_released_io(struct exit_record *record, struct task_struct *task,
					    struct signal_struct *signal, const bool direct)
{
	struct ended_group group = {};
	struct io_bytes *sum;

	/* It never had another thread. */
	if (!KERNEL_FIELD(direct, signal, sum_sched_runtime))
		return;
	if (!waited_for_children(signal)) {
		record->read_bytes += BPF_CORE_READ(signal, ioac.read_bytes);
		record->write_bytes += BPF_CORE_READ(signal, ioac.write_bytes);
		return;
	}
	/* A leader that has ended is there, and noted as well. */
	record->read_bytes = BPF_CORE_READ(task, ioac.read_bytes);
	record->write_bytes = BPF_CORE_READ(task, ioac.write_bytes);
	fill_group(&group, task, BPF_CORE_READ(task, group_leader));
	sum = bpf_map_lookup_elem(&thread_io, &group);
	if (!sum)
		return;
	record->read_bytes += sum->read;
	record->write_bytes += sum->write;
	bpf_map_delete_elem(&thread_io, &group);
}

#endif
