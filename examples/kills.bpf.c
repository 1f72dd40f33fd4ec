/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Who sent which signal to whom, and whom the kernel killed because memory had run out. examples/kills.ts
 * makes lines of it.
 *
 * Built by set-up, or by hand: ./waggle bpf build examples/kills.bpf.c
 */
#include "waggle.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Signals that are told, a bit each, 1 << (number - 1). Default: all but SIGCHLD (17), which every exit sends. */
const volatile u64 signal_mask = ~(1ULL << 16);

struct other_process {
	u64 start_boottime; /* ns; with pid, which process it is */
	u32 pid;
	u32 reserved;
	char comm[TASK_COMM_LEN];
};

/* The header is about who sent it. */
struct signal_sent {
	struct record_header header;
	s32 signal;
	u32 to_thread; /* tgkill(2): one thread of the process; else 0 */
	struct other_process to;
};
EVENT_RECORD(signal_sent);

/* The header is about who wanted memory when there was none. */
struct oom_kill {
	struct record_header header;
	struct other_process victim;
	u53 anonymous_pages;
};
EVENT_RECORD(oom_kill);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct kernel_siginfo {
	int si_code;
};
struct mm_rss_stat {
	s64 count[4];
};
/* Since Linux 6.2 a counter per CPU, of which the sum so far is enough. */
/* What Linux 6.10 gives the tracepoint; before, there was the pid alone. */
struct trace_event_raw_mark_victim {
	u32 uid;
};
#pragma clang attribute pop

#define MM_ANONPAGES 1

static __always_inline void fill_other(struct other_process *other, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	other->start_boottime = start_time_of(leader);
	other->pid = tgid_of(task);
	BPF_CORE_READ_INTO(&other->comm, leader, comm);
}

/*
 * info is 0 or 1 where the kernel itself sends one (include/linux/sched/signal.h: SEND_SIG_NOINFO is kill's own,
 * SEND_SIG_PRIV the kernel's); else si_code says so by being above 0. Those come from wherever an interrupt
 * was, so that the current process means nothing.
 */
static __always_inline bool is_from_process(struct kernel_siginfo *info)
{
	if ((u64)info <= 1)
		return !info;
	return BPF_CORE_READ(info, si_code) <= 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(signal_generated, int signal, struct kernel_siginfo *info, struct task_struct *target,
	     int group, int result)
{
	struct signal_sent record = { .signal = signal };

	if (signal < 1 || signal > 64 || !(signal_mask & (1ULL << (signal - 1))) || !is_from_process(info))
		return 0;
	if (!fill_current(&record.header))
		return 0;
	record.to_thread = group ? 0 : tid_of(target);
	fill_other(&record.to, target);
	SEND_EVENT(signal_sent, &record);
	return 0;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(victim_marked, struct task_struct *victim)
{
	struct oom_kill record = {};
	struct mm_struct *mm;

	if (!bpf_core_field_exists(((struct trace_event_raw_mark_victim *)0)->uid))
		return 0;
	if (!fill_current(&record.header))
		return 0;
	fill_other(&record.victim, victim);
	mm = BPF_CORE_READ(victim, mm);
	if (bpf_core_field_exists(((struct mm_struct___percpu *)0)->rss_stat))
		record.anonymous_pages = BPF_CORE_READ((struct mm_struct___percpu *)mm, rss_stat[MM_ANONPAGES].count);
	SEND_EVENT(oom_kill, &record);
	return 0;
}
