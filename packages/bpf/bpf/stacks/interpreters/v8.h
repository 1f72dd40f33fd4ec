/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Frames of V8. What it generates keeps frame pointers, builtins in the program's text too, and each frame of a
 * JavaScript function has the JSFunction at a fixed place below it, be it interpreted, baseline or optimised code. So
 * the native walk meets them one by one, and each is named in its place. All offsets and types come from userspace
 * (struct v8_layout); names of fields are V8's: src/objects/{js-function,shared-function-info,scope-info,script,string}.tq.
 */
#ifndef WAGGLE_V8_H
#define WAGGLE_V8_H

#include "../frame_pointer.h"
#include "interpreted.h"

/* The two lowest bits of a word: a small integer has 0 in the lowest one and its value in the upper half. */
#define V8_TAG_MASK 3
#define V8_TAG_OBJECT 1
#define V8_SMALL_BITS 32
/* Where strings have their parts. Userspace makes sure of it, and of the bits of their types. */
#define V8_HASH_OF_STRING 8
#define V8_CHARACTERS_OF_STRING 16
#define V8_SECOND_OF_STRING 24
#define V8_LENGTH_OF_ARRAY 8
#define V8_START_OF_ARRAY 16
/* v8dbg_StringRepresentationMask and what it has. */
#define V8_REPRESENTATION 7
#define V8_SEQUENTIAL 0
#define V8_CONS 1
#define V8_EXTERNAL 2
#define V8_SLICED 3
#define V8_THIN 5
#define V8_ONE_BYTE 8
/* kScopeInfoMaxInlinedLocalNamesSize: more have a hash table. */
#define V8_INLINED_NAMES 75
/* ScopeFlags of scope-info.tq. */
#define V8_SCOPE_KIND(flags) ((flags) & 15)
#define V8_HAS_CLASS_VARIABLE(flags) ((flags) >> 10 & 1)
#define V8_HAS_NAME(flags) (((flags) >> 12 & 3) != 0)
#define V8_HAS_INFERRED_NAME(flags) ((flags) >> 14 & 1)
#define V8_LINES_MAX 24 /* rounds of a binary search */
#define V8_TEXT_ROUNDS 32

static __always_inline bool v8_is_object(u64 word)
{
	return (word & V8_TAG_MASK) == V8_TAG_OBJECT;
}

/* Of what was read: any offset that is given stays inside. */
#define V8_WORD(words, offset) ((words)[((offset) / 8) & 7])
#define V8_SCRIPT_WORD(v8, offset) ((offset) / 8 < 10 ? (v8)->script[(offset) / 8] : 0)

/* All that is read goes to the walk, which is in a map: the stack is short, and this is far down. */
static __always_inline u16 v8_type_of_map(struct v8_walk *v8, u64 map, const struct v8_layout *layout)
{
	if (!v8_is_object(map) ||
	    bpf_probe_read_user(&v8->type, sizeof(v8->type), (const void *)(map - V8_TAG_OBJECT + layout->map_type)))
		return 0xffff;
	return v8->type;
}

static __always_inline bool v8_read_pair(u64 *pair, u64 address)
{
	return !bpf_probe_read_user(pair, 16, (const void *)address);
}

/* The piece of a text that comes next; 1 where it is the last one. */
static __always_inline int v8_text_piece(struct v8_walk *v8, const struct v8_layout *layout)
{
	u64 *words = v8->words;
	u64 from, wanted;
	u32 left, unit, written;
	u16 type;

	left = v8->pieces_left - 1;
	barrier_var(left);
	if (left >= V8_PIECES_MAX)
		return 1;
	v8->pieces_left = left;
	from = v8->pieces[left] - V8_TAG_OBJECT;
	if (!v8_read_pair(words, from))
		goto unreadable;
	type = v8_type_of_map(v8, words[0], layout);
	if (type >= layout->first_other_type)
		goto unreadable;
	wanted = words[1] >> V8_SMALL_BITS;
	if (!wanted)
		return !left;
	if (wanted >> 30)
		goto unreadable;
	unit = type & V8_ONE_BYTE ? 1 : 2;
	wanted *= unit;
	from += V8_CHARACTERS_OF_STRING;
	if ((type & V8_REPRESENTATION) != V8_SEQUENTIAL) {
		if (!v8_read_pair(words + 2, from))
			goto unreadable;
		from = words[2];
		switch (type & V8_REPRESENTATION) {
		case V8_CONS:
			if (left + 1 >= V8_PIECES_MAX || !v8_is_object(from) || !v8_is_object(words[3]))
				goto unreadable;
			v8->pieces[left] = words[3];
			v8->pieces[left + 1] = from;
			v8->pieces_left = left + 2;
			return 0;
		case V8_THIN:
			if (!v8_is_object(from))
				goto unreadable;
			v8->pieces[left] = from;
			v8->pieces_left = left + 1;
			return 0;
		case V8_EXTERNAL:
			from = words[3];
			break;
		case V8_SLICED:
			/* Of one that is flat, in front of which so much is left out. */
			from -= V8_TAG_OBJECT;
			if (!v8_is_object(words[2]) || !v8_read_pair(words, from))
				goto unreadable;
			type = v8_type_of_map(v8, words[0], layout);
			if (type >= layout->first_other_type || (type & V8_REPRESENTATION) != V8_SEQUENTIAL)
				goto unreadable;
			from += V8_CHARACTERS_OF_STRING + (words[3] >> V8_SMALL_BITS) * unit;
			break;
		default:
			goto unreadable;
		}
	}
	if (v8->skipped >= wanted) {
		v8->skipped -= wanted;
		return !left;
	}
	from += v8->skipped;
	wanted -= v8->skipped;
	v8->skipped = 0;
	written = v8->written;
	/* Texts of two kinds are not put together. */
	if (written >= CODE_TEXT_BYTES || (v8->unit && v8->unit != unit))
		goto unreadable;
	if (wanted > CODE_TEXT_BYTES)
		wanted = CODE_TEXT_BYTES;
	/* Behind the barriers, where the verifier of 6.1 sees it of the registers that are used. */
	barrier_var(written);
	written &= CODE_TEXT_BYTES - 1;
	barrier_var(wanted);
	if (wanted > CODE_TEXT_BYTES ||
	    bpf_probe_read_user(v8->text + written, wanted, (const void *)from))
		goto unreadable;
	v8->unit = unit;
	v8->written = written + wanted;
	return !left || v8->written >= CODE_TEXT_BYTES;
unreadable:
	v8->is_cut = 1;
	v8->pieces_left = 0;
	return 1;
}

/* Of a string's text as much is taken as there is room for. @from_end where it is cut; false where it has none */
static __always_inline bool v8_begin_text(struct v8_walk *v8, u64 string, bool from_end, const struct v8_layout *layout)
{
	u64 bytes;

	v8->unit = v8->written = v8->is_cut = v8->rounds = 0;
	v8->skipped = 0;
	if (!v8_is_object(string) || !v8_read_pair(v8->words, string - V8_TAG_OBJECT))
		return false;
	bytes = (v8->words[1] >> V8_SMALL_BITS) << !(v8_type_of_map(v8, v8->words[0], layout) & V8_ONE_BYTE);
	if (!bytes) {
		v8->unit = 1;
		return false;
	}
	if (bytes > CODE_TEXT_BYTES) {
		v8->is_cut = 1;
		if (from_end)
			v8->skipped = bytes - CODE_TEXT_BYTES;
	}
	v8->pieces[0] = string;
	v8->pieces_left = 1;
	return true;
}

static __always_inline void v8_take_text(struct v8_walk *v8, u8 *to, struct code_text *text)
{
	bpf_probe_read_kernel(to, CODE_TEXT_BYTES, v8->text);
	text->bytes = v8->written > CODE_TEXT_BYTES ? CODE_TEXT_BYTES : v8->written;
	text->unit = v8->unit;
	text->is_cut = v8->is_cut;
}

/* The line of a position by where lines end, from 1 on; 0 where that was not looked for by anybody yet. */
__noinline int v8_line(struct walk *walk, u64 ends, u32 position)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_walk *v8;
	u64 low = 0, high;

	if (!walk || !interpreter || !v8_is_object(ends))
		return 0;
	v8 = &walk->interpreted.v8;
	ends -= V8_TAG_OBJECT;
	if (!v8_read_pair(v8->words, ends) ||
	    v8_type_of_map(v8, v8->words[0], &interpreter->v8) != interpreter->v8.fixed_array_type)
		return 0;
	high = v8->words[1] >> V8_SMALL_BITS;
	if (!high || high >> V8_LINES_MAX)
		return 0;
	for (u32 i = 0; i <= V8_LINES_MAX && low < high; i++) {
		u64 middle = (low + high) / 2;

		if (!read_user_word(ends + V8_START_OF_ARRAY + 8 * middle, v8->words))
			return 0;
		search_half(&low, &high, middle, is_below(v8->words[0] >> V8_SMALL_BITS, position));
	}
	return low + 1;
}

/*
 * Where a function's name is, its position, and what both are checked by: into the walk's key, names and head. False
 * where what was read cannot be one.
 */
__noinline int v8_read_names(struct walk *walk, u64 name)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_layout *layout;
	struct v8_walk *v8;
	u64 at, variables, inferred = 0, scope = name - V8_TAG_OBJECT;
	u32 flags, words, position = 0, next = 0;

	if (!walk || !interpreter || !v8_is_object(name))
		return 0;
	v8 = &walk->interpreted.v8;
	layout = &interpreter->v8;
	if (bpf_probe_read_user(v8->scope, sizeof(v8->scope), (const void *)scope) &&
	    bpf_probe_read_user(v8->scope, 16, (const void *)scope))
		return 0;
	if (v8->scope[0] != v8->scope_map || v8->birth != walk->birth || v8->exec_id != walk->exec_id) {
		u16 type = v8_type_of_map(v8, v8->scope[0], layout);

		if (type < layout->first_other_type) {
			/* The name itself: of a function of V8's own. */
			v8->head[0] = v8->scope[0];
			v8->head[1] = v8->scope[1];
			goto named;
		}
		if (type != layout->scope_type)
			return 0;
		v8->scope_map = v8->scope[0];
		v8->birth = walk->birth;
		v8->exec_id = walk->exec_id;
	}
	/* As a small integer, or as it is (V8 13). */
	flags = v8->scope[1] | v8->scope[1] >> 32;
	variables = V8_WORD(v8->scope, layout->scope_variables) >> V8_SMALL_BITS;
	at = layout->scope_names + 8 * (variables < V8_INLINED_NAMES ? 2 * variables : 1 + variables);
	if (V8_SCOPE_KIND(flags) == layout->scope_module_kind)
		at += 8;
	at += 8 * V8_HAS_CLASS_VARIABLE(flags);
	words = 2 * V8_HAS_NAME(flags) + V8_HAS_INFERRED_NAME(flags) + 2 * !layout->scope_start;
	name = 0;
	if (words) {
		u32 bytes = 8 * words;

		barrier_var(bytes);
		if (bytes > sizeof(v8->names) ||
		    bpf_probe_read_user(v8->names, bytes, (const void *)(scope + at)))
			return 0;
	}
	if (V8_HAS_NAME(flags)) {
		name = v8->names[0];
		next = 2;
	}
	if (V8_HAS_INFERRED_NAME(flags))
		inferred = v8->names[next++ & 7];
	position = (layout->scope_start ? V8_WORD(v8->scope, layout->scope_start) : v8->names[next & 7]) >>
		   V8_SMALL_BITS;
	v8->head[0] = v8->head[1] = 0;
	if (v8_is_object(name) &&
	    bpf_probe_read_user(v8->head, sizeof(v8->head), (const void *)(name - V8_TAG_OBJECT)))
		return 0;
	if (!(v8->head[1] >> V8_SMALL_BITS) && v8_is_object(inferred)) {
		name = inferred;
		if (bpf_probe_read_user(v8->head, sizeof(v8->head), (const void *)(name - V8_TAG_OBJECT)))
			return 0;
	}
named:
	walk->interpreted.next_name = name;
	walk->interpreted.name.position = position;
	return 1;
}

/* Code that nobody has the name of has a number from now on. False where what led to it is no function. */
static __always_inline bool v8_begin_names(struct walk *walk, const struct v8_layout *layout)
{
	struct v8_walk *v8 = &walk->interpreted.v8;
	struct code_name *name = &walk->interpreted.name;
	u16 type = v8_type_of_map(v8, v8->function[0], layout);

	if (!v8->is_shared && (type < layout->first_function_type || type > layout->last_function_type))
		return false;
	if (v8_type_of_map(v8, v8->shared[0], layout) != layout->shared_type)
		return false;
	if (v8->script[0] && v8_type_of_map(v8, v8->script[0], layout) != layout->script_type)
		v8->script[0] = 0;
	if (!(v8->head[1] >> V8_SMALL_BITS) ||
	    v8_type_of_map(v8, v8->head[0], layout) >= layout->first_other_type)
		walk->interpreted.next_name = 0;
	name->line_table_bytes = name->inlined = 0;
	name->first_line = name->source_length = 0;
	name->owner_text.bytes = 0;
	if (!give_code_number(walk))
		return true;
	v8->is_file = 0;
	if (!v8_begin_text(v8, walk->interpreted.next_name, false, layout)) {
		v8->unit = 1;
		v8->pieces_left = 0;
	}
	walk->interpreted.part = PART_NAMES;
	return true;
}

/*
 * What code is called, piece by piece: each is a round of the walk, after the frame was pushed. In the end it is handed
 * over.
 */
__noinline int v8_name_round(struct walk *walk)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_layout *layout;
	struct code_name *name;
	struct v8_walk *v8;
	u64 source;

	if (!walk || !interpreter)
		return 0;
	v8 = &walk->interpreted.v8;
	layout = &interpreter->v8;
	name = &walk->interpreted.name;
	if (v8->pieces_left) {
		if (v8->rounds++ < V8_TEXT_ROUNDS && !v8_text_piece(v8, layout))
			return 0;
		if (v8->pieces_left) {
			v8->is_cut = 1;
			v8->pieces_left = 0;
		}
	}
	if (!v8->is_file) {
		v8->is_file = 1;
		v8_take_text(v8, name->name, &name->name_text);
		if (v8->script[0]) {
			v8_begin_text(v8, V8_SCRIPT_WORD(v8, layout->script_name), true, layout);
			return 0;
		}
		/* One of V8's own has no file. */
		v8->unit = 1;
		v8->written = v8->is_cut = 0;
	}
	v8_take_text(v8, name->file, &name->file_text);
	if (v8->script[0]) {
		name->first_line = v8_line(walk, V8_SCRIPT_WORD(v8, layout->script_line_ends), name->position);
		source = V8_SCRIPT_WORD(v8, layout->script_source);
		if (!name->first_line && v8_is_object(source) && v8_read_pair(v8->words, source - V8_TAG_OBJECT) &&
		    v8_type_of_map(v8, v8->words[0], layout) < layout->first_other_type)
			name->source_length = v8->words[1] >> V8_SMALL_BITS;
	}
	send_name(walk, walk->interpreted.generator);
	walk->interpreted.part = v8->inlined.stage ? PART_INLINED : PART_NONE;
	return 0;
}

/*
 * The number of the function's code, into the walk; false where what the frame has is no function. Where v8->is_shared
 * says so it is not the JSFunction that is given, but the SharedFunctionInfo that it leads to.
 */
__noinline int v8_function(struct walk *walk, u64 function)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct interpreted_walk *state;
	struct v8_layout *layout;
	struct v8_walk *v8;
	u64 shared, name, script, check;
	u32 bytes;

	if (!walk || !interpreter)
		return 0;
	state = &walk->interpreted;
	v8 = &state->v8;
	layout = &interpreter->v8;
	state->code_number = 0;
	shared = function;
	if (!v8->is_shared) {
		bytes = layout->function_bytes;
		barrier_var(bytes);
		if (bytes > sizeof(v8->function) ||
		    bpf_probe_read_user(v8->function, bytes, (const void *)(function - V8_TAG_OBJECT)))
			goto unreadable;
		shared = V8_WORD(v8->function, layout->function_shared);
	}
	if (!v8_is_object(shared))
		goto no_code;
	bytes = layout->shared_bytes;
	barrier_var(bytes);
	if (bytes > sizeof(v8->shared) ||
	    bpf_probe_read_user(v8->shared, bytes, (const void *)(shared - V8_TAG_OBJECT)))
		goto unreadable;
	name = V8_WORD(v8->shared, layout->shared_name);
	script = V8_WORD(v8->shared, layout->shared_script);
	state->name.position = 0;
	state->next_name = 0;
	v8->head[0] = v8->head[1] = 0;
	/* A small integer: of a builtin that has none. */
	if (v8_is_object(name) && !v8_read_names(walk, name))
		goto no_code;
	v8->script[0] = 0;
	bytes = layout->script_bytes;
	barrier_var(bytes);
	if (v8_is_object(script) &&
	    (bytes > sizeof(v8->script) ||
	     bpf_probe_read_user(v8->script, bytes, (const void *)(script - V8_TAG_OBJECT))))
		v8->script[0] = 0;
	/* Hash and length of the name; and the script's number, which no other one has. */
	check = mix(mix(mix(0, state->next_name), v8->head[1]), state->name.position);
	check = mix(mix(mix(check, v8->shared[0]), v8->head[0]), script);
	if (v8->script[0]) {
		check = mix(mix(check, v8->script[0]), V8_SCRIPT_WORD(v8, layout->script_name));
		check = mix(check, V8_SCRIPT_WORD(v8, layout->script_line_ends + 8));
	}
	state->key.start_boottime = walk->birth;
	state->key.address = shared;
	state->key.check = check;
	state->key.tgid = walk->tgid;
	state->key.exec_id = walk->exec_id;
	if (is_known_code(walk) || v8_begin_names(walk, layout))
		return 1;
no_code:
	count_interpreted(INTERPRETED_NOT_CODE);
	return 0;
unreadable:
	count_interpreted(INTERPRETED_UNREADABLE);
	return 0;
}

/*
 * Pushes the function whose frame walk->fp leads to. False where it is none of a JavaScript function: one of a kind
 * that has a mark in the place of the context, or one that is being made or left, which has nothing yet.
 */
static __always_inline bool v8_push_frame(struct walk *walk, u32 slot)
{
	struct interpreter *interpreter = generator_of(walk);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct v8_walk *v8 = &walk->interpreted.v8;
	u64 fp = walk->fp;

	if (!interpreter || !key || !walk->fp_known || (fp & 7) || fp < walk->sp ||
	    walk->sp > fp - interpreter->v8.function)
		return false;
	if (!read_user_word(fp - interpreter->v8.context, v8->words) || !v8_is_object(v8->words[0]) ||
	    !read_user_word(fp - interpreter->v8.function, v8->words) || !v8_is_object(v8->words[0]))
		return false;
	v8->is_shared = 0;
	if (!v8_function(walk, v8->words[0]))
		return false;
	if (!walk->interpreted.has_generated) {
		walk->interpreted.has_generated = 1;
		count_interpreted(INTERPRETED_WALKED);
	}
	walk->interpreted.instruction = 0;
	push_interpreted(walk, key, 0);
	return true;
}

#endif
