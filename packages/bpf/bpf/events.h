/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Records of process_events: who is wanted, the header, and how a record is sent. The tracepoints of the
 * scheduler and of system calls run with preemption off in process context, which is what makes the
 * per-CPU sequence number safe without a lock; programs that interrupt others need a ring of their own.
 */
#ifndef WAGGLE_EVENTS_H
#define WAGGLE_EVENTS_H

#include "cgroup.h"
#include "filter.h"

/* The run-time switch. 0: only exits of tracked processes. 1: everything. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} lifecycle_tracking_map SEC(".maps") SHARED;

static __always_inline bool wanted(struct filter_settings *settings, struct event_counters *counters,
				   u32 type, u32 tgid)
{
	u32 *tracking = ONLY(lifecycle_tracking_map);

	if (!tracking)
		return false;
	if (pid_namespace && !tgid) {
		counters->foreign++;
		return false;
	}
	if (!*tracking && (type != RECORD_EXIT || tracked_state_of(tgid) != TRACKED_ACTIVE))
		return false;
	if (!(settings->event_mask & (1 << type)))
		return false;
	if (!passes_filter(settings, tgid)) {
		counters->filtered[type]++;
		return false;
	}
	return true;
}

static __always_inline void submit(void *record, u64 size, struct record_header *header,
				   struct event_counters *counters, u32 type)
{
	header->type = type;
	header->size = size;
	header->cpu = bpf_get_smp_processor_id();
	header->sequence = counters->next_sequence++;
	header->time_ns = boottime_now();
	/* Flags 0: the kernel wakes a sleeping reader for the first record after it has caught up,
	 * and nobody for the others (docs/adr/0001-waiting.md). */
	if (bpf_ringbuf_output(&process_events, record, size, 0))
		counters->dropped[type]++;
}

static __always_inline void fill_header(struct record_header *header, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);

	header->flags = 0;
	header->tid = tid_of(task);
	header->tgid = tgid_of(task);
	header->start_boottime = start_time_of(leader);
	header->exec_id = BPF_CORE_READ(task, self_exec_id);
	header->parent_tgid = tgid_of(parent);
	header->parent_start_boottime = start_time_of(BPF_CORE_READ(parent, group_leader));
	header->parent_exec_id = BPF_CORE_READ(parent, self_exec_id);
	header->cgroup_key = reported_cgroup_of(task);
	BPF_CORE_READ_INTO(&header->comm, leader, comm);
}

EXPORT_ENUM(record_bounds);
EXPORT_ENUM(record_type);
EXPORT_ENUM(record_flags);

#endif
