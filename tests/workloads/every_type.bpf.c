/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What userspace may share with a program: a field of each kind, in maps, records and settings. */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum colour { RED, GREEN = 5, BLUE };
enum __attribute__((packed)) small { LEFT = 1, RIGHT };

struct address {
	u8 bytes[4];
	u16 port;
	u16 padding;
};

/* A word that TypeScript has for itself. */
struct class {
	u64 id;
	enum colour colour;
	bool flag;
	enum small side;
	s16 below;
	struct address from;
	struct {
		s32 x;
		s64 y;
	} nested;
	char name[16];
	char words[3][8];
	u32 numbers[3];
	struct address more[2];
	u53 whole;
};

struct sent {
	struct class all;
	u64 at;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 100);
	__type(key, struct address);
	__type(value, struct class);
} by_address SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 100);
	__type(key, char[16]);
	__type(value, enum colour);
} by_name SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} ring SEC(".maps");

RING_RECORD(ring, sent);

const volatile s32 threshold = -5;
const volatile u64 large = 1ULL << 60;
const volatile enum colour wanted_colour = GREEN;
const volatile bool enabled = true;
const volatile char prefix[8] = "abc";
const volatile u32 limits[4] = { 1, 2, 3, 4 };
const volatile struct address peer;

SEC("raw_tp/sys_enter")
int copy(void *context)
{
	struct address key = peer;
	struct class *value = bpf_map_lookup_elem(&by_address, &key);

	if (value && enabled)
		bpf_ringbuf_output(&ring, value, sizeof(struct sent) <= sizeof(*value) ? sizeof(struct sent) : sizeof(*value), 0);
	return threshold + large + wanted_colour + prefix[0] + limits[0];
}
