/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a BPF program of an agent's own includes. It gives the kernel's types, the session's filter, the
 * identity of the current image, and records in the stream of events:
 *
 *	#include "waggle.h"
 *
 *	struct open_record { struct record_header header; u32 mode; u32 padding; };
 *	EVENT_RECORD(open_record);
 *
 *	SEC("tp_btf/...") int BPF_PROG(on_open, ...)
 *	{
 *		struct open_record record = { .mode = ... };
 *
 *		if (fill_current(&record.header))
 *			SEND_EVENT(open_record, &record);
 *		return 0;
 *	}
 *
 * Such records are numbered with forks, execs and exits, so that their order is kept and a loss is exact.
 * That holds for programs that nothing of theirs interrupts: tracepoints in process context. Others, those
 * of the network above all, send to a ring of their own, from wherever they run:
 *
 *	OWN_RING(connections, connection_record, 1 << 20);
 *	...
 *	SEND_TO(connections, &record);
 *
 * Their records come in order among themselves, and behind the events of the same moment.
 */
#ifndef WAGGLE_H
#define WAGGLE_H

#include "events.h"
#include "system_call.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* A struct that begins with a record_header `header` is a record of process_events. Its number is given
 * by whoever loads the object. */
#define EVENT_RECORD(record)                                                                       \
	RING_RECORD(process_events, record);                                                           \
	const volatile u32 type_of_##record = 0

/* Sends a record that fill_current() was true of. */
#define SEND_EVENT(record, address) send_event(address, sizeof(*(address)), &(address)->header, type_of_##record)

/* A ring of so many bytes, a power of two from a page on, with records of one struct, and how many of them it
 * had no room for. A struct that begins with a record_header may be of events. */
#define OWN_RING(ring, record, bytes)                                                              \
	struct {                                                                                       \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                        \
		__uint(max_entries, bytes);                                                                \
	} ring SEC(".maps");                                                                           \
	struct {                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                          \
		__uint(max_entries, 1);                                                                    \
		__type(key, u32);                                                                          \
		__type(value, u53);                                                                        \
	} ring##_lost SEC(".maps");                                                                    \
	RING_RECORD(ring, record)

/* Sends a record, whose header says which process it is about: the current one by fill_current(), or another
 * by what fill_current() said of it earlier. The time is now. */
#define SEND_TO(ring, address)                                                                     \
	do {                                                                                           \
		u64 *lost_of_ring = ONLY(ring##_lost);                                                     \
		(address)->header.size = sizeof(*(address));                                               \
		(address)->header.cpu = bpf_get_smp_processor_id();                                        \
		(address)->header.time_ns = boottime_now();                                                \
		if (bpf_ringbuf_output(&ring, address, sizeof(*(address)), 0) && lost_of_ring)             \
			__sync_fetch_and_add(lost_of_ring, 1);                                                 \
	} while (0)

/* A process image: for keys of maps. */
struct image_identity {
	u64 start_boottime; /* ns, as in record_header */
	u64 exec_id;
	u32 tgid;
	u32 reserved;
};

/* Whether the session is about the current task, and has begun. Threads of the kernel have no process here. */
static __always_inline bool is_wanted(u32 tgid)
{
	struct filter_settings *settings = ONLY(filter_settings);

	return settings && (settings->flags & SESSION_BEGUN) && tgid && passes_filter(settings, tgid);
}

/* Says who the current task is; false where the session is not about it. In process context only. */
static __always_inline bool fill_current(struct record_header *header)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!is_wanted(tgid_of(task)))
		return false;
	fill_header(header, task);
	return true;
}

/* The same as a key. */
static __always_inline bool fill_image(struct image_identity *image)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	image->tgid = tgid_of(task);
	image->reserved = 0;
	if (!is_wanted(image->tgid))
		return false;
	image->start_boottime = start_time_of(BPF_CORE_READ(task, group_leader));
	image->exec_id = BPF_CORE_READ(task, self_exec_id);
	return true;
}

static __always_inline void send_event(void *record, u64 size, struct record_header *header, u32 type)
{
	struct event_counters *counters = ONLY(event_counters);

	if (counters && type && type < RECORD_TYPES)
		submit(record, size, header, counters, type);
}

#endif
