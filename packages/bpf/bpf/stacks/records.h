/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What programs that count stacks and userspace exchange: stacks with their counts, and stacks that
 * userspace walks. */
#ifndef WAGGLE_STACK_RECORDS_H
#define WAGGLE_STACK_RECORDS_H

#include "../record.h"
#include "interpreters/records.h"

/*
 * perf_event_max_stack's default; the kernel cuts its own walks there. Our walk of user frames goes on in segments
 * of so many words: docs/adr/0050-deep-stacks.md.
 */
enum stack_bounds {
	STACK_MAX_FRAMES = 127,
	STACK_INNER_SEGMENTS = 8, /* besides the one that is in the key */
	STACK_WALKED_FRAMES = (STACK_INNER_SEGMENTS + 1) * STACK_MAX_FRAMES,
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
	STOP_NOT_TAKEN = 10, /* only sums are known of it */
	STOP_NO_ROOM = 11, /* a counting map had none for the frames that were walked so far */
	STOP_REASONS = 12,
};

/* Where the thread was. */
enum thread_state {
	THREAD_RUNNING = 0,
	THREAD_RUNNABLE = 1, /* it had to wait for a CPU */
	THREAD_INTERRUPTIBLE = 2,
	THREAD_UNINTERRUPTIBLE = 3,
	THREAD_STATES = 4,
};

/* For all programs of a session that count stacks. Silent until the profiler says what is wanted. */
enum stack_flags {
	STACKS_WANTED = 1 << 0,
	STACKS_BY_THREAD = 1 << 1, /* stacks of the threads of a process are counted apart */
	STACKS_BY_CPU = 1 << 2,    /* and those of each CPU */
	/* Which are counted: stack_filter.h. */
	STACKS_WITHOUT_SELF = 1 << 3,
	STACKS_OF_USER = 1 << 4,
	STACKS_OF_CPUS = 1 << 5,
	STACKS_OF_THREADS = 1 << 6,
	STACKS_WITHOUT_IMAGES = 1 << 7,
	STACKS_BY_TIME = 1 << 8, /* each stack is counted for itself, and its first_ns is when it was */
	STACKS_FILTERED = STACKS_WITHOUT_SELF | STACKS_OF_USER | STACKS_OF_CPUS | STACKS_OF_THREADS |
			  STACKS_WITHOUT_IMAGES,
};

enum stack_filter_bounds {
	WANTED_THREADS_MAX = 1024,
	WANTED_CPUS_MAX = 8192, /* CONFIG_NR_CPUS_RANGE_END of x86; a power of two */
};

struct stack_settings {
	u32 flags; /* stack_flags */
	u32 uid;   /* the real one, in the initial user namespace */
	u64 until_ns; /* CLOCK_MONOTONIC; 0: nobody has said when it is over */
	u64 cpus[WANTED_CPUS_MAX / 64]; /* a bit for each that is wanted */
};

struct stack_image {
	u32 tgid;
	u32 reserved;
	u64 start_boottime;
	u64 exec_id;
};

/* What a key of a counting map has in user[]. */
enum key_kind {
	KEY_WALKED = 0, /* addresses, in which FRAME_INTERRUPTED_BIT and those of enum frame_bits may be set */
	KEY_BY_FRAME_POINTERS = 1, /* the kernel's own walk: words as memory has them, whose bits mark nothing */
	KEY_SEGMENT = 2, /* no stack, but inner frames of deeper ones, which name it by inner[0]: nothing else is set */
};

/* The key is the whole stack, or the outer end of it and what tells all segments of it. */
struct sample_key {
	u32 tgid;
	u32 tid; /* 0 unless STACKS_BY_THREAD */
	u16 user_depth;
	u16 kernel_depth;
	u16 user_stop; /* unwind_stop */
	u8 event;      /* what is counted: its number in the session */
	u8 state;      /* thread_state */
	u64 start_boottime;
	u64 exec_id;
	u32 cpu; /* 0 unless STACKS_BY_CPU */
	u32 moment; /* 0 unless STACKS_BY_TIME: about a microsecond, once in some seventy minutes */
	u32 number; /* numbered.h; 0: the stack has none to do with it */
	u16 kind; /* key_kind */
	u16 inner_count; /* so many segments are further in than user[] */
	u64 inner[STACK_INNER_SEGMENTS]; /* innermost first: what each is known by, made of its words */
	u64 user[STACK_MAX_FRAMES];
	u64 kernel[STACK_MAX_FRAMES];
};

struct sample_value {
	u64 count;
	u64 weight;   /* of all of them, in the event's own unit; 0 where they are only counted */
	u64 runnable; /* of a thread that was not running: how long it waited for a CPU besides, in ns */
	u64 first_ns; /* CLOCK_BOOTTIME */
	u64 last_ns;
	u64 cgroup_id;
	u32 tid;
	u32 cpu;
	char comm[TASK_COMM_LEN];
	char thread_comm[TASK_COMM_LEN]; /* empty unless STACKS_BY_THREAD */
};

/* What a stack adds to the sums of its sample_value. */
struct stack_weight {
	u64 of_event;
	u64 runnable;
	u32 number; /* as in sample_key */
	u16 is_aside; /* the walk is left out of the counts of how walks ended */
	u16 is_new;   /* the thread has not run yet: its stack may be empty where its maker's is not */
};

/* Of a number: the stack is what it stands for, and is not counted. Else it is about the one that it stands for. */
#define NUMBER_IS_OF_STACK (1U << 31)
enum stack_number_bits {
	STACK_NUMBER_IS_OWN_BIT = 31,
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
	u64 interpreted[INTERPRETED_OUTCOMES];
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
	OBJECT_NONE = 0x7ffffffe,      /* of a deferred sample that met none: it could not be walked there */
	OBJECT_IN_MEMORY = 0x7fffffff, /* no device: the highest major number is 4095 */
};

enum table_presence {
	TABLE_NONE,      /* frame pointers are all there is */
	TABLE_PRESENT,
	TABLE_GENERATED, /* as none, but memory: whoever generates code there may describe it */
	TABLE_AWAITED,   /* it is being read; which interpreter the object holds is known already */
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
	u32 interpreter;  /* index into interpreters; 0: it holds none */
	u32 reserved;
};

/* A word of a stack that the kernel has replaced, and what was there. */
struct replaced_return {
	u64 at; /* the address behind it: what the stack pointer is when the function has returned */
	u64 original;
};

enum deferred_bounds {
	REPLACED_RETURNS_MAX = 64, /* MAX_URETPROBE_DEPTH of linux/uprobes.h */
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
	u64 weight; /* as in sample_value */
	u64 runnable;
	u32 cpu;
	u16 kernel_depth;
	u8 event; /* as in sample_key */
	u8 state;
	char comm[TASK_COMM_LEN];
	char thread_comm[TASK_COMM_LEN];
	struct object_key object; /* the one that has no table, and where it was met */
	u64 object_address;
	u64 pc;
	u64 returned_from; /* of a function that has just returned: where it begins; else 0 */
	u64 trampoline;
	u32 replaced_count;
	u32 number; /* as in sample_key */
	struct replaced_return replaced[REPLACED_RETURNS_MAX];
	u64 registers[UNWIND_REGISTERS]; /* by DWARF number */
	u64 kernel[STACK_MAX_FRAMES];
	u64 interpreted_depth;
	u64 stack_start;   /* of the page that the stack pointer is in */
	u32 stack_present; /* a bit for each page that could be read */
	u32 stack_pages;   /* up to the last one */
	u8 stack[DEFERRED_PAGES * DEFERRED_PAGE_BYTES]; /* sent up to the last one, */
	u64 interpreted[STACK_WALKED_FRAMES]; /* and right behind it these (frame_bits), as many as there are */
};

#endif
