/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What is kept of each thread that is followed. Each switch of a CPU looks it up twice, of who has left and of
 * who has come, so it is in an array, by the task's address, which is not read. A thread whose place is taken
 * has it in its task's storage, which costs a call.
 */
#ifndef WAGGLE_THREAD_TIMES_H
#define WAGGLE_THREAD_TIMES_H

/* Stacks of who woke others. */
#define NUMBERED_STACKS BPF_MAP_TYPE_LRU_HASH
#include "../stacks/numbered.h"

/* Each works in a part of its own: the clock and who wakes others interrupt a thread that has just come back to
 * its CPU, and the iterator can be preempted. */
enum off_cpu_slots {
	SLOT_OF_SWITCHES = 0,
	SLOT_OF_CLOCK = 1,
	SLOT_OF_ITERATOR = 2,
	SLOT_OF_WAKER = 3,
	OFF_CPU_SLOTS = 4,
};

/* Times are ns of CLOCK_MONOTONIC. What a switch needs of who has left is in the first 64 bytes. */
struct thread_times {
	u64 task;       /* its address; 0: the place is free; or PLACE_BEING_FILLED */
	u32 left_state; /* of the task when it left, as far as that was seen */
	u32 ends;       /* it has passed sched_process_exit: an address is used again */
	u64 left;       /* its CPU; not later than `entered`: it is on one, or nobody saw it leave */
	u64 entered;    /* its CPU; 0: what is in the task's storage is being filled */
	u64 ran;        /* what the scheduler had counted then: se.sum_exec_runtime, */
	u64 run_delay;  /* sched_info.run_delay, */
	u64 sleeps;     /* nvcsw */
	u64 on_since;   /* on a CPU, as far as that is not counted yet; 0 unless on_cpu */
	u64 unseen[THREAD_STATES]; /* without a stack so far */
	u64 next_stack_ns; /* so much of that is due for a stack */
	u32 tid; /* the rest is gone when it ends */
	u32 tgid;
	u32 waker; /* the number of the stack that woke it; 0: nobody's that is known */
	u32 is_new; /* it has not run yet */
	u64 reserved_too;
};

/* No task's address. */
#define PLACE_BEING_FILLED 1

#define THREAD_PLACE_BITS 14
#define THREAD_PLACES (1 << THREAD_PLACE_BITS)
/* 2^64 by the golden ratio: spreads numbers that have much in common. */
#define SPREAD 0x9e3779b97f4a7c15ULL

/* A global and no map: its address is a constant of the program, where a lookup takes a key in memory and a
 * branch, twice at each switch. */
struct thread_times thread_places[THREAD_PLACES];

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_times);
} thread_times SEC(".maps");

enum off_cpu_phase {
	PHASE_BEGIN = 0, /* the iterator notes who is away already */
	PHASE_END = 1,   /* it counts who is away still */
	PHASE_END_IN_HASTE = 2, /* without the user's stack, for which there is no room */
};

struct off_cpu_settings {
	u32 event;    /* number of what is counted */
	u32 phase;    /* off_cpu_phase */
	u64 begun_ns; /* CLOCK_BOOTTIME */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct off_cpu_settings);
} off_cpu_settings SEC(".maps");

struct off_cpu_counters {
	u64 whole;  /* absences with a stack of their own */
	u64 whole_ns;
	u64 summed; /* short ones, for many of which one stack stands */
	u64 summed_ns;
	u64 stacks_for_sums;
	u64 left_out; /* shorter than what was asked for */
	u64 left_out_ns;
	u64 unfinished; /* absences that went on at the end */
	u64 untracked;  /* there was no memory to follow a thread */
};

/* Of a CPU: who has it, since when, and what stacks have cost it. */
struct cpu_times {
	u64 task;       /* its address; 0: nobody, or it is not known */
	u64 entered;
	u64 clock_offset; /* scheduler_clock.h */
	u64 clock_checked;
	u64 clock_least;
	u64 clock_looks;
	u64 window_start; /* stacks of short absences */
	u64 window_spent;
	struct off_cpu_counters counters;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_times);
} cpu_times SEC(".maps");

/* Short absences: one stack for about so much time; a power of two. */
#define TIME_FOR_A_STACK_NS (1ULL << 20)

/* A bit for each thread_state that is wanted. */
const volatile u32 wanted_states = (1 << THREAD_STATES) - 1;

/* Time on the CPU too, all of it and with stacks by the clock. */
const volatile bool on_cpu = false;

/* include/linux/sched.h */
#define TASK_UNINTERRUPTIBLE 0x2
#define TASK_DEAD 0x80
#define TASK_NOLOAD 0x400 /* with the second: a thread of the kernel that has nothing to do */
#define PF_EXITING 0x4

/* Of a task that has gone to sleep. */
static __always_inline u32 sleep_state_of(u64 task_state)
{
	if ((task_state & TASK_UNINTERRUPTIBLE) && !(task_state & TASK_NOLOAD))
		return THREAD_UNINTERRUPTIBLE;
	return THREAD_INTERRUPTIBLE;
}

static __always_inline u64 task_state_of(struct task_struct *task)
{
	struct task_struct___state *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ(old, state);
}

/* NULL unless stacks are counted. */
static __always_inline struct stack_settings *counting(void)
{
	struct stack_settings *stacks = ONLY(stack_settings);

	return stacks && (stacks->flags & STACKS_WANTED) ? stacks : NULL;
}

/* Whether stacks of the task are wanted; its process in our namespace. */
static __always_inline bool is_followed(struct task_struct *task, u32 *tgid)
{
	struct filter_settings *filter = ONLY(filter_settings);

	if (!filter)
		return false;
	*tgid = tgid_of(task);
	return *tgid && filter_passes(filter, *tgid, task);
}

/* Now, or when counting ended. */
static __always_inline u64 counted_until(const struct stack_settings *stacks)
{
	u64 now = bpf_ktime_get_ns();

	return stacks->until_ns && now > stacks->until_ns ? stacks->until_ns : now;
}

static __always_inline u64 since(u64 then, u64 now)
{
	return now > then ? now - then : 0;
}

/* A number, which a pointer is not in the verifier's eyes. */
static __always_inline u64 address_of(struct task_struct *task)
{
	u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &task);
	return address;
}

static __always_inline struct thread_times *place_of(u64 task)
{
	return &thread_places[task * SPREAD >> (64 - THREAD_PLACE_BITS)];
}

/* Of a thread that is followed already. */
static __always_inline struct thread_times *known_times(struct task_struct *task, u64 address)
{
	struct thread_times *times = place_of(address);

	if (times->task == address && (!times->ends || (task->flags & PF_EXITING)))
		return times;
	times = bpf_task_storage_get(&thread_times, task, NULL, 0);
	return times && times->entered ? times : NULL;
}

/*
 * A place for who has none; what it held is gone. Nobody else finds it before is_filled(): the iterator meets a thread
 * that comes to another CPU meanwhile, or takes this one from the iterator, and would have been away since the
 * machine was started.
 */
static __always_inline struct thread_times *take_place(struct task_struct *task, u64 address, u32 tgid)
{
	struct thread_times *times = place_of(address);
	u64 holder = times->task;
	u32 tid;

	/* Free, or of one whose end nobody saw. */
	if (holder != PLACE_BEING_FILLED && (!holder || times->ends) &&
	    __sync_val_compare_and_swap(&times->task, holder, PLACE_BEING_FILLED) == holder) {
		times->left = times->left_state = times->on_since = times->ends = times->waker = 0;
		for (u32 state = 0; state < THREAD_STATES; state++)
			times->unseen[state] = 0;
	} else {
		times = bpf_task_storage_get(&thread_times, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	}
	if (!times) {
		struct cpu_times *cpu = ONLY(cpu_times);

		if (cpu)
			cpu->counters.untracked++;
		return NULL;
	}
	tid = tid_of(task);
	times->is_new = 0;
	times->tgid = tgid;
	times->tid = tid;
	times->next_stack_ns = TIME_FOR_A_STACK_NS / 2;
	return times;
}

/* The place that was taken is the task's. */
static __always_inline void is_filled(struct thread_times *times, u64 address)
{
	__sync_val_compare_and_swap(&times->task, PLACE_BEING_FILLED, address);
}

/* What the scheduler has counted of the thread until now. */
static __always_inline void note_counts(struct thread_times *times, struct task_struct *task)
{
	times->ran = task->se.sum_exec_runtime;
	times->run_delay = task->sched_info.run_delay;
	times->sleeps = task->nvcsw;
}

/*
 * Of one that began after counting did: what the scheduler has counted since its birth is all of it. False of
 * others.
 */
static __always_inline bool note_birth(struct thread_times *times, struct task_struct *task,
				       const struct off_cpu_settings *settings, u64 now)
{
	if (start_time_of(task) < settings->begun_ns)
		return false;
	times->entered = since(bpf_ktime_get_boot_ns() - task->start_boottime, now);
	times->ran = times->run_delay = times->sleeps = 0;
	return true;
}

/* It has run ever since it had its first CPU, or until it left that. @is_wanted its time is counted */
static __always_inline void note_first_wait(struct thread_times *times, struct task_struct *task, bool is_wanted)
{
	u64 waited = task->sched_info.run_delay;

	if (is_wanted && (wanted_states & 1 << THREAD_RUNNABLE))
		times->unseen[THREAD_RUNNABLE] = waited;
	times->entered += waited;
	times->run_delay = waited;
}

/* When a thread left its CPU; where nobody saw it, by what the scheduler has counted of its run. */
static __always_inline u64 when_left(const struct thread_times *times, struct task_struct *task, u64 now)
{
	u64 left = times->left;

	if (left <= times->entered)
		left = times->entered + since(times->ran, task->se.sum_exec_runtime);
	return left < now ? left : now;
}

/* Where a thread is that is away from its CPU. @state of its task */
static __always_inline u32 absence_of(const struct thread_times *times, struct task_struct *task, u64 state)
{
	return task->nvcsw == times->sleeps ? THREAD_RUNNABLE : sleep_state_of(state);
}

/* What no stack stands for. */
static __noinline int count_unseen(struct task_struct *task, struct thread_times *times, u32 slot)
{
	struct stack_settings *stacks = ONLY(stack_settings);
	struct off_cpu_settings *settings = ONLY(off_cpu_settings);
	struct sample_counters *counters = ONLY(sample_counters);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct task_struct *leader;

	if (!stacks || !settings || !counters || !key || !times)
		return 0;
	leader = BPF_CORE_READ(task, group_leader);
	clear_frames(key);
	identify_owner(key, task, leader, times->tgid);
	if (stacks->flags & STACKS_BY_THREAD)
		key->tid = times->tid;
	key->event = settings->event;
	key->user_depth = key->kernel_depth = 0;
	key->user_stop = STOP_NOT_TAKEN;
	for (u32 state = 0; state < THREAD_STATES; state++) {
		struct stack_weight weight = { .of_event = times->unseen[state] };

		if (!weight.of_event)
			continue;
		times->unseen[state] = 0;
		key->state = state;
		count_key(key, counters, task, &weight);
	}
	return 0;
}

#endif
