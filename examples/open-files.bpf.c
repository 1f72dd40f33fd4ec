/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * How many files each process opened, and how often it could not: counted in the kernel, for system calls
 * of the native ABI. examples/open-files.ts reads the counts.
 *
 * Built by set-up, or by hand: ./waggle bpf build examples/open-files.bpf.c
 */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct process {
	u64 start_boottime;
	u32 tgid;
	u32 reserved;
};

struct open_counts {
	u53 opened;
	u53 failed;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct process);
	__type(value, struct open_counts);
} opens SEC(".maps");

/* Calls of processes that found it full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u53);
} missed SEC(".maps");

/* arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h */
static __always_inline bool is_open(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	long number = BPF_CORE_READ(regs, orig_ax);

	return number == 2 || number == 85 || number == 257 || number == 437; /* open, creat, openat, openat2 */
#else
	s32 number = BPF_CORE_READ(regs, syscallno);

	return number == 56 || number == 437; /* openat, openat2 */
#endif
}

static __always_inline void count(struct pt_regs *regs, long result)
{
	struct open_counts fresh = {}, *counts;
	struct image_identity image;
	struct process process = {};
	u64 *misses;

	if (!is_open(regs) || !fill_image(&image))
		return;
	process.start_boottime = image.start_boottime;
	process.tgid = image.tgid;
	counts = bpf_map_lookup_elem(&opens, &process);
	if (!counts) {
		bpf_map_update_elem(&opens, &process, &fresh, BPF_NOEXIST);
		counts = bpf_map_lookup_elem(&opens, &process);
	}
	if (counts) {
		__sync_fetch_and_add(result >= 0 ? &counts->opened : &counts->failed, 1);
		return;
	}
	misses = ONLY(missed);
	if (misses)
		__sync_fetch_and_add(misses, 1);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(count_open, struct pt_regs *regs, long result)
{
	count(regs, result);
	return 0;
}

/* For kernels that refuse the first. */
SEC("raw_tp/sys_exit")
int BPF_PROG(count_open_raw, struct pt_regs *regs, long result)
{
	count(regs, result);
	return 0;
}
