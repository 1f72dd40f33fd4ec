/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Functions that V8 has inlined into optimised code, where a frame of it returns to. V8 itself has to know them when it
 * throws the code away: a table of safepoints leads from the return address to a translation, a list of operations of
 * which some begin a function, outermost first. It is read once for each return address, which has a number from then
 * on, as HotSpot's scopes have. Names are V8's: src/codegen/safepoint-table.h, src/objects/deoptimization-data.h,
 * src/deoptimizer/translation-opcode.h.
 */
#ifndef WAGGLE_V8_INLINED_H
#define WAGGLE_V8_INLINED_H

#include "v8_code.h"

/* Rounds of the walk that one stack may take for all of it. */
#define V8_INLINED_ROUNDS 256
#define V8_SAFEPOINTS_SEARCH 20   /* rounds of a binary search */
#define V8_OPERATIONS_OF_ROUND 64 /* of a translation */
#define V8_TRANSLATION_ROUNDS 16
#define V8_DEOPT_WORDS 3 /* kDeoptEntrySize: position, translation, address */
/* What enum v8_operation leaves of a byte. */
#define V8_OPERANDS_MASK 7
/* Of a literal: it is no SharedFunctionInfo, but a JSFunction. */
#define V8_LITERAL_IS_FUNCTION (1U << 31)
/* IsTurbofannedField of a Code's flags. */
#define V8_IS_TURBOFANNED 16

#define V8_DATA_WORD(inlined, index) ((inlined)->data[(index) & (V8_DATA_WORDS - 1)])

/* The frame that it is about has this number, which stands for all functions there. */
static __always_inline void v8_number_frame(struct v8_inlined_walk *inlined, struct sample_key *key, u32 number)
{
	u32 frame = inlined->frame;

	barrier_var(frame);
	if (frame < STACK_MAX_FRAMES)
		key->user[frame] = (key->user[frame] >> 32 << 32) | number;
}

/* The code is known: the number of what is inlined at the frame, or the place of it is looked for next. */
__noinline int v8_known_inlined(struct walk *walk, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_inlined_walk *inlined;
	struct v8_layout *layout;
	u32 *known;

	if (!walk || !key || !interpreter)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	layout = &interpreter->v8;
	inlined->stage = V8_INLINED_NOTHING;
	if (!inlined->is_optimised || !(V8_DATA_WORD(inlined, layout->data_count) >> V8_SMALL_BITS))
		return 0;
	/* No other compilation of the isolate has its number. */
	inlined->key.check = mix(mix(inlined->check, V8_DATA_WORD(inlined, layout->data_id)), inlined->start);
	inlined->key.check = mix(mix(inlined->key.check, inlined->code[0]), inlined->data[0]);
	known = find_code(walk, true);
	if (known)
		v8_number_frame(inlined, key, *known);
	else
		inlined->stage = V8_INLINED_PLACE;
	return 1;
}

/* Of a number in so few bytes. */
static __always_inline u64 v8_low_bytes(u64 word, u32 bytes)
{
	return word & ((1ULL << (8 * (bytes & 7))) - 1);
}

/* The index of the translation for the frame, from 1 on; 0 where it returns to no place of a function. */
static __always_inline u32 v8_safepoint(struct v8_walk *v8, const struct v8_layout *layout)
{
	struct v8_inlined_walk *inlined = &v8->inlined;
	u64 table = inlined->start + inlined->size, wanted = inlined->pc - inlined->start, low = 0, high;
	u32 bits, pc_bytes, index_bytes, entry_bytes;

	/* Maglev, the quicker compiler, has a table of another form. */
	if (bpf_probe_read_user(v8->words, 8, (const void *)(table + layout->safepoints_length)))
		return 0;
	high = (u32)v8->words[0];
	bits = v8->words[0] >> 32;
	pc_bytes = bits >> 4 & 7;
	index_bytes = bits >> 7 & 7;
	entry_bytes = 2 * pc_bytes + index_bytes + (bits >> 1 & 7);
	if (inlined->flags & V8_IS_TURBOFANNED) {
		table += layout->safepoints_bytes;
	} else {
		table += layout->maglev_safepoints_bytes;
		entry_bytes++;
	}
	if (!(bits & 1) || !pc_bytes || pc_bytes + index_bytes > 7 || high >> V8_SAFEPOINTS_SEARCH)
		return 0;
	v8->words[1] = 0;
	for (u32 i = 0; i <= V8_SAFEPOINTS_SEARCH; i++) {
		u64 middle = (low + high) >> 1, at;

		if (low >= high)
			break;
		if (bpf_probe_read_user(v8->words, 8, (const void *)(table + middle * entry_bytes)))
			return 0;
		at = v8_low_bytes(v8->words[0], pc_bytes);
		if (at == wanted)
			return v8_low_bytes(v8->words[0] >> (8 * pc_bytes), index_bytes);
		search_half(&low, &high, middle, is_below(at, wanted));
	}
	return 0;
}

/* What is at the frame's place is the function that has the code, and nothing else: so it is from now on. */
static __always_inline void v8_nothing_inlined(struct walk *walk, struct v8_inlined_walk *inlined)
{
	if (inlined->function)
		know_code(walk, true, inlined->function);
	inlined->stage = V8_INLINED_NOTHING;
}

/* Where the translation for the frame begins. */
__noinline int v8_find_place(struct walk *walk)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_inlined_walk *inlined;
	struct v8_layout *layout;
	struct v8_walk *v8;
	u64 translations, entry;
	u32 place;

	if (!walk || !interpreter)
		return 0;
	v8 = &walk->interpreted.v8;
	inlined = &v8->inlined;
	layout = &interpreter->v8;
	if (!v8_is_code(v8, layout) || v8_type_of_map(v8, inlined->data[0], layout) != layout->data_type) {
		v8_end_inlined(inlined, INTERPRETED_NOT_INLINED);
		return 0;
	}
	place = v8_safepoint(v8, layout);
	if (!place) {
		/* A call of V8's own: of what allocates, or compares texts. */
		v8_nothing_inlined(walk, inlined);
		return 0;
	}
	translations = V8_DATA_WORD(inlined, layout->data_translations);
	entry = inlined->data_at - V8_TAG_OBJECT + 8 * layout->data_entries + 8ULL * V8_DEOPT_WORDS * (place - 1) + 8;
	if (!v8_is_object(translations) || !v8_read_pair(v8->words, translations - V8_TAG_OBJECT) ||
	    !read_user_word(entry, v8->words)) {
		v8_end_inlined(inlined, INTERPRETED_NOT_INLINED);
		return 0;
	}
	inlined->translations = translations - V8_TAG_OBJECT + V8_START_OF_ARRAY;
	inlined->translations_end = inlined->translations + (v8->words[1] >> V8_SMALL_BITS);
	inlined->at = inlined->translations + (v8->words[0] >> V8_SMALL_BITS);
	inlined->basis = inlined->at;
	inlined->of_basis = inlined->since = inlined->passed_over = inlined->wanted = inlined->found = 0;
	inlined->is_continued = 0;
	inlined->translation_rounds = V8_TRANSLATION_ROUNDS;
	inlined->stage = V8_INLINED_TRANSLATION;
	return 1;
}

/* A number in groups of seven bits, of what is in inlined->bytes; without a branch, as hotspot_unsigned(). */
static __always_inline u32 v8_variable(const u8 *bytes, u32 *at, u64 going)
{
	u32 sum = 0;

#pragma unroll
	for (u32 i = 0; i < 5; i++) {
		u32 byte = bytes[*at & 31];

		sum |= (byte & 127 & (u32)-going) << (7 * i);
		*at += going;
		going &= byte >> 7;
		asm volatile("" : "+r"(going));
	}
	return sum;
}

/* The operation at @at, into inlined->operation and its operands; how many bytes it has, or 0. */
__noinline int v8_read_operation(struct walk *walk, u64 at)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_inlined_walk *inlined;
	struct v8_layout *layout;
	u32 operation, kind, count, length = 1;
	u64 bytes;

	if (!walk || !interpreter)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	layout = &interpreter->v8;
	if (at < inlined->translations || at >= inlined->translations_end)
		return 0;
	bytes = inlined->translations_end - at;
	if (bytes > sizeof(inlined->bytes))
		bytes = sizeof(inlined->bytes);
	barrier_var(bytes);
	if (bytes > sizeof(inlined->bytes) || bpf_probe_read_user(inlined->bytes, bytes, (const void *)at))
		return 0;
	operation = inlined->bytes[0] >> layout->operation_shift;
	if (operation >= layout->operation_count) {
		/* A number of those that are as they were before. */
		inlined->kind = V8_OPERATION_MATCHES;
		inlined->operands[0] = operation - layout->operation_count;
		return layout->operation_shift ? 0 : 1;
	}
	kind = layout->operations[operation & (V8_OPERATIONS_MAX - 1)];
	count = kind & V8_OPERANDS_MASK;
	inlined->kind = kind;
	inlined->operands[0] = v8_variable(inlined->bytes, &length, is_below(0, count));
	inlined->operands[1] = v8_variable(inlined->bytes, &length, is_below(1, count));
	inlined->operands[2] = v8_variable(inlined->bytes, &length, is_below(2, count));
	v8_variable(inlined->bytes, &length, is_below(3, count));
	v8_variable(inlined->bytes, &length, is_below(4, count));
	v8_variable(inlined->bytes, &length, is_below(5, count));
	return length;
}

/* A function of the translation, outermost first. */
static __always_inline void v8_add_function(struct v8_inlined_walk *inlined)
{
	u32 found = inlined->found;

	barrier_var(found);
	if (found >= INLINED_MAX)
		return;
	/* With its sign in the lowest bit. */
	inlined->functions[found] = inlined->operands[1] >> 1;
	inlined->found = found + 1;
	inlined->is_continued = inlined->kind & V8_OPERATION_CONTINUES;
}

/* What comes next to a function of V8's own, of which Maglev does not say what the others say. */
static __always_inline void v8_add_closure(struct v8_inlined_walk *inlined)
{
	u32 last = inlined->found - 1;

	inlined->is_continued = 0;
	barrier_var(last);
	if (last < INLINED_MAX && inlined->kind & V8_OPERATION_LITERAL)
		inlined->functions[last] = inlined->operands[0] >> 1 | V8_LITERAL_IS_FUNCTION;
}

/*
 * One operation of the translation. It may have fewer than it stands for: those that are like the ones of an earlier
 * translation, the basis, at the same place are only counted. 0 ends it, with all functions or none.
 */
__noinline int v8_next_operation(struct walk *walk)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_inlined_walk *inlined;
	u64 from_basis;
	u32 length;

	if (!walk || !interpreter)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	from_basis = inlined->passed_over | inlined->of_basis;
	length = v8_read_operation(walk, from_basis ? inlined->basis : inlined->at);
	if (!length)
		return 0;
	if (from_basis)
		inlined->basis += length;
	else
		inlined->at += length;
	if (inlined->passed_over) {
		inlined->passed_over--;
		return 1;
	}
	if (from_basis)
		inlined->of_basis--;
	else if (!(inlined->kind & V8_OPERATION_MATCHES))
		inlined->since++;
	if (inlined->kind & V8_OPERATION_MATCHES) {
		if (from_basis)
			return 0;
		inlined->passed_over = inlined->since;
		inlined->since = 0;
		inlined->of_basis = inlined->operands[0];
		return 1;
	}
	if (inlined->kind & V8_OPERATION_BEGINS) {
		/* Numbers of frames have a sign. */
		if (inlined->wanted)
			return 0;
		inlined->wanted = inlined->operands[interpreter->v8.begin_functions & 3] >> 1;
		if (interpreter->v8.has_basis)
			inlined->basis = inlined->at - length - inlined->operands[0];
		return inlined->wanted > 1 && inlined->wanted <= INLINED_MAX;
	}
	if (inlined->is_continued)
		v8_add_closure(inlined);
	if (inlined->kind & V8_OPERATION_FUNCTION)
		v8_add_function(inlined);
	return inlined->found < inlined->wanted || inlined->is_continued;
}

/* The literal of the code that stands for a function; 0 where there is none. */
__noinline u64 v8_literal(struct walk *walk, u32 index)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_walk *v8;
	u64 literals;
	u32 id;

	if (!walk || !interpreter || index >= INLINED_MAX)
		return 0;
	v8 = &walk->interpreted.v8;
	literals = V8_DATA_WORD(&v8->inlined, interpreter->v8.data_literals);
	id = v8->inlined.functions[index] & ~V8_LITERAL_IS_FUNCTION;
	if (!v8_is_object(literals) || !v8_read_pair(v8->words, literals - V8_TAG_OBJECT) ||
	    id >= v8->words[1] >> V8_SMALL_BITS ||
	    !read_user_word(literals - V8_TAG_OBJECT + V8_START_OF_ARRAY + 8ULL * id, v8->words))
		return 0;
	/* It may be one that keeps nothing alive, which is another bit. */
	return v8->words[0] & ~2ULL;
}

/* Operations of the translation, as many as one round may read. */
__noinline int v8_read_translation(struct walk *walk)
{
	struct v8_inlined_walk *inlined;

	if (!walk)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	for (u32 i = 0; i < V8_OPERATIONS_OF_ROUND; i++)
		if (!v8_next_operation(walk))
			goto over;
	if (--inlined->translation_rounds)
		return 1;
	/* It is too long, and is not read again. */
	count_interpreted(INTERPRETED_NOT_INLINED);
	v8_nothing_inlined(walk, inlined);
	return 0;
over:
	if (inlined->wanted == 1) {
		v8_nothing_inlined(walk, inlined);
	} else if (inlined->wanted && inlined->found == inlined->wanted && v8_literal(walk, 0) == inlined->shared) {
		walk->interpreted.inlined_count = 0;
		inlined->stage = V8_INLINED_NAMES;
	} else {
		v8_end_inlined(inlined, INTERPRETED_NOT_INLINED);
	}
	return 0;
}

/* A number for all that are at the frame's place: innermost first, in walk->interpreted.inlined. */
__noinline int v8_give_list(struct walk *walk, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct v8_inlined_walk *inlined;
	struct code_name *name;
	u64 unnamed = 0;
	u32 count;

	if (!walk || !key)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	name = &walk->interpreted.name;
	count = walk->interpreted.inlined_count;
	/* Without a branch, as hotspot_unsigned(). */
	for (u32 i = 0; i < INLINED_MAX; i++)
		unnamed |= is_below(i, count) & is_below(walk->interpreted.inlined[i].number, 1);
	__builtin_memcpy(&walk->interpreted.key, &inlined->key, sizeof(inlined->key));
	name->file_text.bytes = name->name_text.bytes = name->owner_text.bytes = 0;
	name->first_line = name->position = name->source_length = 0;
	name->inlined = count;
	name->line_table_bytes = count * sizeof(struct inlined_code);
	__builtin_memcpy(name->line_table, walk->interpreted.inlined, sizeof(walk->interpreted.inlined));
	hand_over_name(walk, walk->interpreted.generator);
	if (walk->interpreted.code_number)
		v8_number_frame(inlined, key, walk->interpreted.code_number);
	/* A name was lost on the way: the next sample asks again. */
	if (unnamed)
		forget_code(walk);
	inlined->stage = V8_INLINED_NOTHING;
	return 1;
}

/* The next function of the list, innermost first, has its number, and is named in rounds of its own if it is new. */
__noinline int v8_number_function(struct walk *walk, u32 slot)
{
	struct v8_walk *v8;
	u32 count, left, index;
	u64 shared;

	if (!walk)
		return 0;
	v8 = &walk->interpreted.v8;
	count = walk->interpreted.inlined_count;
	left = v8->inlined.found - count;
	barrier_var(count);
	if (count >= INLINED_MAX || !left || left > INLINED_MAX)
		goto none;
	if (left == 1) {
		walk->interpreted.code_number = v8->inlined.function;
	} else {
		/* What is known of `left` is not known of what is one less, to a verifier of Linux 6.1. */
		index = left - 1;
		barrier_var(index);
		index &= INLINED_MAX - 1;
		shared = v8_literal(walk, index);
		if (!v8_is_object(shared))
			goto none;
		v8->is_shared = !(v8->inlined.functions[index] & V8_LITERAL_IS_FUNCTION);
		if (!v8_function(walk, shared)) {
			v8->inlined.stage = V8_INLINED_NOTHING; /* it is counted */
			return 0;
		}
	}
	walk->interpreted.inlined[count].number = walk->interpreted.code_number;
	walk->interpreted.inlined[count].instruction = 0;
	walk->interpreted.inlined_count = count + 1;
	return left == 1 ? v8_give_list(walk, slot) : 1;
none:
	v8_end_inlined(&v8->inlined, INTERPRETED_NOT_INLINED);
	return 0;
}

/* A round of the walk in which inlined functions are looked up. Inlined itself: what it calls needs the stack. */
static __always_inline void v8_inlined_round(struct walk *walk, u32 slot)
{
	struct v8_inlined_walk *inlined = &walk->interpreted.v8.inlined;

	if (!inlined->rounds_left) {
		v8_end_inlined(inlined, INTERPRETED_NOT_INLINED);
	} else {
		inlined->rounds_left--;
		switch (inlined->stage) {
		case V8_INLINED_BEGIN:
			v8_begin_code(walk);
			break;
		case V8_INLINED_SEARCH:
			v8_search_page(walk);
			break;
		case V8_INLINED_LOOK_UP:
			v8_known_inlined(walk, slot);
			break;
		case V8_INLINED_PLACE:
			v8_find_place(walk);
			break;
		case V8_INLINED_TRANSLATION:
			v8_read_translation(walk);
			break;
		case V8_INLINED_NAMES:
			v8_number_function(walk, slot);
			break;
		}
	}
	if (inlined->stage == V8_INLINED_NOTHING && walk->interpreted.part == PART_INLINED)
		walk->interpreted.part = PART_NONE;
}

/* What is inlined at the frame that was pushed last, from which a call was made. */
static __always_inline void v8_look_up_inlined(struct walk *walk, const struct interpreter *interpreter, u32 slot)
{
	struct v8_inlined_walk *inlined = &walk->interpreted.v8.inlined;

	/* Of other instructions than calls nothing is said. */
	if (walk->is_exact || !interpreter->v8.code_type || !inlined->rounds_left || !walk->depth)
		return;
	inlined->frame = walk->depth - 1;
	inlined->function = walk->interpreted.code_number;
	inlined->shared = walk->interpreted.key.address;
	inlined->check = mix(walk->interpreted.key.check, inlined->shared);
	inlined->pc = walk->pc;
	if (walk->interpreted.part) {
		/* It is being named, and then comes this. */
		inlined->stage = V8_INLINED_BEGIN;
		return;
	}
	v8_begin_code(walk);
	if (inlined->stage == V8_INLINED_LOOK_UP)
		v8_known_inlined(walk, slot);
	if (inlined->stage)
		walk->interpreted.part = PART_INLINED;
}

/* Pushes the function of generated code and steps to its caller; 0 where it is none. Not static: verified once. */
__noinline int v8_walk_generated(struct walk *walk, u32 slot)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;

	if (!walk || !interpreter || !v8_push_frame(walk, slot))
		return 0;
	v8_look_up_inlined(walk, interpreter, slot);
	walk->stop = step_by_frame_pointer(walk);
	return 1;
}

#endif
