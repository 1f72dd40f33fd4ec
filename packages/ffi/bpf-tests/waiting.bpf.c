// SPDX-License-Identifier: GPL-2.0 OR MIT
/* One small record a run, submitted with or without waking the reader. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define BY_FILL_LEVEL 3

/* 0, BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP, or BY_FILL_LEVEL: forced from wakeup_bytes on. */
const volatile struct {
	__u32 mode;
	__u32 wakeup_bytes;
} wakeup = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} records SEC(".maps");

SEC("socket")
int emit(void *ctx)
{
	__u64 *record = bpf_ringbuf_reserve(&records, 2 * sizeof(*record), 0);
	__u64 flags = wakeup.mode;

	if (!record)
		return 1;
	record[0] = 1;
	record[1] = bpf_ktime_get_ns();
	if (flags == BY_FILL_LEVEL)
		flags = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) >= wakeup.wakeup_bytes ?
				BPF_RB_FORCE_WAKEUP :
				BPF_RB_NO_WAKEUP;
	bpf_ringbuf_submit(record, flags);
	return 0;
}
