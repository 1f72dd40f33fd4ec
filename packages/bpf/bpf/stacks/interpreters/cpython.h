/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Frames of CPython: the thread's own state is found in the runtime's list of threads by the thread pointer
 * (pthread_self() is what it keeps), its frames are a list, and each leads to the code object that says what it is
 * called. All offsets come from userspace (struct cpython_layout). Names of fields are CPython's:
 * Include/internal/pycore_{runtime,interp,frame}.h, Include/cpython/{code,unicodeobject}.h.
 */
#ifndef WAGGLE_CPYTHON_H
#define WAGGLE_CPYTHON_H

#include "interpreted.h"

/* Interpreters and threads that are looked at, the newest first. */
#define THREADS_MAX 512
/* On aarch64 pthread_self() lies so far below the thread pointer at most; threads are farther from each other. */
#define THREAD_DISTANCE 4096
/* ob_type of PyObject; length of PyASCIIObject and ob_size of PyVarObject; ob_sval of PyBytesObject. */
#define TYPE_OF_OBJECT(layout) ((layout)->object_bytes - 8)
#define LENGTH_OF_OBJECT(layout) ((layout)->object_bytes)
#define START_OF_BYTES(layout) ((layout)->object_bytes + 16)
/* entries of _PyCodeArray */
#define FIRST_COPY 8

static __always_inline u64 thread_pointer(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread.fsbase);
#else
	return BPF_CORE_READ(task, thread.uw.tp_value);
#endif
}

/* Nothing stands behind the frame that all of a thread's lead to, and it is none itself. */
static __always_inline void cpython_next_frame(struct interpreted_walk *state, u64 frame)
{
	state->next = frame == state->base_frame ? 0 : frame;
}

/* The frame that the thread is in, into state->next; 0: it runs nothing. */
static __always_inline bool cpython_frame_of_thread(struct interpreted_walk *state, const struct cpython_layout *layout)
{
	state->base_frame = 0;
	if (layout->base_frame && !read_user_word(state->thread + layout->base_frame, &state->base_frame))
		return false;
	if (!read_user_word(state->thread + layout->frame, &state->next))
		return false;
	cpython_next_frame(state, state->next);
	return !(layout->flags & CPYTHON_HAS_CFRAME) || !state->next ||
	       read_user_word(state->next + layout->frame_of_cframe, &state->next);
}

/*
 * One thread of the list, or on to the next interpreter; 1 ends the search. A thread that runs code of several
 * interpreters has a state in each: the newest that runs something is the innermost.
 */
__noinline int cpython_next_thread(struct walk *walk)
{
	struct interpreted_walk *state;
	struct interpreter *interpreter;
	u64 id;

	if (!walk)
		return 1;
	state = &walk->interpreted;
	interpreter = interpreter_by_number(walk->interpreted.number);
	/* For all searches of one stack: a list may be a ring. */
	if (!interpreter || state->looked++ >= THREADS_MAX)
		return 1;
	if (!state->thread) {
		u64 at = state->owner;

		return !at || !read_user_word(at + interpreter->cpython.threads, &state->thread) ||
		       !read_user_word(at + interpreter->cpython.next_interpreter, &state->owner);
	}
	if (!read_user_word(state->thread + interpreter->cpython.thread_id, &id))
		id = 0;
	if (id && state->thread_pointer - id < THREAD_DISTANCE) {
		state->is_found = 1;
		state->next = 0;
		if (!cpython_frame_of_thread(state, &interpreter->cpython))
			count_interpreted_here(INTERPRETED_UNREADABLE);
		else if (state->next)
			return 1;
	}
	return !read_user_word(state->thread + interpreter->cpython.next_thread, &state->thread);
}

static long cpython_thread(u32 index, void *slot)
{
	struct walk *walk = IN_SLOT(walks, *(u32 *)slot);

	return cpython_next_thread(walk) ? 1 : 0;
}

/* Fields of what was read last: any offset that is given stays inside. */
#define FRAME_WORD(state, offset) ((state)->frame[((offset) / 8) & 15])
#define CODE_WORD(state, offset) ((state)->code[((offset) / 8) & 31])

/* Of an object. Since 3.14 a frame has what is to be done with it in the lowest bits; objects are aligned. */
#define OBJECT_OF(word) ((word) & ~7ULL)

/* The frame that comes next, of which walk->interpreted then has the words. */
static __always_inline bool cpython_read_frame(struct interpreted_walk *state, const struct cpython_layout *layout)
{
	u32 bytes = layout->frame_bytes;

	barrier_var(bytes);
	return bytes <= sizeof(state->frame) &&
	       !bpf_probe_read_user(state->frame, bytes, (const void *)state->next);
}

static __always_inline bool cpython_is_entry(struct interpreted_walk *state, const struct cpython_layout *layout)
{
	u32 entry = layout->frame_entry;

	return (layout->flags & CPYTHON_ENTRY_PER_FRAME) ||
	       (FRAME_WORD(state, entry) >> (8 * (entry & 7)) & 0xff) == layout->entry_value;
}

/*
 * The frame leads to code: so the offsets are right, and the native frames that interpreted ones replace may go. One
 * of the interpreter's own may stand in front of it.
 */
static __always_inline bool cpython_is_sound(struct walk *walk, struct interpreter *interpreter)
{
	struct interpreted_walk *state = &walk->interpreted;
	struct cpython_layout *layout = &interpreter->cpython;
	u64 type = 0;

	if (!cpython_read_frame(state, layout))
		return false;
	if ((layout->flags & CPYTHON_ENTRY_IS_SHIM) && cpython_is_entry(state, layout)) {
		cpython_next_frame(state, FRAME_WORD(state, layout->frame_previous));
		if (!state->next || !cpython_read_frame(state, layout))
			return false;
	}
	return read_user_word(OBJECT_OF(FRAME_WORD(state, layout->frame_code)) + TYPE_OF_OBJECT(layout), &type) &&
	       type == state->base + interpreter->code_type;
}

/* Finds the frame that the thread is in. False where there is none to be had. */
static __always_inline bool cpython_begin(struct walk *walk, struct interpreter *interpreter, u32 slot)
{
	struct interpreted_walk *state = &walk->interpreted;
	struct cpython_layout *layout = &interpreter->cpython;

	state->thread = 0;
	state->is_found = 0;
	state->looked = 0;
	state->thread_pointer = thread_pointer();
	if (!read_user_word(state->base + interpreter->runtime + layout->interpreters, &state->owner)) {
		count_interpreted(INTERPRETED_UNREADABLE);
		return false;
	}
	bpf_loop(THREADS_MAX, cpython_thread, &slot, 0);
	if (!state->is_found) {
		count_interpreted(INTERPRETED_NO_THREAD);
		return false;
	}
	/* It has not begun any yet. */
	if (!state->next)
		return false;
	if (!cpython_is_sound(walk, interpreter)) {
		count_interpreted(INTERPRETED_NOT_CODE);
		return false;
	}
	return true;
}

/*
 * Of the same thread in an interpreter that is older: what it ran before it ran code of the one whose frames are
 * over. False where there is none.
 */
static __always_inline bool cpython_go_on(struct walk *walk, struct interpreter *interpreter, u32 slot)
{
	struct interpreted_walk *state = &walk->interpreted;

	/* Once it was looked for in vain, it is not there. */
	if (!state->is_found || !state->thread)
		return false;
	state->is_found = 0;
	state->next = 0;
	if (read_user_word(state->thread + interpreter->cpython.next_thread, &state->thread))
		bpf_loop(THREADS_MAX, cpython_thread, &slot, 0);
	if (state->next && !cpython_is_sound(walk, interpreter))
		state->next = 0;
	return state->next != 0;
}

/* A string's text, as far as there is room. @head its length, hash and state; @from_end where it is cut */
static __always_inline void cpython_text(u8 *to, struct code_text *text, u64 address, const u64 *head,
					 const struct cpython_layout *layout, bool from_end)
{
	u32 state = head[2] >> (layout->text_kind_shift & 31);
	u32 unit = state & 7;
	bool is_compact = state & 8, is_ascii = state & 16;
	u64 total = head[0] * unit;
	u64 bytes = total, from = address + (is_ascii ? layout->ascii_bytes : layout->compact_bytes);

	text->bytes = text->unit = text->is_cut = 0;
	if (!is_compact || (unit != 1 && unit != 2 && unit != 4) || head[0] >> 30)
		return;
	if (bytes > CODE_TEXT_BYTES) {
		bytes = CODE_TEXT_BYTES;
		text->is_cut = 1;
		if (from_end)
			from += total - bytes;
	}
	barrier_var(bytes);
	if (bytes > CODE_TEXT_BYTES || bpf_probe_read_user(to, bytes, (const void *)from))
		return;
	text->bytes = bytes;
	text->unit = unit;
}

static __always_inline void cpython_line_table(struct code_name *name, u64 table, const struct cpython_layout *layout)
{
	u64 bytes = 0;

	name->line_table_bytes = 0;
	if (!read_user_word(table + LENGTH_OF_OBJECT(layout), &bytes) || bytes > LINE_TABLE_BYTES)
		return;
	barrier_var(bytes);
	if (bytes > LINE_TABLE_BYTES ||
	    bpf_probe_read_user(name->line_table, bytes, (const void *)(table + START_OF_BYTES(layout))))
		return;
	name->line_table_bytes = bytes;
}

/*
 * The number of the code that the frame runs, into walk->interpreted: 0 where it cannot be read. False where what it
 * leads to is no code. Not static: verified once by itself.
 */
__noinline int cpython_code(struct walk *walk, u64 address)
{
	struct interpreted_walk *state;
	struct interpreter *interpreter;
	struct cpython_layout *layout;
	u64 file, name, check;
	u32 bytes, line, at;

	if (!walk)
		return 0;
	state = &walk->interpreted;
	interpreter = interpreter_of(walk);
	if (!interpreter)
		return 0;
	layout = &interpreter->cpython;
	state->code_number = 0;
	bytes = layout->code_bytes;
	barrier_var(bytes);
	if (bytes > sizeof(state->code) || bpf_probe_read_user(state->code, bytes, (const void *)address)) {
		count_interpreted(INTERPRETED_UNREADABLE);
		return 1;
	}
	if (CODE_WORD(state, TYPE_OF_OBJECT(layout)) != state->base + interpreter->code_type) {
		count_interpreted(INTERPRETED_NOT_CODE);
		return 0;
	}
	file = CODE_WORD(state, layout->code_file);
	name = CODE_WORD(state, layout->code_name);
	at = layout->code_first_line;
	line = CODE_WORD(state, at) >> (at & 4 ? 32 : 0);
	/* Length, hash and state: the hash is of the text itself. */
	if (bpf_probe_read_user(state->file, sizeof(state->file), (const void *)(file + LENGTH_OF_OBJECT(layout))) ||
	    bpf_probe_read_user(state->text, sizeof(state->text), (const void *)(name + LENGTH_OF_OBJECT(layout)))) {
		count_interpreted(INTERPRETED_UNREADABLE);
		return 1;
	}
	check = mix(mix(mix(0, file), name), line);
	check = mix(mix(mix(check, state->file[0]), state->file[1]), state->text[0]);
	check = mix(mix(check, state->text[1]), CODE_WORD(state, layout->code_line_table));
	state->key.start_boottime = walk->birth;
	state->key.address = address;
	state->key.check = check;
	state->key.tgid = walk->tgid;
	state->key.exec_id = walk->exec_id;
	if (is_known_code(walk))
		return 1;
	state->name.first_line = line;
	state->name.position = state->name.source_length = 0;
	cpython_text(state->name.file, &state->name.file_text, file, state->file, layout, true);
	cpython_text(state->name.name, &state->name.name_text, name, state->text, layout, false);
	state->name.owner_text.bytes = 0;
	state->name.line_table_bytes = 0;
	state->name.inlined = 0;
	if (interpreter->flags & INTERPRETER_LINES)
		cpython_line_table(&state->name, CODE_WORD(state, layout->code_line_table), layout);
	hand_over_name(walk, state->number);
	return 1;
}

/*
 * Where the instructions begin that the frame runs: those of the code, or a thread's own. What is read lies in the walk's
 * memory, since the stack is short (stack-depth.test.ts).
 */
static __always_inline u64 cpython_first_instruction(struct interpreted_walk *state, u64 code,
						     const struct cpython_layout *layout)
{
	u32 at = layout->frame_copy;
	u64 *word = &state->text[0];

	if (layout->code_copies && read_user_word(code + layout->code_copies, word)) {
		u32 copy = FRAME_WORD(state, at) >> (at & 4 ? 32 : 0);

		if (copy && read_user_word(*word + FIRST_COPY + 8ULL * copy, word))
			return *word;
	}
	return code + layout->code_instructions;
}

/* The instruction that the frame is at, into walk->interpreted. Not static: verified once by itself. */
__noinline int cpython_instruction(struct walk *walk, u64 code)
{
	struct interpreted_walk *state;
	struct interpreter *interpreter;
	struct cpython_layout *layout;
	s64 instruction;
	u64 word;
	u32 at;

	if (!walk)
		return 0;
	state = &walk->interpreted;
	interpreter = interpreter_of(walk);
	if (!interpreter)
		return 0;
	layout = &interpreter->cpython;
	at = layout->frame_instruction;
	word = FRAME_WORD(state, at);
	if (layout->flags & CPYTHON_INSTRUCTION_IS_ADDRESS) {
		instruction = (s64)(word - cpython_first_instruction(state, code, layout)) >> 1;
	} else {
		instruction = (s32)(word >> (at & 4 ? 32 : 0));
		if (layout->flags & CPYTHON_INSTRUCTION_IN_BYTES)
			instruction >>= 1;
	}
	/* Below 0 it has not begun. */
	state->instruction = instruction < 0 ? 0 : instruction;
	return 1;
}

/* Pushes the next frame; false where the evaluation that is asked about ran no more of them. */
static __always_inline bool cpython_frame(struct walk *walk, struct sample_key *key,
					  struct interpreter *interpreter)
{
	struct interpreted_walk *state = &walk->interpreted;
	struct cpython_layout *layout = &interpreter->cpython;
	bool is_entry, goes_on = state->part != PART_OF_EVALUATION;
	u64 code;

	if (!cpython_read_frame(state, layout)) {
		count_interpreted(INTERPRETED_UNREADABLE);
		state->next = 0;
		return false;
	}
	code = OBJECT_OF(FRAME_WORD(state, layout->frame_code));
	cpython_next_frame(state, FRAME_WORD(state, layout->frame_previous));
	is_entry = cpython_is_entry(state, layout);
	if (is_entry && (layout->flags & CPYTHON_ENTRY_IS_SHIM)) {
		/* It stands behind those that it began with. */
		u32 last = walk->depth - 1;

		barrier_var(last);
		if (state->part == PART_FOR_USERSPACE && last < STACK_MAX_FRAMES)
			key->user[last] |= 1ULL << FRAME_ENTRY_BIT;
		return goes_on;
	}
	state->instruction = 0;
	if (interpreter->flags & INTERPRETER_LINES)
		cpython_instruction(walk, code);
	/* A frame that is being cleared has none any more. */
	if (cpython_code(walk, code))
		push_interpreted(walk, key, is_entry && state->part == PART_FOR_USERSPACE);
	return goes_on || !is_entry;
}

#endif
