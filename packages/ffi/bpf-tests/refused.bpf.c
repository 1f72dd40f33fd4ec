// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The verifier must refuse this: it reads behind a map value, after a walk whose log has more
 * than 64 KiB. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps");

SEC("socket")
int out_of_bounds(void *ctx)
{
	__u32 zero = 0;
	volatile __u64 *value = bpf_map_lookup_elem(&values, &zero);

	if (!value)
		return 0;
#pragma unroll
	for (int step = 0; step < 1000; step++)
		*value += bpf_ktime_get_ns();
	return value[5];
}

SEC("socket")
int accepted(void *ctx)
{
	return 0;
}
