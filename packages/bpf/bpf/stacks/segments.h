/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A stack that is deeper than a key has places: what was walked so far goes into the counting map as a key of its own,
 * is named in the stack's, and the walk fills the same places again (docs/adr/0050-deep-stacks.md).
 */
#ifndef WAGGLE_SEGMENTS_H
#define WAGGLE_SEGMENTS_H

#include "maps.h"

/* The key is compared whole, so what an earlier, deeper stack left in the scratch is cleared.
 * One copy of zeroes: a loop over the tail explodes the verifier's states, and clang has no
 * memset of this size for BPF. */
const volatile u64 no_frames[STACK_INNER_SEGMENTS + 2 * STACK_MAX_FRAMES] = {};

static __always_inline void clear_frames(struct sample_key *key)
{
	bpf_probe_read_kernel(key->inner, sizeof(key->inner) + sizeof(key->user) + sizeof(key->kernel),
			      (void *)no_frames);
}

static __always_inline void clear_user_frames(struct sample_key *key)
{
	key->inner_count = 0;
	bpf_probe_read_kernel(key->inner, sizeof(key->inner) + sizeof(key->user), (void *)no_frames);
}

/* Of a segment nothing is counted. */
const volatile struct sample_value no_value = {};

/*
 * What a segment is known by. Each step is a bijection of the words so far, so segments that differ in one word never
 * have the same. Not static: verified once by itself.
 */
__noinline u64 identity_of_segment(struct walk *walk)
{
	u64 sum = 0;

	if (!walk)
		return 0;
	for (u32 i = 0; i < STACK_MAX_FRAMES; i++) {
		sum = (sum ^ walk->segment.user[i]) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 32;
	}
	return sum;
}

static __always_inline bool keep_segment(void *map, struct sample_key *segment)
{
	if (bpf_map_lookup_elem(map, segment))
		return true;
	return !bpf_map_update_elem(map, segment, (const void *)&no_value, BPF_NOEXIST) ||
	       bpf_map_lookup_elem(map, segment);
}

/*
 * The scratch's places are full: they are empty for the frames that come next, further out. unwind_stop where there is
 * no room for another segment. Not static: verified once by itself.
 */
__noinline int begin_segment(struct walk *walk, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct walk *own = IN_SLOT(walks, slot);
	u32 *active = ONLY(active_samples);
	u32 count;
	bool is_kept;

	if (!walk || !key || !own || !active)
		return STOP_NO_ROOM;
	count = key->inner_count;
	barrier_var(count);
	if (count >= STACK_INNER_SEGMENTS)
		return STOP_TOO_DEEP;
	bpf_probe_read_kernel(own->segment.user, sizeof(own->segment.user), key->user);
	own->segment.kind = KEY_SEGMENT;
	own->segment.inner[0] = identity_of_segment(own);
	is_kept = *active ? keep_segment(&samples_b, &own->segment) : keep_segment(&samples_a, &own->segment);
	if (!is_kept)
		return STOP_NO_ROOM;
	key->inner[count] = own->segment.inner[0];
	key->inner_count = count + 1;
	bpf_probe_read_kernel(key->user, sizeof(key->user), (void *)no_frames);
	walk->depth = 0;
	return 0;
}

/*
 * Interpreted frames that userspace gets with a stack: those in the scratch's places go behind the others, behind the
 * copied stack. @goes_on: the last one stays in its place as well, the first of them now, since it may get
 * FRAME_ENTRY_BIT yet. unwind_stop where there is no room for more. Not static: verified once by itself.
 */
__noinline int keep_interpreted(struct walk *walk, u32 slot, u32 goes_on)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct deferred_sample *sample = IN_SLOT(deferred_scratch, cpu * scratch_slots + slot);
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	u64 at;

	if (!walk || !key || !sample)
		return STOP_NO_ROOM;
	/* Behind a small stack there is room for more than any other stack may have. */
	if (sample->interpreted_depth + walk->depth > STACK_WALKED_FRAMES)
		return STOP_TOO_DEEP;
	at = (u64)sample->stack_pages * DEFERRED_PAGE_BYTES + sample->interpreted_depth * sizeof(u64);
	barrier_var(at);
	if (at > sizeof(sample->stack) + sizeof(sample->interpreted) - sizeof(key->user))
		return STOP_TOO_DEEP;
	bpf_probe_read_kernel(sample->stack + at, sizeof(key->user), key->user);
	sample->interpreted_depth += walk->depth;
	if (!goes_on)
		return 0;
	sample->interpreted_depth--;
	key->user[0] = key->user[STACK_MAX_FRAMES - 1];
	walk->depth = 1;
	return 0;
}

#endif
