/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What all interpreters have in common: which code is one, whose names userspace has already, and the frames
 * that are walked. One native frame of an evaluation loop stands for as many interpreted ones as it ran; they
 * take its place in the stack. An interpreter's own part is in its file (cpython.h), by its kind
 * (docs/adr/0032-interpreters.md).
 */
#ifndef WAGGLE_INTERPRETED_H
#define WAGGLE_INTERPRETED_H

#include "../mapping.h"

/* By object_table.interpreter; 0 is none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, INTERPRETERS_MAX);
	__type(key, u32);
	__type(value, struct interpreter);
} interpreters SEC(".maps") SHARED;

/* For stacks that userspace walks, which were not followed up to the interpreter. A hint, as described_code. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct address_space);
	__type(value, struct interpreter_place);
} interpreted_spaces SEC(".maps") SHARED;

/* Whose generated code is walked by what its interpreter knows of it: where that is. A hint, too. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct address_space);
	__type(value, struct interpreter_place);
} generating_spaces SEC(".maps") SHARED;

/* Code that userspace has the name of, and by which number. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct code_key);
	__type(value, u32);
} known_code SEC(".maps") SHARED;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} code_names SEC(".maps") SHARED;

/* How many numbers have been given. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} code_numbers SEC(".maps") SHARED;

enum interpreted_state {
	INTERPRETED_UNKNOWN, /* no evaluation was met yet */
	INTERPRETED_FOUND,
	INTERPRETED_FAILED,
};

/* Which interpreted frames come next. */
enum interpreted_part {
	PART_NONE,
	PART_OF_EVALUATION, /* those of the evaluation that was met */
	PART_ALL,           /* those that are left: native frames are over */
	PART_FOR_USERSPACE, /* all of them, and where evaluations began: userspace walks the native ones */
	PART_NAMES,         /* none: what the code of the one that was pushed last is called */
	PART_INLINED,       /* none: which functions are inlined into that code */
};

enum met {
	MET_OTHER,
	MET_OF_INTERPRETER,
	MET_EVALUATION,
	MET_FRAME, /* of the interpreter's making: its own frame has been pushed */
};

/* Where no stack is left for a call. */
static __always_inline void count_interpreted_here(u32 outcome)
{
	struct sample_counters *counters = ONLY(sample_counters);

	if (counters && outcome < INTERPRETED_OUTCOMES)
		counters->interpreted[outcome]++;
}

/* Not static: verified once by itself, and in the program once, where it was forty times. */
__noinline int count_interpreted(u32 outcome)
{
	count_interpreted_here(outcome);
	return 0;
}

static __always_inline bool read_user_word(u64 address, u64 *word)
{
	return !bpf_probe_read_user(word, sizeof(*word), (const void *)address);
}

/* Of what makes a code_key's check. */
static __always_inline u64 mix(u64 sum, u64 word)
{
	return (sum ^ word) * 0x9e3779b97f4a7c15ULL;
}

static __always_inline struct interpreter *interpreter_by_number(u32 number)
{
	return bpf_map_lookup_elem(&interpreters, &number);
}

/*
 * The one that was met. Static, since a global function gives no pointers; a function all the same, once in the program:
 * the kernel puts instructions in the place of each lookup, and moves all that follow for it.
 */
static __noinline struct interpreter *interpreter_of(struct walk *walk)
{
	return interpreter_by_number(walk->interpreted.number);
}

/* The one that generates the process's code. */
static __noinline struct interpreter *generator_of(struct walk *walk)
{
	return interpreter_by_number(walk->interpreted.generator);
}

static __always_inline struct address_space space_of(struct walk *walk)
{
	struct mm_struct *mm = (void *)walk->mm;
	struct address_space space = {
		.start_code = BPF_CORE_READ(mm, start_code),
		.start_stack = BPF_CORE_READ(mm, start_stack),
	};

	return space;
}

static __always_inline void remember_interpreter(struct walk *walk)
{
	struct address_space space = space_of(walk);
	struct interpreter_place *known = bpf_map_lookup_elem(&interpreted_spaces, &space);
	struct interpreter_place place = {
		.base = walk->interpreted.base,
		.interpreter = walk->interpreted.number,
	};

	if (!known || known->base != place.base || known->interpreter != place.interpreter)
		bpf_map_update_elem(&interpreted_spaces, &space, &place, BPF_ANY);
}

/* False where it runs none, as far as anybody knows. */
static __always_inline bool recall_interpreter(struct walk *walk)
{
	struct address_space space = space_of(walk);
	struct interpreter_place *known = bpf_map_lookup_elem(&interpreted_spaces, &space);

	if (!known)
		return false;
	walk->interpreted.base = known->base;
	walk->interpreted.number = known->interpreter;
	return true;
}

/* The interpreter that walk->interpreted.here is generates code: it is found where no frame of its own is met before. */
static __always_inline void remember_generator(struct walk *walk)
{
	struct interpreted_walk *state = &walk->interpreted;
	struct interpreter_place place = { .base = walk->start - walk->offset, .interpreter = state->here };
	struct address_space space = space_of(walk);
	struct interpreter_place *known = bpf_map_lookup_elem(&generating_spaces, &space);

	state->generator = place.interpreter;
	state->generator_base = place.base;
	if (!known || known->base != place.base || known->interpreter != place.interpreter)
		bpf_map_update_elem(&generating_spaces, &space, &place, BPF_ANY);
}

/* False where the process has none, as far as anybody knows. */
static __always_inline bool recall_generator(struct walk *walk)
{
	struct interpreted_walk *state = &walk->interpreted;
	struct interpreter_place *known;
	struct address_space space;

	if (state->generator)
		return true;
	if (state->is_generator_asked)
		return false;
	state->is_generator_asked = 1;
	space = space_of(walk);
	known = bpf_map_lookup_elem(&generating_spaces, &space);
	if (!known)
		return false;
	state->generator = known->interpreter;
	state->generator_base = known->base;
	return state->generator != 0;
}

/* Pushes one, whose number and instruction are in walk->interpreted. */
static __always_inline void push_interpreted(struct walk *walk, struct sample_key *key, u64 is_entry)
{
	u64 instruction = walk->interpreted.instruction;
	u32 depth = walk->depth;

	if (depth >= STACK_MAX_FRAMES)
		return;
	if (instruction >> FRAME_INSTRUCTION_BITS)
		instruction = (1 << FRAME_INSTRUCTION_BITS) - 1;
	key->user[depth] = 1ULL << FRAME_INTERPRETED_BIT | instruction << 32 | walk->interpreted.code_number |
			   is_entry << FRAME_ENTRY_BIT;
	walk->depth = depth + 1;
}

/*
 * What userspace knows the code by, or NULL. No verifier before Linux 6.3 takes the key of a map from memory that a function
 * was handed: here and below it is that of the map itself.
 */
static __noinline u32 *find_code(struct walk *walk, u32 is_inlined)
{
	struct walk *own = IN_SLOT(walks, walk->slot);

	if (!own)
		return NULL;
	if (is_inlined)
		return bpf_map_lookup_elem(&known_code, &own->interpreted.v8.inlined.key);
	return bpf_map_lookup_elem(&known_code, &own->interpreted.key);
}

/* Userspace knows it by that number. @is_inlined: what walk->interpreted.v8.inlined.key says, else walk->interpreted.key */
__noinline int know_code(struct walk *walk, u32 is_inlined, u32 number)
{
	struct walk *own = walk ? IN_SLOT(walks, walk->slot) : NULL;

	if (!own)
		return 0;
	if (is_inlined)
		bpf_map_update_elem(&known_code, &own->interpreted.v8.inlined.key, &number, BPF_ANY);
	else
		bpf_map_update_elem(&known_code, &own->interpreted.key, &number, BPF_ANY);
	return 0;
}

__noinline int forget_code(struct walk *walk)
{
	struct walk *own = walk ? IN_SLOT(walks, walk->slot) : NULL;

	if (own)
		bpf_map_delete_elem(&known_code, &own->interpreted.key);
	return 0;
}

/*
 * The number of the code that walk->interpreted.key is about, in code_number; 0 where it has to be handed over first.
 */
static __always_inline bool is_known_code(struct walk *walk)
{
	u32 *known = find_code(walk, false);

	walk->interpreted.code_number = known ? *known : 0;
	return known != NULL;
}

/* A new number, of code whose name is sent after it. */
__noinline int give_code_number(struct walk *walk)
{
	u32 *given = ONLY(code_numbers);

	if (!walk)
		return false;
	walk->interpreted.code_number = given ? __sync_fetch_and_add(given, 1) + 1 : 0;
	return given != NULL;
}

/* What walk->interpreted.name says, to userspace, which then knows the interpreter's code by that number. */
static __always_inline bool send_name(struct walk *walk, u32 interpreter)
{
	struct code_name *name = &walk->interpreted.name;
	u64 bytes = name->line_table_bytes;

	name->number = walk->interpreted.code_number;
	name->interpreter = interpreter;
	name->tgid = walk->interpreted.key.tgid;
	name->start_boottime = walk->birth;
	name->exec_id = walk->exec_id;
	barrier_var(bytes);
	if (bytes > LINE_TABLE_BYTES)
		bytes = LINE_TABLE_BYTES;
	if (bpf_ringbuf_output(&code_names, name, offsetof(struct code_name, line_table) + bytes,
			       BPF_RB_NO_WAKEUP)) {
		count_interpreted(INTERPRETED_NAME_LOST);
		return false;
	}
	know_code(walk, false, walk->interpreted.code_number);
	return true;
}

/* Both of them; the number is 0 where there was no room. */
static __always_inline void hand_over_name(struct walk *walk, u32 interpreter)
{
	if (give_code_number(walk) && !send_name(walk, interpreter))
		walk->interpreted.code_number = 0;
}

RING_RECORD(code_names, code_name);
EXPORT_ENUM(frame_bits);
EXPORT_ENUM(interpreter_kind);
EXPORT_ENUM(interpreter_flags);
EXPORT_ENUM(interpreter_bounds);
EXPORT_ENUM(text_units);
EXPORT_ENUM(cpython_flags);
EXPORT_ENUM(frame_list_bounds);
EXPORT_ENUM(frame_list_flags);
EXPORT_ENUM(v8_operation);
EXPORT_ENUM(interpreted_outcome);

#endif
