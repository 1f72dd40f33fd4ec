/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Frames of an interpreter that a plugin describes: they are a list, each leads to code, and code to its name. All
 * places come from userspace (struct frame_list_layout); docs/adr/0049-walkers-of-others.md says why they are data.
 */
#ifndef WAGGLE_FRAME_LIST_H
#define WAGGLE_FRAME_LIST_H

#include "interpreted.h"

enum frame_list_text {
	TEXT_OF_NAME,
	TEXT_OF_FILE,
};

/* Where it leads from @from, into walk->value; false where memory cannot be read. A pointer of zero ends it: it leads there. */
static __always_inline bool follow_path(struct walk *walk, u64 from, struct pointer_path *path)
{
	walk->value = from;
#pragma unroll
	for (u32 i = 0; i < FRAME_LIST_STEPS_MAX; i++) {
		if (i >= path->steps || !walk->value)
			break;
		if (!read_user_word(walk->value + path->offsets[i], &walk->value))
			return false;
	}
	return true;
}

/* From a frame to its code. Not static: verified once by itself. */
__noinline int follow_to_code(struct walk *walk, u64 frame)
{
	struct interpreter *interpreter = walk ? interpreter_of(walk) : NULL;

	if (!walk || !interpreter)
		return 0;
	return follow_path(walk, frame, &interpreter->frame_list.code);
}

/* Whether what is at the address is code. Not static: verified once by itself. */
__noinline int frame_list_is_code(struct walk *walk, u64 code)
{
	struct interpreter *interpreter;
	struct frame_list_layout *layout;
	u64 value;

	if (!walk)
		return 0;
	interpreter = interpreter_of(walk);
	if (!interpreter)
		return 0;
	layout = &interpreter->frame_list;
	value = layout->flags & FRAME_LIST_CODE_IS_POINTER ? walk->interpreted.base + interpreter->code_type
							   : layout->proof_value;
	return read_user_word(code + layout->proof, &walk->value) && (walk->value & layout->proof_mask) == value;
}

/*
 * Text that a path leads to: where it begins is left in text[0] of the walk's memory, and in text[1] how many bytes it has,
 * ~0 where a zero ends it. 0 where it cannot be read. Not static: verified once by itself.
 */
__noinline int find_text(struct walk *walk, u64 code, u32 which)
{
	struct interpreted_walk *state;
	struct interpreter *interpreter;
	struct text_path *text;

	if (!walk)
		return 0;
	state = &walk->interpreted;
	state->text[0] = state->text[1] = 0;
	/* By no call, for which no stack is left. */
	interpreter = interpreter_by_number(state->number);
	if (!interpreter)
		return 0;
	text = which == TEXT_OF_NAME ? &interpreter->frame_list.name : &interpreter->frame_list.file;
	if (!text->is_there)
		return 1;
	if (!follow_path(walk, code, &text->path))
		return 0;
	if (!walk->value)
		return 1;
	state->text[0] = walk->value + text->start;
	state->text[1] = ~0ULL;
	if (text->length_bytes == 8)
		return read_user_word(walk->value + text->length, &state->text[1]);
	if (text->length_bytes == 4) {
		if (!read_user_word(walk->value + text->length, &state->text[1]))
			return 0;
		state->text[1] &= 0xffffffff;
	}
	return 1;
}

/* What find_text() has found. @to with room for CODE_TEXT_BYTES */
static __always_inline void read_text(struct interpreted_walk *state, u8 *to, struct code_text *text, bool from_end)
{
	u64 from = state->text[0], bytes = state->text[1];
	long read;

	text->bytes = text->is_cut = 0;
	text->unit = TEXT_UTF8;
	if (!from || !bytes)
		return;
	text->unit = TEXT_UNREADABLE;
	if (bytes == ~0ULL) {
		read = bpf_probe_read_user_str(to, CODE_TEXT_BYTES, (const void *)from);
		if (read <= 0 || read > CODE_TEXT_BYTES)
			return;
		text->bytes = read - 1;
		text->is_cut = read == CODE_TEXT_BYTES;
		/* Of a file the end is wanted, which nobody knows the place of. */
		if (text->is_cut && from_end)
			text->bytes = 0;
		else
			text->unit = TEXT_UTF8;
		return;
	}
	if (bytes > CODE_TEXT_BYTES) {
		if (from_end)
			from += bytes - CODE_TEXT_BYTES;
		bytes = CODE_TEXT_BYTES;
		text->is_cut = 1;
	}
	barrier_var(bytes);
	if (bytes > CODE_TEXT_BYTES || bpf_probe_read_user(to, bytes, (const void *)from))
		return;
	text->bytes = bytes;
	text->unit = TEXT_UTF8;
}

/* What the code in the key is called, which userspace does not know. */
static __always_inline void frame_list_name(struct walk *walk, u64 code, u32 line)
{
	struct interpreted_walk *state = &walk->interpreted;

	state->name.first_line = line;
	state->name.position = state->name.source_length = 0;
	state->name.owner_text.bytes = 0;
	state->name.line_table_bytes = 0;
	state->name.inlined = 0;
	find_text(walk, code, TEXT_OF_NAME);
	read_text(state, state->name.name, &state->name.name_text, false);
	find_text(walk, code, TEXT_OF_FILE);
	read_text(state, state->name.file, &state->name.file_text, true);
	hand_over_name(walk, state->number);
}

/* The number of the code, into walk->interpreted: 0 where it cannot be read. Not static: verified once by itself. */
__noinline int frame_list_code(struct walk *walk, u64 code)
{
	struct interpreted_walk *state;
	struct interpreter *interpreter;
	struct frame_list_layout *layout;
	u64 check;
	u32 line = 0;

	if (!walk)
		return 0;
	state = &walk->interpreted;
	interpreter = interpreter_of(walk);
	if (!interpreter)
		return 0;
	layout = &interpreter->frame_list;
	state->code_number = 0;
	if (layout->has_line && read_user_word(code + layout->line, &walk->value))
		line = walk->value;
	if (!find_text(walk, code, TEXT_OF_NAME)) {
		count_interpreted(INTERPRETED_UNREADABLE);
		return 1;
	}
	/* Its beginning, and how long it is: no hash of the text is known. */
	state->file[0] = state->file[1] = state->file[2] = 0;
	bpf_probe_read_user_str(state->file, sizeof(state->file), (const void *)state->text[0]);
	check = mix(mix(mix(0, state->text[0]), state->text[1]), line);
	check = mix(mix(mix(check, state->file[0]), state->file[1]), state->file[2]);
	state->key.start_boottime = walk->birth;
	state->key.address = code;
	state->key.check = check;
	state->key.tgid = walk->tgid;
	state->key.exec_id = walk->exec_id;
	if (!is_known_code(walk))
		frame_list_name(walk, code, line);
	return 1;
}

/* Finds the frame that the thread is in. False where there is none, or it does not lead to code. */
__noinline int frame_list_begin(struct walk *walk)
{
	struct interpreted_walk *state;
	struct interpreter *interpreter;
	u64 from;

	if (!walk)
		return 0;
	state = &walk->interpreted;
	interpreter = interpreter_of(walk);
	if (!interpreter)
		return 0;
	from = interpreter->runtime +
	       (interpreter->frame_list.flags & FRAME_LIST_THREAD_LOCAL ? thread_pointer() : state->base);
	if (!follow_path(walk, from, &interpreter->frame_list.innermost)) {
		count_interpreted(INTERPRETED_UNREADABLE);
		return 0;
	}
	state->next = walk->value;
	/* It runs nothing. */
	if (!state->next)
		return 0;
	if (!follow_to_code(walk, state->next) || (walk->value && !frame_list_is_code(walk, walk->value))) {
		count_interpreted(INTERPRETED_NOT_CODE);
		state->next = 0;
		return 0;
	}
	return 1;
}

/* Reads the next frame: its code into walk->value, whether its evaluation began with it into @is_entry. */
static __always_inline bool frame_list_read(struct walk *walk, struct frame_list_layout *layout, u64 *is_entry)
{
	u64 frame = walk->interpreted.next;

	walk->interpreted.next = 0;
	if (!read_user_word(frame + layout->previous, &walk->interpreted.next))
		return false;
	if (!(layout->flags & FRAME_LIST_ENTRY_PER_FRAME)) {
		if (!read_user_word(frame + layout->entry, &walk->value))
			return false;
		*is_entry = (walk->value & layout->entry_mask) != 0;
	}
	return follow_to_code(walk, frame);
}

/* Pushes the next frame; false where the evaluation that is asked about ran no more of them. */
static __always_inline bool frame_list_frame(struct walk *walk, struct sample_key *key, struct interpreter *interpreter)
{
	struct interpreted_walk *state = &walk->interpreted;
	u64 code, is_entry = 1;

	if (!frame_list_read(walk, &interpreter->frame_list, &is_entry)) {
		count_interpreted(INTERPRETED_UNREADABLE);
		state->next = 0;
		return false;
	}
	code = walk->value;
	state->instruction = 0;
	if (code && !frame_list_is_code(walk, code)) {
		count_interpreted(INTERPRETED_NOT_CODE);
	} else if (code && frame_list_code(walk, code)) {
		push_interpreted(walk, key, is_entry && state->part == PART_FOR_USERSPACE);
	} else if (is_entry && state->part == PART_FOR_USERSPACE) {
		/* It stands for none: its evaluation is that of those in front of it. */
		u32 last = walk->depth - 1;

		barrier_var(last);
		if (last < STACK_MAX_FRAMES)
			key->user[last] |= 1ULL << FRAME_ENTRY_BIT;
	}
	return state->part != PART_OF_EVALUATION || !is_entry;
}

#endif
