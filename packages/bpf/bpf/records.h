/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the programs and userspace exchange: records of the ring buffer, values of the maps,
 * bounds. TypeScript's side of every struct here is generated from the object's BTF
 * (scripts/generate-layouts.ts); nothing is typed twice.
 */
#ifndef WAGGLE_RECORDS_H
#define WAGGLE_RECORDS_H

#include "kernel.h"

/* Bounds of one exec record. PATH_MAX of linux/limits.h for the file name; the arguments of
 * almost every real command line fit 16 KiB, and record_scratch has to stay below the 32 KiB
 * that a per-CPU map value may have. Longer ones are cut and flagged. */
enum record_bounds {
	FILENAME_MAX_BYTES = 4096,
	ARGV_MAX_BYTES = 16384,
};

enum record_type {
	RECORD_FORK = 1,
	RECORD_EXEC = 2,
	RECORD_EXIT = 3,
	RECORD_TYPES = 4,
};

enum record_flags {
	RECORD_ARGV_TRUNCATED = 1 << 0,
	RECORD_FILENAME_TRUNCATED = 1 << 1,
	RECORD_ARGV_UNREADABLE = 1 << 2,
};

/* Identity of the process image that the record is about, and its place in the stream. */
struct record_header {
	u16 type;
	u16 flags;
	u32 size;           /* bytes of the whole record, this header included */
	u32 cpu;
	u32 tid;
	u64 sequence;       /* per CPU; failed reservations consume one too */
	u64 time_ns;        /* CLOCK_BOOTTIME */
	u32 tgid;
	u32 parent_tgid;
	u64 start_boottime; /* ns, of the thread group leader */
	u64 exec_id;        /* task->self_exec_id */
	u64 parent_start_boottime;
	char comm[TASK_COMM_LEN];
};

struct fork_record {
	struct record_header header; /* of the parent */
	u32 child_tgid;
	u32 reserved;
	u64 child_start_boottime;
};

struct exec_record {
	struct record_header header;
	u64 cgroup_id;        /* in the v2 hierarchy */
	u64 memory_cgroup_id; /* in the memory controller's: on v1 hosts the container's */
	u32 uid;
	u32 gid;
	u32 mount_namespace;
	u32 pid_namespace;
	u32 old_tid;         /* the thread that called execve */
	u32 filename_length; /* bytes in payload, without NUL */
	u32 argv_length;     /* bytes behind the file name, NUL between arguments */
	u32 argv_total;      /* bytes the process really has */
	char payload[FILENAME_MAX_BYTES + ARGV_MAX_BYTES];
};

struct exit_record {
	struct record_header header;
	u64 cgroup_id;
	u32 uid;
	u32 exit_code; /* as wait(2) reports it: status in 8-15, signal in 0-6, core in 7 */
};

enum filter_flags {
	FILTER_PROCESSES = 1 << 0, /* only tracked_processes */
	FILTER_CGROUPS = 1 << 1,   /* only tasks under tracked_cgroups */
};

enum filter_bounds {
	TRACKED_CGROUPS_MAX = 16,
};

/* One for the whole session, changed while running. */
struct filter_settings {
	u32 event_mask;   /* 1 << record_type: which types are wanted */
	u32 flags;        /* filter_flags */
	u32 cgroup_count; /* used slots of tracked_cgroups */
	u32 reserved;
};

enum tracked_state {
	TRACKED_ACTIVE = 1,        /* reported, and so are its children */
	TRACKED_LAUNCHER = 2,      /* not reported; its children become PENDING */
	TRACKED_PENDING_EXEC = 3,  /* child of a launcher that has not called execve yet */
};

struct tracked_process {
	u32 state;
	u32 reserved;
};

struct event_counters {
	u64 next_sequence;
	u64 dropped[RECORD_TYPES];
	u64 suppressed[RECORD_TYPES];
	u64 tracking_overflow; /* children that found tracked_processes full */
};

/* perf_event_max_stack's default; the kernel cuts deeper stacks there. */
enum stack_bounds {
	STACK_MAX_FRAMES = 127,
};

/* The key is the whole stack: two different stacks can never be counted as one. */
struct sample_key {
	u32 tgid;
	u32 user_depth;
	u32 kernel_depth;
	u32 reserved;
	u64 start_boottime;
	u64 exec_id;
	u64 user[STACK_MAX_FRAMES];
	u64 kernel[STACK_MAX_FRAMES];
};

struct sample_value {
	u64 count;
	u64 first_ns; /* CLOCK_BOOTTIME */
	u64 last_ns;
	u64 cgroup_id;
	u32 tid;
	u32 cpu;
	char comm[TASK_COMM_LEN];
};

struct sample_counters {
	u64 stored;
	u64 lost_full;     /* the counting map had no room */
	u64 lost_busy;     /* the map's bucket was locked by the interrupted code */
	u64 idle;
	u64 filtered;
	u64 user_truncated;
	u64 kernel_truncated;
	u64 user_failed;   /* the user stack could not be read at all */
};

#endif
