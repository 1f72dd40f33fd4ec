/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Each open by openat(2), as a record in the stream of events, as one in a ring of its own, and as a count. */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#if defined(__TARGET_ARCH_x86)
#define IS_OPENAT(regs) (BPF_CORE_READ(regs, orig_ax) == 257)
#else
#define IS_OPENAT(regs) (BPF_CORE_READ(regs, syscallno) == 56)
#endif

const volatile u32 only_flags = 0;

struct opened_record {
	struct record_header header;
	s32 result;
	u32 number;
};
EVENT_RECORD(opened_record);

struct own_record {
	u32 tgid;
	bool found;
	u8 reserved[3];
	u53 number;
	char comm[TASK_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} own_ring SEC(".maps");
RING_RECORD(own_ring, own_record);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct image_identity);
	__type(value, u53);
} made SEC(".maps");

SEC("tp_btf/sys_exit")
int BPF_PROG(on_open, struct pt_regs *regs, long result)
{
	struct opened_record record = { .result = result };
	struct own_record own = { .found = result >= 0 };
	struct image_identity image;
	u64 one = 1, *count;

	if (!IS_OPENAT(regs) || !fill_current(&record.header) || !fill_image(&image))
		return 0;
	count = bpf_map_lookup_elem(&made, &image);
	if (count)
		++*count;
	else
		bpf_map_update_elem(&made, &image, &one, BPF_ANY);
	own.number = record.number = count ? *count : 1;
	own.tgid = image.tgid;
	bpf_get_current_comm(own.comm, sizeof(own.comm));
	SEND_EVENT(opened_record, &record);
	bpf_ringbuf_output(&own_ring, &own, sizeof(own), 0);
	return 0;
}

/* No kernel takes it. */
SEC("tp_btf/sys_exit")
int BPF_PROG(refused_open, struct pt_regs *regs, long result)
{
	asm volatile("r1 = *(u64 *)(r10 - 1024)" ::: "r1");
	return 0;
}
