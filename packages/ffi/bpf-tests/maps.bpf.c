// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Maps of each kind, and constants that decide what a program returns. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

const volatile struct {
	__u32 answer;
	__u32 unused;
} constants = {.answer = 1, .unused = 0xabcdef};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

/* Twelve bytes: the kernel pads each CPU's value to sixteen. */
struct twelve {
	__u32 words[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct twelve);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} resized SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} runs SEC(".maps");

SEC("socket")
int answer(void *ctx)
{
	return constants.answer;
}

SEC("socket")
int count_run(void *ctx)
{
	__u32 zero = 0;
	__u32 *count = bpf_map_lookup_elem(&runs, &zero);

	if (count)
		++*count;
	return 0;
}
