/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What every record of process_events starts with, and what all objects of a session share in maps.
 * TypeScript's side of every struct here is generated from the objects' BTF (scripts/skeleton); nothing
 * is typed twice. Records of one source are in its folder.
 */
#ifndef WAGGLE_RECORD_H
#define WAGGLE_RECORD_H

#include "kernel.h"

/* For fields that stay below 2^53, or do in practice: they become JavaScript's whole numbers, a u64
 * becomes a bigint. */
typedef u64 u53;

/* PATH_MAX of linux/limits.h for a file's name; the arguments of almost every real command line fit
 * 16 KiB, and an exec record has to stay below the 32 KiB that a per-CPU map value may have. Longer
 * ones are cut and flagged. */
enum record_bounds {
	FILENAME_MAX_BYTES = 4096,
	ARGV_MAX_BYTES = 16384, /* with the environment, where that is asked for */
	PATH_MAX_BYTES = 2048,
	PATH_COMPONENT_BYTES = 256, /* NAME_MAX and the NUL */
	PATH_MAX_COMPONENTS = 40,
	INTERPRETER_MAX_BYTES = 256, /* BINPRM_BUF_SIZE */
	FAILED_ARGUMENTS_MAX = 32,   /* of an exec that failed */
	FAILED_ARGUMENT_BYTES = 256, /* of each of them, with its NUL */
	CGROUP_NAME_BYTES = 256,     /* NAME_MAX and the NUL */
	CGROUP_NAMES_BYTES = 16384,  /* of all hierarchies */
	CGROUP_STEPS_MAX = 1024,     /* names in all of them */
	TOLD_CGROUPS_MAX = 4096,
};

/* Numbered records are events: waggle's own, and those of other sources, whose types the loader hands
 * out (events.h, EVENT_RECORD). */
enum record_type {
	RECORD_FORK = 1,
	RECORD_EXEC = 2,
	RECORD_EXIT = 3,
	RECORD_FAILED_EXEC = 4,
	RECORD_OF_SOURCES = 8,
	RECORD_TYPES = 32,  /* from here on: what is no event */
	RECORD_CGROUP = 64,
	RECORD_FOLLOWED = 65,
};

enum record_flags {
	RECORD_ARGV_TRUNCATED = 1 << 0,
	RECORD_FILENAME_TRUNCATED = 1 << 1,
	RECORD_ARGV_UNREADABLE = 1 << 2,
	RECORD_HAS_DETAIL = 1 << 3,
	RECORD_EXE_TRUNCATED = 1 << 4,
	RECORD_CWD_TRUNCATED = 1 << 5,
	RECORD_HAS_ENVIRON = 1 << 6,
	RECORD_ENVIRON_TRUNCATED = 1 << 7,
	RECORD_FILENAME_UNREADABLE = 1 << 8,
	RECORD_WITHOUT_IO = 1 << 9, /* the kernel does not count bytes to and from storage */
	RECORD_PATH_CUT = 1 << 10,  /* inside of a program alone: that path was */
};

/* Identity of the process image that the record is about, and its place in the stream. */
struct record_header {
	u16 type;
	u16 flags;
	u32 size;           /* bytes of the whole record, this header included */
	u32 cpu;
	u32 tid;
	u53 sequence;       /* per CPU; failed reservations consume one too */
	u64 time_ns;        /* CLOCK_BOOTTIME, of our time namespace as all times */
	u32 tgid;           /* in our PID namespace, as all pids; 0: it is not there */
	u32 parent_tgid;
	u64 start_boottime; /* ns, of the thread group leader */
	u53 exec_id;        /* task->self_exec_id */
	u64 parent_start_boottime;
	u53 parent_exec_id;
	u53 cgroup_key;     /* of a cgroup_record before this one; 0: the root of every hierarchy */
	char comm[TASK_COMM_LEN];
};

enum cgroup_hierarchy {
	HIERARCHY_V2 = 1,
	HIERARCHY_MEMORY = 2, /* of v1, by the first of these controllers that it has */
	HIERARCHY_PIDS = 3,
	HIERARCHY_CPU = 4,
	HIERARCHY_CPUSET = 5,
	HIERARCHY_DEVICES = 6,
	HIERARCHY_NAMED = 7, /* without controllers: systemd's on v1 */
	HIERARCHY_OTHER = 8,
};

/* No event and not numbered: what a cgroup_key means, once, before it is used. */
struct cgroup_record {
	u16 type; /* as in record_header */
	u16 reserved;
	u32 length; /* bytes in names */
	u53 key;
	/* For each hierarchy where it is not the root: cgroup_hierarchy, the names of the cgroup and of
	 * those above with a NUL after each, and one more NUL, for the root. */
	u8 names[CGROUP_NAMES_BYTES];
};

/* No event either: a followed cgroup was removed, or made again. */
struct followed_record {
	u16 type; /* as in record_header */
	u16 exists;
	u32 step;
};

enum filter_flags {
	FILTER_PROCESSES = 1 << 0, /* only tracked_processes */
	FILTER_CGROUPS = 1 << 1,   /* only tasks under followed_cgroups */
	EXEC_DETAIL = 1 << 2,      /* exec records with paths, ids and flags */
	EXEC_ENVIRON = 1 << 3,     /* and with the environment */
	SESSION_BEGUN = 1 << 4,    /* the filter is set: until then nothing is anybody's */
};

/* The directories that lead to the followed cgroups are steps, numbered from 1 on. */
enum followed_bounds {
	CGROUP_FOLLOWED = 1 << 30,  /* in the number of a step: not only on the way to one */
	CGROUP_LEVELS_MAX = 64,
	FOLLOWED_STEPS_MAX = 1024,
};

/* One for the whole session, changed while running. */
struct filter_settings {
	u32 event_mask;   /* 1 << record_type: which types are wanted */
	u32 flags;        /* filter_flags */
	/* Token bucket of each kind of event. 0: none. */
	u64 limit_interval_ns; /* between two events at the limit's rate */
	u64 limit_burst_ns;    /* how far ahead of that rate a burst may run */
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
	u64 filtered[RECORD_TYPES];
	u64 rate_limited[RECORD_TYPES];
	u64 foreign;           /* of processes that our PID namespace does not have */
	u64 tracking_overflow; /* children that found tracked_processes full */
};

#endif
