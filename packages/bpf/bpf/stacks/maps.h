/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The maps that stacks are counted in. Most are one for all objects of the session: the object that the
 * profiler brings makes them, and sizes them by the host. What a program works in is its object's own, so
 * that two of them may interrupt each other.
 */
#ifndef WAGGLE_STACK_MAPS_H
#define WAGGLE_STACK_MAPS_H

#include "../skeleton.h"
#include "records.h"
#include <bpf/bpf_helpers.h>

/* Two counting maps: userspace drains the one that `active_samples` does not name. */
struct sample_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct sample_key);
	__type(value, struct sample_value);
} samples_a SEC(".maps") SHARED, samples_b SEC(".maps") SHARED;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} active_samples SEC(".maps") SHARED;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack_settings);
} stack_settings SEC(".maps") SHARED;

/*
 * What a stack is taken in: sample_scratch, walks and deferred_scratch, by slot. One slot is enough for
 * programs of which no two run on one CPU at a time; where a program can be preempted (uprobes), whoever
 * loads the object gives it more, sets scratch_slots, and the program takes a free one.
 */
const volatile u32 scratch_slots = 1;

#define IN_SLOT(map, slot) bpf_map_lookup_elem(&(map), &(u32){ slot })

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_key);
} sample_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_counters);
} sample_counters SEC(".maps") SHARED;

/* packages/unwind/README.md: a table is an array of blocks. */
enum unwind_bounds {
	UNWIND_BLOCK_BYTES = 1024,
	UNWIND_TABLES_MAX = 4096,
};

struct unwind_block {
	u32 words[UNWIND_BLOCK_BYTES / 4];
};

struct unwind_table_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP); /* each has its own size */
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct unwind_block));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_TABLES_MAX);
	__type(key, u32);
	__array(values, struct unwind_table_map);
} unwind_tables SEC(".maps") SHARED;

/* Objects that are never met again make room: files of a build, run once each. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct object_key);
	__type(value, struct object_table);
} unwind_objects SEC(".maps") SHARED;

/* Whose generated code may have call frame information in a jitdump (JIT_CODE_UNWINDING_INFO). Userspace
 * has it, so such stacks are walked there. Nothing is taken out with its process: children may live on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct address_space);
	__type(value, u8);
} described_code SEC(".maps") SHARED;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} deferred_samples SEC(".maps") SHARED;

/* One a CPU and slot. Not a per-CPU map: their values end at 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct deferred_sample);
} deferred_scratch SEC(".maps");

struct unwind_rule {
	u8 cfa;
	u8 return_address;
	u8 fp;
	u8 third;
	s32 cfa_offset;
	short cfa_argument;
	short offsets[3]; /* return address, fp, third */
};

enum v8_bounds {
	V8_PIECES_MAX = 8,
	V8_CODE_WORDS = 10,
	V8_DATA_WORDS = 16,
	V8_PAGE_BYTES = 4096,
};

/* What comes next of what is inlined at a frame. */
enum v8_inlined_stage {
	V8_INLINED_NOTHING,
	V8_INLINED_BEGIN,
	V8_INLINED_SEARCH, /* where the code begins */
	V8_INLINED_LOOK_UP, /* whether the place is known */
	V8_INLINED_PLACE, /* what it has for the frame's address */
	V8_INLINED_TRANSLATION, /* which functions that stands for */
	V8_INLINED_NAMES, /* and what each is called */
};

/* Which functions were inlined where a frame returns to: v8_inlined.h. */
struct v8_inlined_walk {
	u32 stage; /* v8_inlined_stage */
	u32 rounds_left; /* of all frames of the stack */
	u32 frame; /* its place in the stack */
	u32 function; /* the number of the one that has the code */
	u64 shared; /* its SharedFunctionInfo, and what that is checked by */
	u64 check;
	u64 pc;
	u64 start; /* of the code: its first instruction */
	u32 size;
	u32 flags;
	u32 is_optimised;
	u32 padding;
	u64 stream[2];
	u64 page; /* that is searched next */
	u32 pages_left;
	u32 is_moved; /* it was at another place before */
	u32 distance; /* of pc from the beginning of its code; 0: it was not found */
	u64 code[V8_CODE_WORDS];
	u64 data_at;
	u64 data[V8_DATA_WORDS];
	u64 translations; /* of all places of the code: where they begin and end */
	u64 translations_end;
	u64 at; /* the operation that comes next, and the one of the basis */
	u64 basis;
	u32 of_basis; /* so many that come are of the basis */
	u32 passed_over; /* and so many of it are left out before */
	u32 since; /* how many came since the basis was asked last */
	u32 wanted; /* functions */
	u32 found;
	u32 kind; /* v8_operation */
	u32 operands[4];
	u32 functions[INLINED_MAX]; /* literals of the code, outermost first; V8_LITERAL_IS_FUNCTION */
	u32 translation_rounds; /* that may be left of reading it */
	u32 is_continued; /* the operation before was V8_OPERATION_CONTINUES */
	u8 bytes[32];
	struct code_key key;
	u64 memory[V8_PAGE_BYTES / 8];
};

/* What was read last of V8's objects: v8.h. */
struct v8_walk {
	/* The map of every ScopeInfo of a process image. */
	u64 scope_map;
	u64 birth;
	u64 exec_id;
	u64 function[8];
	u64 shared[8];
	u64 scope[8];
	u64 names[8];
	u64 script[10];
	u64 head[2]; /* of a string: its map, hash and length */
	u64 words[4];
	/* A text of several pieces: those that are to be read, the next one last. */
	u64 pieces[V8_PIECES_MAX];
	u32 pieces_left;
	u32 unit;
	u32 written;
	u32 is_cut;
	u32 rounds;
	u16 type;
	u16 is_file; /* it is the file's name that is being read, no more the function's */
	u64 skipped;
	u8 text[2 * CODE_TEXT_BYTES];
	u32 is_shared; /* it is no JSFunction that is asked for, but what it leads to */
	u32 padding;
	struct v8_inlined_walk inlined;
};

/* Where the walk of interpreted frames has got to: interpreters/. */
struct interpreted_walk {
	u32 here;   /* what the object holds that walk->address is in: index into interpreters; 0: none */
	u32 number; /* what was met */
	u32 state;  /* interpreted_state */
	u32 part;   /* interpreted_part */
	u64 base;   /* where the first byte of its file is mapped, or would be */
	u64 next;   /* the frame that comes next; 0: there is none */
	u64 next_name; /* where the name of its code is */
	u64 instruction;
	u32 code_number; /* what userspace knows the code by; 0: it does not */
	u32 is_found;
	u32 is_memory; /* walk->address is in memory without a file, which is no copy of a program */
	u32 generator; /* the interpreter that generates code in this process; 0: not asked yet, or none */
	u32 is_generator_asked;
	u32 is_generated_missed; /* frames in such memory came before one that says whose they are */
	u32 has_generated; /* frames of its code are among those that were walked */
	u64 generator_base;
	u64 thread_pointer;
	u64 thread;
	u64 base_frame; /* what its frames lead to, which is none; 0: nothing */
	u64 owner; /* the interpreter whose threads come next */
	u64 looked; /* at how many threads */
	u64 frame[16];
	u64 code[32];
	u64 file[3];
	u64 text[3];
	struct v8_walk v8;
	struct code_key key;
	struct code_name name;
	u32 inlined_count; /* of generated code that is looked up */
	u32 padding;
	struct inlined_code inlined[INLINED_MAX];
	struct hotspot_walk hotspot;
};

/* Where the walk of a thread's frames has got to. */
struct walk {
	u64 mm;
	u64 pc;
	u64 sp;
	u64 fp;
	u64 third;
	u64 address; /* of the code that is looked up */
	/* The last mapping that was looked up. */
	u64 start;
	u64 end;
	u64 offset;
	u32 kind;
	u32 table;
	struct object_key object;
	u32 depth; /* of the segment that is being filled */
	u32 stop;
	u32 is_exact;
	u32 fp_known;
	u32 third_known;
	u32 innermost;
	u64 birth; /* start of the process, and its exec generation */
	u64 exec_id;
	u64 registers[UNWIND_REGISTERS];
	struct unwind_rule rule; /* of the frame */
	u64 value; /* of a register of the caller */
	u64 node[32]; /* of the tree of mappings */
	/* Where the function begins that has just returned, which is no frame any more; 0: none has. */
	u64 returned_from;
	u64 start_pc;
	/* Return addresses that the kernel has replaced by this one, because it probes returns. */
	u64 trampoline;
	u32 replaced_count;
	u32 tgid;
	u32 slot; /* this is the slot's of the map: for who needs what is in a map, and was handed memory */
	u32 padding;
	struct replaced_return replaced[REPLACED_RETURNS_MAX];
	struct interpreted_walk interpreted;
	struct sample_key segment; /* KEY_SEGMENT: what is no part of one is never written to */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk);
} walks SEC(".maps");

#endif
