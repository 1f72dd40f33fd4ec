/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Where the walk of native frames and that of interpreted ones meet. An interpreter is a case in two functions. */
#ifndef WAGGLE_INTERPRETERS_WALK_H
#define WAGGLE_INTERPRETERS_WALK_H

#include "../segments.h"
#include "cpython.h"
#include "frame_list.h"
#include "v8_inlined.h"
#include "hotspot.h"

static __always_inline bool generates_code(u32 kind)
{
	return kind == INTERPRETER_V8 || kind == INTERPRETER_HOTSPOT;
}

/* Finds the innermost interpreted frame of the current thread, into walk->interpreted.next. */
__noinline int begin_interpreted(struct walk *walk, u32 slot)
{
	struct interpreter *interpreter = walk ? interpreter_of(walk) : NULL;
	bool found = false;

	if (!walk || !interpreter)
		return 0;
	walk->interpreted.next = 0;
	switch (interpreter->kind) {
	case INTERPRETER_CPYTHON:
		found = cpython_begin(walk, interpreter, slot);
		break;
	case INTERPRETER_FRAME_LIST:
		found = frame_list_begin(walk);
		break;
	}
	if (found && walk->interpreted.state == INTERPRETED_UNKNOWN)
		count_interpreted(INTERPRETED_WALKED);
	walk->interpreted.state = found ? INTERPRETED_FOUND : INTERPRETED_FAILED;
	return found;
}

/* Finds frames that stand behind those that are over, where an evaluation is met that none is left for. */
__noinline int go_on_behind(struct walk *walk, u32 slot)
{
	struct interpreter *interpreter = walk ? interpreter_of(walk) : NULL;

	if (!walk || !interpreter)
		return 0;
	switch (interpreter->kind) {
	case INTERPRETER_CPYTHON:
		return cpython_go_on(walk, interpreter, slot);
	}
	return 0;
}

/* Pushes the next one; 0 where there is none left of what walk->interpreted.part asks for. */
__noinline int push_next_interpreted(struct walk *walk, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	struct interpreter *interpreter = walk ? interpreter_of(walk) : NULL;
	bool goes_on = false;
	u32 stop;

	if (!walk || !key || !interpreter || !walk->interpreted.next)
		return 0;
	if (walk->depth >= STACK_MAX_FRAMES) {
		stop = walk->interpreted.part == PART_FOR_USERSPACE ? keep_interpreted(walk, slot, true) :
								      begin_segment(walk, slot);
		if (stop) {
			walk->stop = stop;
			walk->interpreted.next = 0;
			return 0;
		}
	}
	switch (interpreter->kind) {
	case INTERPRETER_CPYTHON:
		goes_on = cpython_frame(walk, key, interpreter);
		break;
	case INTERPRETER_FRAME_LIST:
		goes_on = frame_list_frame(walk, key, interpreter);
		break;
	}
	return goes_on && walk->interpreted.next;
}

/* What the frame at walk->address is, whose object holds the interpreter walk->interpreted.here. */
__noinline int meet_interpreter(struct walk *walk, u32 slot)
{
	struct interpreter *interpreter;
	u64 at, inside = 0;
	u32 other;

	if (!walk)
		return MET_OTHER;
	interpreter = interpreter_by_number(walk->interpreted.here);
	if (!interpreter || interpreter->kind == INTERPRETER_NONE)
		return MET_OTHER;
	if (generates_code(interpreter->kind) && !walk->interpreted.generator)
		remember_generator(walk);
	other = interpreter->flags & INTERPRETER_SHOWN ? MET_OTHER : MET_OF_INTERPRETER;
	at = walk->address - walk->start + walk->offset;
#pragma unroll
	for (u32 i = 0; i < EVALUATION_RANGES_MAX; i++)
		inside |= ~is_below(at, interpreter->evaluation[i].start) & is_below(at, interpreter->evaluation[i].end);
	if (!(inside & 1))
		return other;
	if (interpreter->kind == INTERPRETER_V8)
		return v8_push_frame(walk, slot) ? MET_FRAME : other;
	if (walk->interpreted.state == INTERPRETED_UNKNOWN) {
		walk->interpreted.number = walk->interpreted.here;
		walk->interpreted.base = walk->start - walk->offset;
		if (begin_interpreted(walk, slot))
			remember_interpreter(walk);
	}
	if (walk->interpreted.state != INTERPRETED_FOUND || walk->interpreted.number != walk->interpreted.here)
		return MET_OTHER;
	/* One that has only begun, or is about to end, has none. */
	return walk->interpreted.next || go_on_behind(walk, slot) ? MET_EVALUATION : other;
}

/* Of what has generated the code in memory without a file, as far as anybody knows. */
__noinline int generator_kind(struct walk *walk)
{
	struct interpreter *interpreter;

	if (!walk)
		return INTERPRETER_NONE;
	if (!recall_generator(walk)) {
		walk->interpreted.is_generated_missed = 1;
		return INTERPRETER_NONE;
	}
	interpreter = generator_of(walk);
	return interpreter ? interpreter->kind : INTERPRETER_NONE;
}

/*
 * A frame in memory without a file, which the interpreter of the process may have generated: pushes what runs there and
 * steps to its caller, with the reason in walk->stop where there is none. False where nobody knows it: it is walked as
 * other code is.
 */
static __always_inline bool walk_generated(struct walk *walk, u32 slot)
{
	switch (generator_kind(walk)) {
	case INTERPRETER_V8:
		return v8_walk_generated(walk, slot);
	case INTERPRETER_HOTSPOT:
		return hotspot_frame(walk, slot);
	default:
		return false;
	}
}

/* The walk ends in an object that holds one, since its table is not here yet: userspace gets its frames along. */
__noinline int note_interpreter(struct walk *walk)
{

	if (!walk || walk->interpreted.state != INTERPRETED_UNKNOWN)
		return 0;
	walk->interpreted.number = walk->interpreted.here;
	walk->interpreted.base = walk->start - walk->offset;
	remember_interpreter(walk);
	return 1;
}

/* Whether there are interpreted frames left when native ones are over, which then come next. */
static __always_inline bool goes_on_interpreted(struct walk *walk)
{
	if (walk->interpreted.state != INTERPRETED_FOUND || !walk->interpreted.next)
		return false;
	if (walk->stop == STOP_TOO_DEEP || walk->stop == STOP_NO_ROOM || walk->stop == STOP_NO_TABLE)
		return false;
	walk->interpreted.part = PART_ALL;
	return true;
}

/* A round of the walk in which interpreted frames come; 1 ends it. */
static __always_inline int walk_interpreted(struct walk *walk, u32 slot)
{
	if (walk->interpreted.part == PART_NAMES) {
		v8_name_round(walk);
		if (walk->interpreted.part)
			return 0;
	} else if (walk->interpreted.part == PART_INLINED) {
		v8_inlined_round(walk, slot);
		if (walk->interpreted.part)
			return 0;
	} else {
		if (push_next_interpreted(walk, slot))
			return 0;
		walk->interpreted.part = PART_NONE;
	}
	return walk->stop && !goes_on_interpreted(walk);
}

static long push_for_userspace(u32 index, void *slot)
{
	struct walk *walk = IN_SLOT(walks, *(u32 *)slot);

	return push_next_interpreted(walk, *(u32 *)slot) || go_on_behind(walk, *(u32 *)slot) ? 0 : 1;
}

/*
 * All interpreted frames for a stack that userspace walks: into its deferred_sample, but for the last of them, which are in
 * the scratch's key. The number of those.
 */
__noinline int take_interpreted(struct walk *walk, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);

	if (!walk || !key)
		return 0;
	walk->depth = 0;
	key->inner_count = 0;
	if (walk->interpreted.state == INTERPRETED_FAILED)
		return 0;
	if (walk->interpreted.state == INTERPRETED_UNKNOWN && !recall_interpreter(walk))
		return 0;
	if (!begin_interpreted(walk, slot))
		return 0;
	walk->interpreted.part = PART_FOR_USERSPACE;
	bpf_loop(STACK_WALKED_FRAMES * 2, push_for_userspace, &slot, 0);
	walk->interpreted.part = PART_NONE;
	return walk->depth;
}

#endif
