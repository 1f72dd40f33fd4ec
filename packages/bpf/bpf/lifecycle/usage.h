/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a process has used by its end: of the whole thread group, of all its programs, without its
 * children. It is what wait4(2) tells its parent a moment later, without what freeing its memory costs:
 * threads that were released are in signal_struct (__exit_signal in kernel/exit.c), others have their
 * own in task_struct, a leader that ended before its threads too.
 */
#ifndef WAGGLE_USAGE_H
#define WAGGLE_USAGE_H

#include "../kernel.h"
#include "../skeleton.h"
#include "clock_task.h"
#include "records.h"
#include "thread_io.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Of the kernel: memory is counted in pages. */
const volatile u32 page_size = 4096;

/* What is summed over threads, before CPU time is split. */
struct thread_sums {
	u64 user_ns;
	u64 system_ns;
	u64 runtime_ns;
	u64 major_faults;
	u64 voluntary;
	u64 involuntary;
	u64 read_bytes;
	u64 write_bytes;
};

/* Where the walk over the threads has got to: see add_thread(). */
struct thread_walk {
	u64 node;
	u64 end;
	u64 last; /* the thread that is counted already */
	struct thread_sums sums;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct thread_walk);
} thread_walks SEC(".maps");

/* Threads that are on their way out when the last one ends: more are not looked at. */
#define THREADS_AT_ONCE 64
#define THREADS_MAX (16 * THREADS_AT_ONCE)
/* A thread that is released between two looks would be counted twice, or not at all. */
#define LOOKS_MAX 4

static __always_inline void add_task(struct thread_sums *sums, struct task_struct *task,
				     const bool direct)
{
	sums->user_ns += KERNEL_FIELD(direct, task, utime);
	sums->system_ns += KERNEL_FIELD(direct, task, stime);
	sums->runtime_ns += KERNEL_FIELD(direct, task, se.sum_exec_runtime);
	sums->major_faults += KERNEL_FIELD(direct, task, maj_flt);
	sums->voluntary += KERNEL_FIELD(direct, task, nvcsw);
	sums->involuntary += KERNEL_FIELD(direct, task, nivcsw);
	if (counts_io(task)) {
		sums->read_bytes += KERNEL_FIELD(direct, task, ioac.read_bytes);
		sums->write_bytes += KERNEL_FIELD(direct, task, ioac.write_bytes);
	}
}

static __always_inline void add_released(struct thread_sums *sums, struct signal_struct *signal,
					 const bool direct)
{
	sums->user_ns += KERNEL_FIELD(direct, signal, utime);
	sums->system_ns += KERNEL_FIELD(direct, signal, stime);
	sums->runtime_ns += KERNEL_FIELD(direct, signal, sum_sched_runtime);
	sums->major_faults += KERNEL_FIELD(direct, signal, maj_flt);
	sums->voluntary += KERNEL_FIELD(direct, signal, nvcsw);
	sums->involuntary += KERNEL_FIELD(direct, signal, nivcsw);
}

/* The next thread of the walk in thread_walks; 0 when it has seen all. Verified once by itself, for the loop. */
__noinline int add_thread(void)
{
	struct thread_walk *walk = ONLY(thread_walks);
	struct list_head *node;
	struct task_struct *task;

	if (!walk)
		return 0;
	node = (void *)walk->node;
	if (!node || walk->node == walk->end)
		return 0;
	task = (void *)node - bpf_core_field_offset(struct task_struct, thread_node);
	if ((u64)task != walk->last)
		add_task(&walk->sums, task, false);
	walk->node = (u64)BPF_CORE_READ(node, next);
	return 1;
}

/* The loop in two halves, because the verifier goes through every round of one. */
__noinline int add_threads(void)
{
	for (int i = 0; i < THREADS_AT_ONCE; i++)
		if (!add_thread())
			return 0;
	return 1;
}

/* Even while nobody writes the sums of signal_struct: the counter is the first of a seqlock. */
static __always_inline u32 sums_version(struct signal_struct *signal)
{
	u32 version = 0;

	bpf_probe_read_kernel(&version, sizeof(version),
			      (void *)signal + bpf_core_field_offset(struct signal_struct, stats_lock));
	return version;
}

/* One look at all threads: 0 when somebody wrote the sums meanwhile. */
__noinline int look_at_threads(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct thread_walk *walk = ONLY(thread_walks);
	u32 version = sums_version(signal);

	if (!walk)
		return 1;
	__builtin_memset(&walk->sums, 0, sizeof(walk->sums));
	add_task(&walk->sums, task, false);
	add_released(&walk->sums, signal, false);
	walk->last = (u64)task;
	walk->end = (u64)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	walk->node = (u64)BPF_CORE_READ(signal, thread_head.next);
	for (int i = 0; i < THREADS_MAX / THREADS_AT_ONCE; i++)
		if (!add_threads())
			break;
	return !(version & 1) && version == sums_version(signal);
}

/*
 * Sums of all threads of the current one's group into thread_walks. A loop around a call and nothing else: into
 * one whose counter clang has put in front of its head Linux 6.1 sees a jump that it does not take.
 */
__noinline int sum_threads(void)
{
	for (int look = 0; look < LOOKS_MAX; look++)
		if (look_at_threads())
			break;
	return 1;
}

/* part * whole / sum without a number of 128 bits; `part` is at most `sum`. */
static __always_inline u64 share_of(u64 whole, u64 part, u64 sum)
{
	/* To 32 bits: the share is exact to 2^-31. */
	for (int i = 0; i < 32 && sum >> 32; i++) {
		sum >>= 1;
		part >>= 1;
	}
	return sum ? whole / sum * part + whole % sum * part / sum : 0;
}

/*
 * Ticks say where the time went, the scheduler how long it was: cputime_adjust() in
 * kernel/sched/cputime.c, and what was told to others before stays true.
 */
static __always_inline void split_cpu_time(struct exit_record *record, struct signal_struct *signal,
					   const struct thread_sums *sums, const bool direct)
{
	u64 told_user = KERNEL_FIELD(direct, signal, prev_cputime.utime);
	u64 told_system = KERNEL_FIELD(direct, signal, prev_cputime.stime);
	u64 runtime = sums->runtime_ns, user, system;

	if (told_user + told_system >= runtime) {
		record->user_ns = told_user;
		record->system_ns = told_system;
		return;
	}
	if (!sums->system_ns)
		system = 0;
	else if (!sums->user_ns)
		system = runtime;
	else
		system = share_of(runtime, sums->system_ns, sums->user_ns + sums->system_ns);
	if (system < told_system)
		system = told_system;
	user = runtime - system;
	if (user < told_user) {
		user = told_user;
		system = runtime - user;
	}
	record->user_ns = user;
	record->system_ns = system;
}

/* get_mm_rss() in include/linux/mm.h: counters that are below zero are nothing. */
#define COUNTED_PAGES(direct, mm, counter)                                                         \
	({                                                                                         \
		s64 counted = KERNEL_FIELD(direct, mm, rss_stat[counter].count);                   \
		counted > 0 ? (u64)counted : 0;                                                    \
	})

/*
 * The most that was resident at once, in bytes: of the last program where its memory is still there, as it is
 * from Linux 6.16 on. Before, do_exit() has let it go, and what it left is that of all programs, with the
 * parent's where the child ran in it until its exec (vfork).
 */
static __always_inline u64 max_resident(struct task_struct *task, struct signal_struct *signal,
					const bool direct)
{
	struct mm_struct *mm = KERNEL_FIELD(direct, task, mm);
	struct mm_struct___percpu *counters = (void *)mm;
	u64 most, now;

	if (!mm || !bpf_core_field_exists(counters->rss_stat))
		return KERNEL_FIELD(direct, signal, maxrss) * page_size;
	now = COUNTED_PAGES(direct, counters, MM_FILEPAGES) +
	      COUNTED_PAGES(direct, counters, MM_ANONPAGES) +
	      COUNTED_PAGES(direct, counters, MM_SHMEMPAGES);
	most = KERNEL_FIELD(direct, mm, hiwater_rss);
	return (most > now ? most : now) * page_size;
}

#ifdef WITHOUT_USAGE
/* What the rest of an exit costs: packages/kernel/bench. */
static __always_inline void add_usage(struct exit_record *record, struct task_struct *task,
				      const bool direct)
{
}
#else
/* The current thread is the last of its process. */
static __always_inline void add_usage(struct exit_record *record, struct task_struct *task,
				      const bool direct)
{
	struct signal_struct *signal = KERNEL_FIELD(direct, task, signal);
	struct thread_sums alone = {}, *sums = &alone;
	struct thread_walk *walk;

	if (KERNEL_FIELD(direct, signal, nr_threads) == 1) {
		add_task(sums, task, direct);
		add_released(sums, signal, direct);
	} else {
		walk = ONLY(thread_walks);
		if (!walk || !sum_threads())
			return;
		sums = &walk->sums;
	}
	sums->runtime_ns += running_for(task, direct);
	split_cpu_time(record, signal, sums, direct);
	record->max_rss_bytes = max_resident(task, signal, direct);
	record->major_faults = sums->major_faults;
	record->voluntary_switches = sums->voluntary;
	record->involuntary_switches = sums->involuntary;
	record->read_bytes = sums->read_bytes;
	record->write_bytes = sums->write_bytes;
	if (counts_io(task))
		add_released_io(record, task, signal, direct);
	else
		record->header.flags |= RECORD_WITHOUT_IO;
}
#endif

#endif
