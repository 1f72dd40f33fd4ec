/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a method of HotSpot is called: Method leads to ConstMethod, that to the pool of constants of its class, and
 * names are symbols there. The class has to know the pool, or what was read was no method.
 */
#ifndef WAGGLE_HOTSPOT_METHOD_H
#define WAGGLE_HOTSPOT_METHOD_H

#include "hotspot_image.h"

/* ConstMethod::_has_linenumber_table of its flags. */
#define CONST_HAS_LINES 1
/* As much as says where a method begins. */
#define FIRST_LINE_BYTES 16
/* So many of the last bytes of a name make the check. */
#define CHECKED_BYTES 32

static __always_inline u64 mix_word(u64 sum, u64 word)
{
	return (sum ^ word) * 0x9e3779b97f4a7c15ULL;
}

/* A symbol's length; 0 where it cannot be read. */
static __always_inline u32 hotspot_symbol_length(const struct hotspot_image *image, u64 symbol)
{
	u16 length = 0;

	bpf_probe_read_user(&length, sizeof(length), (const void *)(symbol + FIELD(image, SYMBOL_LENGTH)));
	return length;
}

/* The end of a name, in which names differ, and its length. */
static __always_inline u64 hotspot_symbol_check(struct hotspot_walk *state, u64 symbol, u64 sum)
{
	u64 length = hotspot_symbol_length(&state->image, symbol);
	u64 start = symbol + FIELD(&state->image, SYMBOL_BODY), bytes = length;
	u64 *words = (u64 *)state->bytes;

	sum = mix_word(mix_word(sum, symbol), length);
	words[0] = words[1] = words[2] = words[3] = 0;
	if (bytes > CHECKED_BYTES) {
		start += bytes - CHECKED_BYTES;
		bytes = CHECKED_BYTES;
	}
	barrier_var(bytes);
	if (bytes <= CHECKED_BYTES)
		bpf_probe_read_user(state->bytes, bytes, (const void *)start);
	return mix_word(mix_word(mix_word(mix_word(sum, words[0]), words[1]), words[2]), words[3]);
}

/* @from_end where it is cut */
static __always_inline void hotspot_text(const struct hotspot_image *image, u8 *to, struct code_text *text,
					 u64 symbol, bool from_end)
{
	u64 length = symbol ? hotspot_symbol_length(image, symbol) : 0;
	u64 start = symbol + FIELD(image, SYMBOL_BODY), bytes = length;

	text->bytes = text->unit = text->is_cut = 0;
	if (bytes > CODE_TEXT_BYTES) {
		bytes = CODE_TEXT_BYTES;
		text->is_cut = 1;
		if (from_end)
			start += length - bytes;
	}
	barrier_var(bytes);
	if (bytes > CODE_TEXT_BYTES || bpf_probe_read_user(to, bytes, (const void *)start))
		return;
	text->bytes = bytes;
	text->unit = TEXT_UTF8;
}

/* What an entry of the pool points to. Its lowest bit says whether it was resolved. */
static __always_inline u64 hotspot_constant(const struct interpreter *interpreter, u64 pool, u16 index)
{
	u64 word = 0;

	if (index)
		read_user_word(pool + interpreter->hotspot.pool_bytes + 8 * (u64)index, &word);
	return word & ~1ULL;
}

/* Lines by bytecode, which follow the code: all of them where they are wanted. */
static __always_inline void hotspot_lines(struct hotspot_walk *state, struct code_name *name,
					  const struct interpreter *interpreter, u64 const_method)
{
	struct hotspot_image *image = &state->image;
	u32 flags_at = FIELD(image, CONST_FLAGS);
	u64 flags = METHOD_WORD(state, flags_at) >> (8 * (flags_at & 7));
	u64 code_bytes = SHORT_OF(METHOD_WORD(state, FIELD(image, CONST_CODE_SIZE)), FIELD(image, CONST_CODE_SIZE));
	u64 all = 8ULL * HALF_OF(METHOD_WORD(state, FIELD(image, CONST_SIZE)), FIELD(image, CONST_SIZE));
	u64 before = interpreter->hotspot.const_method_bytes + code_bytes;
	u64 bytes = all - before;
	u64 most = interpreter->flags & INTERPRETER_LINES ? LINE_TABLE_BYTES : FIRST_LINE_BYTES;

	name->line_table_bytes = 0;
	if (!(flags & CONST_HAS_LINES) || all <= before)
		return;
	if (bytes > most)
		bytes = most;
	barrier_var(bytes);
	if (bytes > LINE_TABLE_BYTES ||
	    bpf_probe_read_user(name->line_table, bytes, (const void *)(const_method + before)))
		return;
	name->line_table_bytes = bytes;
}

/*
 * The number of the method, into walk->interpreted, and where its bytecode begins. False where what is there is no
 * method. Not static: verified once by itself.
 */
__noinline int hotspot_method(struct walk *walk, u64 method)
{
	struct interpreter *interpreter;
	struct hotspot_walk *state;
	struct hotspot_image *image;
	struct code_name *name;
	u64 *read, const_method, pool, holder, class_symbol, name_symbol, check;
	u32 name_at, signature_at, file_at;
	u16 file;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	image = &state->image;
	read = state->words; /* in the map: the stack is short */
	name = &walk->interpreted.name;
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	walk->interpreted.code_number = 0;
	if (!method || (method & 7) || !read_user_word(method + FIELD(image, METHOD_CONST), read))
		return 0;
	const_method = read[0];
	if (bpf_probe_read_user(state->method, sizeof(state->method), (const void *)const_method))
		return 0;
	pool = METHOD_WORD(state, FIELD(image, CONST_POOL));
	if (bpf_probe_read_user(state->pool, sizeof(state->pool), (const void *)pool))
		return 0;
	holder = POOL_WORD(state, FIELD(image, POOL_HOLDER));
	if (!read_user_word(holder + FIELD(image, CLASS_POOL), read) || read[0] != pool ||
	    !read_user_word(holder + FIELD(image, CLASS_NAME), read))
		return 0;
	class_symbol = read[0];
	name_at = FIELD(image, CONST_NAME);
	signature_at = FIELD(image, CONST_SIGNATURE);
	name_symbol = hotspot_constant(interpreter, pool, SHORT_OF(METHOD_WORD(state, name_at), name_at));
	if (!name_symbol || !class_symbol)
		return 0;
	state->bytecode_start = const_method + interpreter->hotspot.const_method_bytes;
	check = mix_word(mix_word(mix_word(1, const_method), pool), METHOD_WORD(state, signature_at));
	check = hotspot_symbol_check(state, name_symbol, hotspot_symbol_check(state, class_symbol, check));
	walk->interpreted.key.start_boottime = walk->birth;
	walk->interpreted.key.address = method;
	walk->interpreted.key.check = check;
	walk->interpreted.key.tgid = walk->tgid;
	walk->interpreted.key.exec_id = walk->exec_id;
	if (is_known_code(walk))
		return 1;
	file_at = FIELD(image, POOL_SOURCE_FILE);
	file = SHORT_OF(POOL_WORD(state, file_at), file_at);
	if (interpreter->hotspot.flags & HOTSPOT_FILE_OF_CLASS) {
		file = 0;
		bpf_probe_read_user(&file, sizeof(file), (const void *)(holder + FIELD(image, CLASS_SOURCE_FILE)));
	}
	name->first_line = name->position = name->source_length = 0;
	name->inlined = 0;
	hotspot_text(image, name->file, &name->file_text, hotspot_constant(interpreter, pool, file), true);
	hotspot_text(image, name->name, &name->name_text, name_symbol, false);
	hotspot_text(image, name->owner, &name->owner_text, class_symbol, true);
	hotspot_lines(state, name, interpreter, const_method);
	hand_over_name(walk, walk->interpreted.generator);
	return 1;
}

/* Pushes what was named last. */
static __always_inline void hotspot_push(struct walk *walk, u64 instruction, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);

	walk->interpreted.instruction = instruction;
	if (key)
		push_interpreted(walk, key, 0);
}

/* The number of a stub, by what it is called. */
__noinline int hotspot_stub(struct walk *walk)
{
	struct hotspot_walk *state;
	struct code_name *name;
	u64 text;
	long bytes;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	name = &walk->interpreted.name;
	text = BLOB_WORD(state, FIELD(&state->image, BLOB_NAME));
	walk->interpreted.key.start_boottime = walk->birth;
	walk->interpreted.key.address = state->blob;
	walk->interpreted.key.check = mix_word(2, text);
	walk->interpreted.key.tgid = walk->tgid;
	walk->interpreted.key.exec_id = walk->exec_id;
	if (is_known_code(walk))
		return 1;
	bytes = bpf_probe_read_user_str(name->name, CODE_TEXT_BYTES, (const void *)text);
	if (bytes <= 1)
		return 0;
	name->name_text.bytes = bytes - 1;
	name->name_text.unit = TEXT_UTF8;
	name->name_text.is_cut = 0;
	name->file_text.bytes = name->file_text.unit = name->file_text.is_cut = 0;
	name->owner_text.bytes = name->owner_text.unit = name->owner_text.is_cut = 0;
	name->first_line = name->position = name->source_length = 0;
	name->inlined = 0;
	name->line_table_bytes = 0;
	hand_over_name(walk, walk->interpreted.generator);
	return 1;
}

#endif
