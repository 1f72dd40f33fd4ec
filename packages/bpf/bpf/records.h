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

enum record_type {
	RECORD_FORK = 1,
	RECORD_EXEC = 2,
	RECORD_EXIT = 3,
	RECORD_EXEC_FAILED = 4,
	RECORD_TYPES = 5,    /* from here on: what is no event */
	RECORD_CGROUP = 16,
	RECORD_FOLLOWED = 17,
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
};

/* What a security person asks of an exec. */
enum exec_marks {
	EXEC_SETUID = 1 << 0,       /* set-user-ID file, and the effective user changed */
	EXEC_SETGID = 1 << 1,
	EXEC_PRIVILEGED = 1 << 2,   /* bprm->secureexec: AT_SECURE, capability gain included */
	EXEC_MEMFD = 1 << 3,        /* a file without a name, made by memfd_create(2) */
	EXEC_DELETED = 1 << 4,      /* its last name was removed */
	EXEC_SCRIPT = 1 << 5,       /* the interpreter was executed for it */
};

/* Identity of the process image that the record is about, and its place in the stream. */
struct record_header {
	u16 type;
	u16 flags;
	u32 size;           /* bytes of the whole record, this header included */
	u32 cpu;
	u32 tid;
	u64 sequence;       /* per CPU; failed reservations consume one too */
	u64 time_ns;        /* CLOCK_BOOTTIME, of our time namespace as all times */
	u32 tgid;           /* in our PID namespace, as all pids; 0: it is not there */
	u32 parent_tgid;
	u64 start_boottime; /* ns, of the thread group leader */
	u64 exec_id;        /* task->self_exec_id */
	u64 parent_start_boottime;
	u64 parent_exec_id;
	u64 cgroup_key;     /* of a cgroup_record before this one; 0: the root of every hierarchy */
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
	u64 key;
	/* For each hierarchy where it is not the root: cgroup_hierarchy, the names of the cgroup and of
	 * those above with a NUL after each, and one more NUL, for the root. */
	char names[CGROUP_NAMES_BYTES];
};

/* No event either: a followed cgroup was removed, or made again. */
struct followed_record {
	u16 type; /* as in record_header */
	u16 exists;
	u32 step;
};

struct fork_record {
	struct record_header header; /* of the parent */
	u32 child_tgid;
	u32 uid;
	u64 child_start_boottime;
	u64 child_cgroup_key; /* clone3(2) can put it elsewhere */
};

struct exec_record {
	struct record_header header;
	u64 cgroup_id; /* in the v2 hierarchy */
	u32 uid;
	u32 gid;
	u32 mount_namespace;
	u32 pid_namespace;
	u32 old_tid;         /* the thread that called execve */
	u32 filename_length; /* bytes in payload, without NUL */
	u32 argv_length;     /* bytes behind the file name, NUL between arguments */
	u32 argv_total;      /* bytes the process really has */
	u64 image_mark;      /* image_mark.h: what tells this image from the next in /proc/PID/stat */
	/* From here on zero without RECORD_HAS_DETAIL. */
	u64 exe_inode;
	u32 exe_device;      /* super_block's s_dev: 12 bits of major number, 20 of minor */
	u32 marks;           /* exec_marks */
	u32 effective_uid;
	u32 effective_gid;
	u32 login_uid;       /* 4294967295: none */
	u32 session_id;
	u32 tty;             /* major << 20 | minor; 0: none */
	u32 exe_length;      /* components behind the arguments, leaf first, NUL after each */
	u32 cwd_length;      /* the same behind those */
	u32 interpreter_length;
	u32 environ_length;  /* behind argv and before the components */
	u32 padding;
	char payload[FILENAME_MAX_BYTES + ARGV_MAX_BYTES + 2 * (PATH_MAX_BYTES + PATH_COMPONENT_BYTES) +
		     INTERPRETER_MAX_BYTES];
};

/* An execve or execveat that returned an error; the header is of the unchanged process. */
struct exec_failed_record {
	struct record_header header;
	u64 cgroup_id;
	u32 uid;
	u32 gid;
	u32 error;           /* errno */
	u32 filename_length; /* bytes in payload, without NUL */
	u32 argv_length;     /* bytes behind the file name, NUL after each argument */
	u32 cursor;          /* of the program's own */
	char payload[FILENAME_MAX_BYTES + FAILED_ARGUMENTS_MAX * FAILED_ARGUMENT_BYTES];
};

struct exit_record {
	struct record_header header;
	u64 cgroup_id;
	u32 uid;
	u32 exit_code; /* as wait(2) reports it: status in 8-15, signal in 0-6, core in 7 */
};

enum filter_flags {
	FILTER_PROCESSES = 1 << 0, /* only tracked_processes */
	FILTER_CGROUPS = 1 << 1,   /* only tasks under followed_cgroups */
	EXEC_DETAIL = 1 << 2,      /* exec records with paths, ids and marks */
	EXEC_ENVIRON = 1 << 3,     /* and with the environment */
};

/* The directories that lead to the followed cgroups are steps, numbered from 1 on. */
enum followed_bounds {
	CGROUP_FOLLOWED = 1 << 30,  /* in the number of a step: not only on the way to one */
	CGROUP_LEVELS_MAX = 64,
	FOLLOWED_STEPS_MAX = 1024,
};

struct cgroup_step {
	u32 above; /* the step of the directory */
	char name[CGROUP_NAME_BYTES];
};

/* signal_times has those of the launcher, then those of the command: number 0 is none. */
enum signal_bounds {
	SIGNALS_PER_ROLE = 65, /* _NSIG and 0 */
};

/* One for the whole session, changed while running. */
struct filter_settings {
	u32 event_mask;   /* 1 << record_type: which types are wanted */
	u32 flags;        /* filter_flags */
	/* Token bucket of each kind of event. 0: none. */
	u64 limit_interval_ns; /* between two events at the limit's rate */
	u64 limit_burst_ns;    /* how far ahead of that rate a burst may run */
};

/* The generic cell rate algorithm (ITU-T I.371): when the next event would be due. Not guarded:
 * each CPU that races may let one event more through, and none ever waits. */
struct rate_bucket {
	u64 due_ns;
};

/* In a value of kin, beside the pid: noted at the birth, and so true whatever was noted before. Pids
 * end at PID_MAX_LIMIT, 2^22. */
enum kin_flags {
	KIN_BORN = 1 << 30,
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
	u64 limited[RECORD_TYPES];
	u64 foreign;           /* of processes that our PID namespace does not have */
	u64 tracking_overflow; /* children that found tracked_processes full */
};

/* perf_event_max_stack's default; the kernel cuts deeper stacks there. */
enum stack_bounds {
	STACK_MAX_FRAMES = 127,
	FRAME_INTERRUPTED_BIT = 63, /* of an address: user space has fewer bits */
};

/* Why a walk of user frames went no further. packages/unwind/README.md has the words. */
enum unwind_stop {
	STOP_NOT_WALKED = 0, /* frame pointers were followed, so nobody knows; or there is no stack */
	STOP_END = 1,
	STOP_NO_MAPPING = 2,
	STOP_UNSUPPORTED = 3,
	STOP_UNKNOWN_REGISTER = 4,
	STOP_UNREADABLE = 5,
	STOP_NO_PROGRESS = 6,
	STOP_NO_FRAME_POINTER = 7,
	STOP_TOO_DEEP = 8,
	STOP_NO_TABLE = 9, /* the object's table is not here yet */
	STOP_REASONS = 10,
};

/* The key is the whole stack: two different stacks can never be counted as one. */
struct sample_key {
	u32 tgid;
	u32 tid; /* 0 unless count_by_thread */
	u32 user_depth;
	u16 kernel_depth;
	u16 user_stop; /* unwind_stop */
	u64 start_boottime;
	u64 exec_id;
	u64 user[STACK_MAX_FRAMES]; /* the bit FRAME_INTERRUPTED_BIT may be set */
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
	char thread_comm[TASK_COMM_LEN]; /* empty unless count_by_thread */
};

struct sample_counters {
	u64 stored;
	u64 lost_full;     /* the counting map had no room */
	u64 lost_busy;     /* the map's bucket was locked by the interrupted code */
	u64 throttled;     /* not taken: sampling had had its share of the CPU */
	u64 idle;
	u64 filtered;
	u64 foreign; /* of processes that our PID namespace does not have */
	u64 user_truncated;
	u64 kernel_truncated;
	u64 user_failed;   /* the user stack could not be read at all */
	u64 deferred;      /* handed to userspace, because a table was missing */
	u64 stops[STOP_REASONS]; /* walks by how they ended */
};

/* Content that is executed: what is known of the inode a mapping has. A file that was written to,
 * or another one in its place, has another key. For the vDSO everything is 0. Of memory that took the
 * place of a program's own code, OBJECT_IN_MEMORY is the device: then inode is the start of the process,
 * changed_nsec its exec generation, number and size are address and size of the mapping. */
struct object_key {
	u64 inode; /* the kernel's address of it */
	u64 number;
	u64 size;
	u64 changed_sec;
	u32 changed_nsec;
	u32 device;
	u32 generation;
	u32 reserved;
};

enum object_devices {
	OBJECT_IN_MEMORY = 0x7fffffff, /* no device: the highest major number is 4095 */
};

enum table_presence {
	TABLE_NONE,      /* frame pointers are all there is */
	TABLE_PRESENT,
	TABLE_GENERATED, /* as none, but memory: whoever generates code there may describe it */
};

/* A process's memory, by what each exec draws anew and fork leaves as it is. Where addresses are not
 * random another program's may be the same. */
struct address_space {
	u64 start_code;
	u64 start_stack;
};

/* Of an object that is known. */
struct object_table {
	u64 last_used_ns; /* CLOCK_BOOTTIME, by the second */
	u32 table;        /* index into unwind_tables */
	u32 present;      /* enum table_presence */
	u64 shift;        /* from an offset in the mapped object to one in the file that the table is of */
};

enum deferred_bounds {
	UNWIND_REGISTERS = 32,
	DEFERRED_PAGE_BYTES = 4096, /* the kernel's pages are a multiple of it */
	DEFERRED_PAGES = 12,
};

/* A sample that met an object without a table: enough of the thread to walk it later. */
struct deferred_sample {
	u32 tgid;
	u32 tid; /* as in sample_key */
	u64 start_boottime;
	u64 exec_id;
	u64 time_ns; /* CLOCK_BOOTTIME */
	u64 cgroup_id;
	u32 cpu;
	u32 kernel_depth;
	char comm[TASK_COMM_LEN];
	char thread_comm[TASK_COMM_LEN];
	struct object_key object; /* the one that has no table, and where it was met */
	u64 object_address;
	u64 pc;
	u64 registers[UNWIND_REGISTERS]; /* by DWARF number */
	u64 kernel[STACK_MAX_FRAMES];
	u64 stack_start;   /* of the page that the stack pointer is in */
	u32 stack_present; /* a bit for each page that could be read */
	u32 reserved;
	u8 stack[DEFERRED_PAGES * DEFERRED_PAGE_BYTES]; /* sent up to the last one */
};

#endif
