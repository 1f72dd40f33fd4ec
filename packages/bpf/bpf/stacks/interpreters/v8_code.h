/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Which of V8's generated code a frame is in. Instructions have a header in front of them, which leads to what
 * describes them (Code), and that leads back: so the header is found by going back from the frame's address. It is
 * looked for once for each address, in rounds of the walk. Names are V8's: src/objects/{code,instruction-stream}.h.
 */
#ifndef WAGGLE_V8_CODE_H
#define WAGGLE_V8_CODE_H

#include "v8.h"

/* kCodeAlignment: first instructions are so many bytes apart, or a multiple. */
#if defined(__TARGET_ARCH_x86)
#define V8_CODE_ALIGNMENT 64
#else
#define V8_CODE_ALIGNMENT 32
#endif
/* How far before an address its code may begin: larger code has pages of its own, and no list. */
#define V8_PAGES_MAX 32
/* KindField of a Code's flags. */
#define V8_CODE_KIND 15
/* In the place of a check: of where code begins. */
#define V8_START_CHECK 5

static __always_inline u64 v8_code_word(const struct v8_inlined_walk *inlined, u32 offset)
{
	u32 index = offset / 8;

	barrier_var(index);
	return index < V8_CODE_WORDS ? inlined->code[index] : 0;
}

static __always_inline u32 v8_code_half(const struct v8_inlined_walk *inlined, u32 offset)
{
	u64 word = v8_code_word(inlined, offset);

	return offset & 4 ? word >> 32 : word;
}

static __always_inline void v8_end_inlined(struct v8_inlined_walk *inlined, u32 outcome)
{
	inlined->stage = V8_INLINED_NOTHING;
	if (outcome < INTERPRETED_OUTCOMES)
		count_interpreted(outcome);
}

/*
 * What describes the code whose first instruction is at @start, and what it was made of: into the walk, where that is
 * the code of the frame. Types are not looked at yet. Not static: verified once by itself.
 */
__noinline int v8_read_code(struct walk *walk, u64 start)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_inlined_walk *inlined;
	struct v8_layout *layout;
	u64 code;

	if (!walk || !interpreter)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	layout = &interpreter->v8;
	code = start - layout->stream_bytes;
	if (layout->code_start) {
		/* It stands apart from the instructions, which lead to it. */
		if (!v8_read_pair(inlined->stream, code) || !v8_is_object(inlined->stream[1]))
			return 0;
		code = inlined->stream[1] - V8_TAG_OBJECT;
	}
	if (bpf_probe_read_user(inlined->code, sizeof(inlined->code), (const void *)code) ||
	    (layout->code_start && v8_code_word(inlined, layout->code_start) != start))
		return 0;
	inlined->start = start;
	inlined->size = v8_code_half(inlined, layout->code_size);
	inlined->flags = v8_code_half(inlined, layout->code_flags);
	/* What it returns to is behind a call. */
	if (inlined->pc - start - 1 >= inlined->size)
		return 0;
	inlined->data_at = v8_code_word(inlined, layout->code_data);
	inlined->is_optimised = (inlined->flags & V8_CODE_KIND) >= layout->optimised_kind &&
				v8_is_object(inlined->data_at) &&
				!bpf_probe_read_user(inlined->data, sizeof(inlined->data),
						     (const void *)(inlined->data_at - V8_TAG_OBJECT));
	return 1;
}

/* Whether it is code that was read. */
static __always_inline bool v8_is_code(struct v8_walk *v8, const struct v8_layout *layout)
{
	return v8_type_of_map(v8, v8->inlined.code[0], layout) == layout->code_type &&
	       (!layout->code_start || v8_type_of_map(v8, v8->inlined.stream[0], layout) == layout->stream_type);
}

/* The same of a place where code may begin. Not static, as v8_read_code(). */
__noinline int v8_is_start(struct walk *walk, u64 start)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;

	return walk && interpreter && v8_read_code(walk, start) &&
	       v8_is_code(&walk->interpreted.v8, &interpreter->v8);
}

/* What describes the code of the frame, if it is known where that begins; else it is looked for from the frame on. */
__noinline int v8_begin_code(struct walk *walk)
{
	struct v8_inlined_walk *inlined;
	u32 *known;

	if (!walk)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	inlined->stage = V8_INLINED_NOTHING;
	inlined->key.start_boottime = walk->birth;
	inlined->key.address = inlined->pc;
	inlined->key.check = V8_START_CHECK;
	inlined->key.tgid = walk->tgid;
	inlined->key.exec_id = walk->exec_id;
	known = find_code(walk, true);
	if (known && !*known)
		return 0;
	if (known && v8_read_code(walk, inlined->pc - *known)) {
		inlined->stage = V8_INLINED_LOOK_UP;
		return 1;
	}
	inlined->is_moved = known != NULL;
	inlined->page = inlined->pc & ~(u64)(V8_PAGE_BYTES - 1);
	inlined->pages_left = V8_PAGES_MAX;
	inlined->stage = V8_INLINED_SEARCH;
	return 1;
}

/*
 * Whether code begins at one of the page's places, which are counted from its end; its distance then. Not static:
 * verified once by itself, and not for each place.
 */
__noinline int v8_begins_at(struct walk *walk, u32 place, u32 header)
{
	u32 phase = -header & (V8_CODE_ALIGNMENT - 1) & ~7;
	u32 offset = V8_PAGE_BYTES - V8_CODE_ALIGNMENT * (place + 1) + phase;
	struct v8_inlined_walk *inlined;
	u64 start, head;

	if (!walk)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	barrier_var(offset);
	offset &= V8_PAGE_BYTES - 8;
	start = inlined->page + offset + header;
	head = inlined->memory[offset / 8];
	if (start >= inlined->pc || head >> 47 || !(head & V8_TAG_OBJECT) || !v8_is_start(walk, start))
		return 0;
	inlined->distance = inlined->pc - start;
	return 1;
}

/* One page is searched for the beginning of code, from its end. */
__noinline int v8_search_page(struct walk *walk)
{
	struct interpreter *interpreter = walk ? generator_of(walk) : NULL;
	struct v8_inlined_walk *inlined;
	u32 header;

	if (!walk || !interpreter)
		return 0;
	inlined = &walk->interpreted.v8.inlined;
	header = interpreter->v8.stream_bytes;
	if (!inlined->pages_left-- ||
	    bpf_probe_read_user(inlined->memory, sizeof(inlined->memory), (const void *)inlined->page)) {
		/* It is not asked for again, but where it was there before: V8 may be moving it. */
		inlined->distance = 0;
		if (!inlined->is_moved)
			know_code(walk, true, inlined->distance);
		v8_end_inlined(inlined, INTERPRETED_NOT_INLINED);
		return 0;
	}
	for (u32 i = 0; i < V8_PAGE_BYTES / V8_CODE_ALIGNMENT; i++) {
		if (!v8_begins_at(walk, i, header))
			continue;
		know_code(walk, true, inlined->distance);
		inlined->stage = V8_INLINED_LOOK_UP;
		return 1;
	}
	inlined->page -= V8_PAGE_BYTES;
	return 1;
}

#endif
