// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Programs for each kind of attachment that is used: they count their runs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum counter { EXITS, SAMPLES, ENTRIES, RETURNS, SWITCHES, COUNTERS };

/* The process that is looked at. */
const volatile __u32 watched_tgid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		__sync_fetch_and_add(value, 1);
}

SEC("tp_btf/sched_process_exit")
int count_exit(void *ctx)
{
	count(EXITS);
	return 0;
}

SEC("perf_event")
int count_sample(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == watched_tgid)
		count(SAMPLES);
	return 0;
}

/* Counters of places are told by their cookies. */
SEC("uprobe.multi")
int count_entries(void *ctx)
{
	count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uretprobe.multi")
int count_returns(void *ctx)
{
	count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uprobe")
int count_entry(void *ctx)
{
	count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("raw_tp")
int count_switch(void *ctx)
{
	count(bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("kprobe")
int count_kernel_function(void *ctx)
{
	return 0;
}

/* No section name that libbpf could attach by itself. */
SEC("socket")
int not_attachable(void *ctx)
{
	return 0;
}
