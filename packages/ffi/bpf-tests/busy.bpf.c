// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A record that stays busy for hold_ns, with a finished one in front and one behind: reserved,
 * but not yet submitted while the program spins. bpf_loop is as old as kernel 5.17.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define MAX_SPINS (1 << 23)

const volatile struct {
	__u64 hold_ns;
	__u64 tgid;
} settings = {};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} records SEC(".maps");

static long spin(__u32 index, void *deadline)
{
	return bpf_ktime_get_ns() >= *(__u64 *)deadline;
}

SEC("raw_tp/sched_process_exec")
int hold(void *ctx)
{
	__u64 deadline = bpf_ktime_get_ns() + settings.hold_ns;
	__u64 first = 1, last = 3;
	__u64 *held;

	if (bpf_get_current_pid_tgid() >> 32 != settings.tgid)
		return 0;
	bpf_ringbuf_output(&records, &first, sizeof(first), BPF_RB_NO_WAKEUP);
	held = bpf_ringbuf_reserve(&records, sizeof(*held), 0);
	if (!held)
		return 0;
	bpf_ringbuf_output(&records, &last, sizeof(last), BPF_RB_NO_WAKEUP);
	bpf_loop(MAX_SPINS, spin, &deadline, 0);
	*held = 2;
	bpf_ringbuf_submit(held, BPF_RB_NO_WAKEUP);
	return 0;
}
