/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Every file that a process opens or cannot open, and how long the call took. examples/file-opens.ts makes
 * lines of it.
 *
 * Built by set-up, or by hand: ./waggle bpf build examples/file-opens.bpf.c
 */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* waggle's own process, which every session says: telling of files opens some. */
const volatile u32 own_tgid = 0;
/* Shorter calls are not told; 0: all are. */
const volatile u64 min_duration_ns = 0;

struct file_open {
	struct record_header header;
	u53 duration_ns;
	s32 result; /* a descriptor, or the errno below 0 */
	u32 reserved;
	char path[256]; /* as it was given; cut where it is longer */
};
EVENT_RECORD(file_open);

/* Who is in a call, by thread: since when. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
} entered SEC(".maps");

/* Too large for the stack of a program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct file_open);
} scratch SEC(".maps");

static __always_inline bool is_open(long call)
{
	return call == SYSTEM_CALL_OPENAT || call == SYSTEM_CALL_OPENAT2 || call == SYSTEM_CALL_OPEN ||
	       call == SYSTEM_CALL_CREAT;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(enter_open, struct pt_regs *regs, long call)
{
	u64 thread = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	if (is_open(call))
		bpf_map_update_elem(&entered, &thread, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave_open, struct pt_regs *regs, long result)
{
	u64 thread = bpf_get_current_pid_tgid(), duration, *since;
	long call = system_call_of(regs);
	struct file_open *record;

	if (!is_open(call))
		return 0;
	since = bpf_map_lookup_elem(&entered, &thread);
	record = ONLY(scratch);
	if (!since || !record)
		return 0;
	duration = bpf_ktime_get_ns() - *since;
	bpf_map_delete_elem(&entered, &thread);
	if (duration < min_duration_ns || !fill_current(&record->header) || record->header.tgid == own_tgid)
		return 0;
	record->duration_ns = duration;
	record->result = result;
	/* openat and openat2 begin with the folder. */
	bool has_folder = call == SYSTEM_CALL_OPENAT || call == SYSTEM_CALL_OPENAT2;
	void *path = (void *)argument_of(regs, has_folder ? 1 : 0);
	if (bpf_probe_read_user_str(record->path, sizeof(record->path), path) < 0)
		record->path[0] = 0;
	SEND_EVENT(file_open, record);
	return 0;
}
