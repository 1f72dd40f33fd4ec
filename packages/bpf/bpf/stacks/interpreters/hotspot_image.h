/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a process with HotSpot says of itself: offsets, from the table in its memory that it fills in when it is
 * loaded, and where its code is. It is read once for each process image, from that process, so that none can say
 * anything of another.
 */
#ifndef WAGGLE_HOTSPOT_IMAGE_H
#define WAGGLE_HOTSPOT_IMAGE_H

#include "interpreted.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct stack_image);
	__type(value, struct hotspot_image);
} hotspot_images SEC(".maps") SHARED;

/* Larger ones are no classes of HotSpot; what is read is smaller. */
#define OFFSET_MAX 4096
/* A segment is 64 to 4096 bytes. */
#define SEGMENT_SHIFT_MAX 16
/* Hops of the segment map: 254 segments each. */
#define SEGMENT_HOPS 24

#define FIELD(image, field) ((image)->at[HOTSPOT_##field])

/* Words of what was read last, at any offset that is given. */
#define BLOB_WORD(state, offset) ((state)->blob_words[((offset) / 8) & 63])
#define METHOD_WORD(state, offset) ((state)->method[((offset) / 8) & 15])
#define POOL_WORD(state, offset) ((state)->pool[((offset) / 8) & 15])
#define HALF_OF(word, offset) ((u32)((word) >> (8 * ((offset) & 4))))
#define SHORT_OF(word, offset) ((u16)((word) >> (8 * ((offset) & 6))))

static __always_inline bool hotspot_is_code(const struct hotspot_image *image, u64 address)
{
	u64 inside = 0;

#pragma unroll
	for (u32 i = 0; i < HOTSPOT_HEAPS_MAX; i++)
		inside |= ~is_below(address, image->heaps[i].low) & is_below(address, image->heaps[i].high);
	return inside & 1;
}

/* One of the offsets that the process has; 0 where it has none. Not static: verified once by itself. */
__noinline int hotspot_read_offset(struct walk *walk, u64 at, u32 field)
{
	struct hotspot_image *image;
	u64 offset = 0;

	barrier_var(field);
	if (!walk || field >= HOTSPOT_FIELDS)
		return 0;
	image = &walk->interpreted.hotspot.image;
	if (at && (!read_user_word(image->base + at, &offset) || offset > OFFSET_MAX))
		return 0;
	image->at[field] = offset;
	return 1;
}

static __always_inline bool hotspot_read_offsets(struct walk *walk, const struct hotspot_tables *tables)
{
	struct hotspot_image *image = &walk->interpreted.hotspot.image;

	for (u32 i = 0; i < HOTSPOT_FIELDS; i++)
		if (!hotspot_read_offset(walk, tables->fields[i], i))
			return false;
	if (tables->flags & HOTSPOT_LENGTH_IS_HIGH)
		image->at[HOTSPOT_SYMBOL_LENGTH] += sizeof(u16);
	return true;
}

/* One part of the code cache. Not static: verified once by itself. */
__noinline int hotspot_read_heap(struct walk *walk, u32 number, u64 heap)
{
	struct hotspot_image *image;
	struct hotspot_heap *part;
	u64 memory, segmap;

	barrier_var(number);
	if (!walk || number >= HOTSPOT_HEAPS_MAX)
		return 0;
	image = &walk->interpreted.hotspot.image;
	part = &image->heaps[number];
	memory = heap + FIELD(image, HEAP_MEMORY);
	segmap = heap + FIELD(image, HEAP_SEGMAP);

	return read_user_word(memory + FIELD(image, SPACE_LOW), &part->low) &&
	       read_user_word(memory + FIELD(image, SPACE_HIGH), &part->high) &&
	       read_user_word(segmap + FIELD(image, SPACE_LOW), &part->segments) &&
	       !bpf_probe_read_user(&image->segment_shift, sizeof(image->segment_shift),
				    (const void *)(heap + FIELD(image, HEAP_SEGMENT_SHIFT))) &&
	       part->low && part->low < part->high && image->segment_shift <= SEGMENT_SHIFT_MAX;
}

static __always_inline bool hotspot_read_heaps(struct walk *walk, const struct hotspot_tables *tables)
{
	struct hotspot_image *image = &walk->interpreted.hotspot.image;
	u64 heaps, data, heap;
	u32 length = 1;

	__builtin_memset(image->heaps, 0, sizeof(image->heaps));
	if (!read_user_word(image->base + tables->heaps, &heaps) || !heaps)
		return false;
	if (tables->flags & HOTSPOT_ONE_HEAP)
		return hotspot_read_heap(walk, 0, heaps);
	if (bpf_probe_read_user(&length, sizeof(length), (const void *)(heaps + FIELD(image, ARRAY_LENGTH))) ||
	    !read_user_word(heaps + FIELD(image, ARRAY_DATA), &data) || !length)
		return false;
	for (u32 i = 0; i < HOTSPOT_HEAPS_MAX; i++) {
		if (i >= length)
			break;
		if (!read_user_word(data + 8 * i, &heap) || !heap ||
		    !hotspot_read_heap(walk, i, heap))
			return false;
	}
	return true;
}

/*
 * What the process says, into walk->interpreted.hotspot.image. False where it says nothing yet: it is being loaded.
 * Not static: verified once by itself.
 */
__noinline int hotspot_recall_image(struct walk *walk)
{
	struct hotspot_walk *state;
	struct hotspot_image *known;
	struct interpreter *interpreter;
	struct stack_image owner = {};
	struct walk *own;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	owner.tgid = walk->tgid;
	owner.start_boottime = walk->birth;
	owner.exec_id = walk->exec_id;
	known = bpf_map_lookup_elem(&hotspot_images, &owner);
	if (known && known->base == walk->interpreted.generator_base) {
		__builtin_memcpy(&state->image, known, sizeof(state->image));
		state->has_image = 1;
		return 1;
	}
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	state->image.base = walk->interpreted.generator_base;
	if (!hotspot_read_offsets(walk, &interpreter->hotspot) ||
	    !hotspot_read_heaps(walk, &interpreter->hotspot))
		return 0;
	/* What a map is given cannot be memory that a function was handed, nor can a key (find_code()). */
	own = IN_SLOT(walks, walk->slot);
	if (own)
		bpf_map_update_elem(&hotspot_images, &owner, &own->interpreted.hotspot.image, BPF_ANY);
	state->has_image = 1;
	return 1;
}

/* Where the description begins of the code that is at walk->address; 0 where there is none. */
static __always_inline u64 hotspot_blob_of(struct walk *walk, u32 header_bytes)
{
	struct hotspot_image *image = &walk->interpreted.hotspot.image;
	u64 low = 0, segments = 0, segment, inside;
	u8 tag = 0xff;

#pragma unroll
	for (u32 i = 0; i < HOTSPOT_HEAPS_MAX; i++) {
		inside = ~is_below(walk->address, image->heaps[i].low) & is_below(walk->address, image->heaps[i].high) & 1;
		low |= image->heaps[i].low & -inside;
		segments |= image->heaps[i].segments & -inside;
	}
	segment = (walk->address - low) >> (image->segment_shift & 31);
	for (u32 i = 0; i < SEGMENT_HOPS; i++) {
		if (bpf_probe_read_user(&tag, sizeof(tag), (const void *)(segments + segment)))
			return 0;
		if (tag == 0 || tag == 0xff)
			break;
		segment -= tag;
	}
	return tag ? 0 : low + (segment << (image->segment_shift & 31)) + header_bytes;
}

/* "nmet", "nati" and "Inte": what descriptions are called begins with. */
#define NAME_COMPILED 0x74656d6e
#define NAME_NATIVE 0x6974616e
#define NAME_INTERPRETER 0x65746e49

/* The description of the code at walk->address; 0 where there is none. Not static: verified once by itself. */
__noinline int hotspot_find_blob(struct walk *walk)
{
	struct interpreter *interpreter;
	struct hotspot_walk *state;
	struct hotspot_image *image;
	u64 begin, end;
	u32 bytes, name = 0;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	image = &state->image;
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	if (!hotspot_is_code(image, walk->address))
		return 0;
	state->blob = hotspot_blob_of(walk, interpreter->hotspot.heap_block_bytes);
	bytes = interpreter->hotspot.blob_bytes;
	barrier_var(bytes);
	if (!state->blob || bytes > sizeof(state->blob_words) ||
	    bpf_probe_read_user(state->blob_words, bytes, (const void *)state->blob) ||
	    bpf_probe_read_user(&name, sizeof(name), (const void *)BLOB_WORD(state, FIELD(image, BLOB_NAME)))) {
		count_interpreted(INTERPRETED_UNREADABLE);
		return 0;
	}
	begin = BLOB_WORD(state, FIELD(image, BLOB_CODE_BEGIN));
	end = BLOB_WORD(state, FIELD(image, BLOB_CODE_END));
	if (interpreter->hotspot.flags & HOTSPOT_BLOB_OFFSETS) {
		begin = state->blob + HALF_OF(begin, FIELD(image, BLOB_CODE_BEGIN));
		end = state->blob + HALF_OF(end, FIELD(image, BLOB_CODE_END));
	}
	state->code_begin = begin;
	state->code_end = end;
	state->frame_bytes = 8ULL * (HALF_OF(BLOB_WORD(state, FIELD(image, BLOB_FRAME_SIZE)),
					     FIELD(image, BLOB_FRAME_SIZE)) & 0xffffff);
	state->complete = begin + SHORT_OF(BLOB_WORD(state, FIELD(image, BLOB_FRAME_COMPLETE)),
					   FIELD(image, BLOB_FRAME_COMPLETE));
	state->kind = HOTSPOT_OTHER;
	if (name == NAME_INTERPRETER)
		state->kind = HOTSPOT_INTERPRETED;
	if (name == NAME_COMPILED || name == NAME_NATIVE)
		state->kind = HOTSPOT_COMPILED;
	return 1;
}

#endif
