/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Frames of HotSpot: code that it has generated is in a cache, whose map of segments leads from an address to what
 * describes it. Interpreted frames are found by the frame pointer, compiled ones by the size that their description has
 * (hotspot_compiled.h), stubs by either. Names of fields are HotSpot's: src/hotspot/share/{code,oops,memory}.
 */
#ifndef WAGGLE_HOTSPOT_H
#define WAGGLE_HOTSPOT_H

#include "hotspot_compiled.h"

/* An interpreted frame has as many words of locals and expressions as its method asks for, 65,535 of each. */
#define INTERPRETED_FRAME_MAX (1 << 20)
/* Words of an interpreted frame that are read below its frame pointer. */
#define WORDS_BELOW 10
/* From the frame pointer down, in words: src/hotspot/cpu/x86/frame_x86.hpp. */
#define SLOT_SENDER_SP 1
#define SLOT_METHOD 3
/* Where the caller's third register is in the frame that C++ calls Java by: stubGenerator_x86_64.cpp. */
#define SLOT_THIRD_OF_CALL 7
/* Which registers the interpreter keeps things in, by DWARF number: r13, rbx and rax. */
#define REGISTER_BYTECODE 13
#define REGISTER_METHOD 3
/* While a frame is made: what it returns to, and the stack pointer that the caller had. */
#define REGISTER_RETURN 0
#define REGISTER_SENDER_SP 13

/* The caller's frame, once its registers are found. */
static __always_inline void hotspot_enter(struct walk *walk, u64 pc, u64 sp, u64 fp)
{
	walk->pc = pc;
	walk->sp = sp;
	walk->fp = fp;
	walk->third_known = 0;
	walk->is_exact = 0;
	walk->stop = 0;
}

static __always_inline bool hotspot_fail(struct walk *walk, u32 outcome)
{
	count_interpreted(outcome);
	walk->stop = outcome == INTERPRETED_UNREADABLE ? STOP_UNREADABLE : STOP_UNSUPPORTED;
	return true;
}

/*
 * What has just been called is on top of the stack: code that has no frame yet, or none any more. No frame has an
 * address of code there but as what it returns to.
 */
static __always_inline bool hotspot_return_on_top(struct walk *walk)
{
	u64 top = 0;

	if (!walk->innermost || !read_user_word(walk->sp, &top))
		return false;
	if (!hotspot_is_code(&walk->interpreted.hotspot.image, top))
		return false;
	hotspot_enter(walk, top, walk->sp + 8, walk->fp);
	return true;
}

/* A frame is being made, and what it returns to is off the stack: generate_normal_entry(). */
static __always_inline bool hotspot_is_entered(struct walk *walk)
{
	u64 sp = walk->registers[REGISTER_SENDER_SP];

	return walk->innermost && hotspot_is_code(&walk->interpreted.hotspot.image, walk->registers[REGISTER_RETURN]) &&
	       sp >= walk->sp && sp - walk->sp < INTERPRETED_FRAME_MAX;
}

/*
 * To the caller of an interpreted frame. Its method and where it is in that, which are at fixed places below the frame
 * pointer, go to state->wanted and state->bytecode. 1 where there is a frame, so that it has a method; the reason is in
 * walk->stop where there is no caller. Not static: verified once by itself.
 */
__noinline int hotspot_step_interpreted(struct walk *walk)
{
	struct hotspot_walk *state;
	struct interpreter *interpreter;
	u64 fp, bytecode, sender_sp;
	u32 is_innermost, slot_of_bytecode;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	is_innermost = walk->innermost;
	state->wanted = walk->registers[REGISTER_METHOD];
	state->bytecode = 0;
	/* It has only been called. */
	if (hotspot_return_on_top(walk))
		return 0;
	if (hotspot_is_entered(walk)) {
		hotspot_enter(walk, walk->registers[REGISTER_RETURN], walk->registers[REGISTER_SENDER_SP], walk->fp);
		return 0;
	}
	fp = walk->fp;
	if (!walk->fp_known || fp < walk->sp || fp - walk->sp > INTERPRETED_FRAME_MAX || (fp & 7))
		return hotspot_fail(walk, INTERPRETED_NOT_CODE);
	if (bpf_probe_read_user(state->words, sizeof(state->words), (const void *)(fp - 8 * WORDS_BELOW)))
		return hotspot_fail(walk, INTERPRETED_UNREADABLE);
	slot_of_bytecode = WORDS_BELOW - interpreter->hotspot.bytecode_slot;
	barrier_var(slot_of_bytecode);
	bytecode = slot_of_bytecode < WORDS_BELOW ? state->words[slot_of_bytecode] : 0;
	if (is_innermost)
		bytecode = walk->registers[REGISTER_BYTECODE];
	if (interpreter->flags & INTERPRETER_LINES)
		state->bytecode = bytecode;
	sender_sp = state->words[WORDS_BELOW - SLOT_SENDER_SP];
	/* What is below the stack pointer is another frame's that was there before. */
	if (!is_innermost || fp - walk->sp >= 8 * SLOT_METHOD)
		state->wanted = state->words[WORDS_BELOW - SLOT_METHOD];
	if (is_innermost && fp - walk->sp < 8 * SLOT_SENDER_SP)
		sender_sp = walk->registers[REGISTER_SENDER_SP];
	hotspot_enter(walk, state->words[WORDS_BELOW + 1], sender_sp, state->words[WORDS_BELOW]);
	/* Where a caller's arguments were moved, it has to find its own frame. */
	if (walk->sp < fp + 16 || walk->sp - fp > INTERPRETED_FRAME_MAX)
		walk->sp = fp + 16;
	return 1;
}

/* Steps to the caller and pushes what runs there. */
__noinline int hotspot_interpreted_frame(struct walk *walk, u32 slot)
{
	u64 instruction;
	int is_frame;

	if (!walk)
		return 0;
	walk->stop = 0;
	is_frame = hotspot_step_interpreted(walk);
	if (walk->stop)
		return 1;
	if (!hotspot_method(walk, walk->interpreted.hotspot.wanted))
		return is_frame ? hotspot_fail(walk, INTERPRETED_NOT_CODE) : 1;
	instruction = walk->interpreted.hotspot.bytecode - walk->interpreted.hotspot.bytecode_start;
	hotspot_push(walk, instruction <= 0xffff ? instruction : 0, slot);
	return 1;
}

/* By the frame pointer, which C++ is called back by, too. */
static __always_inline bool hotspot_by_frame_pointer(struct walk *walk)
{
	u64 fp = walk->fp, pair[2];

	if (!walk->fp_known || fp < walk->sp || fp - walk->sp > INTERPRETED_FRAME_MAX || (fp & 7))
		return hotspot_fail(walk, INTERPRETED_NOT_CODE);
	if (bpf_probe_read_user(pair, sizeof(pair), (const void *)fp))
		return hotspot_fail(walk, INTERPRETED_UNREADABLE);
	if (!pair[1])
		return hotspot_fail(walk, INTERPRETED_NOT_CODE);
	hotspot_enter(walk, pair[1], fp + 16, pair[0]);
	if (!hotspot_is_code(&walk->interpreted.hotspot.image, pair[1]))
		walk->third_known = read_user_word(fp - 8 * SLOT_THIRD_OF_CALL, &walk->third);
	return true;
}

/* A stub, or another piece of code that is no method: pushes it where it is wanted and steps to its caller. */
__noinline int hotspot_other_frame(struct walk *walk, u32 slot)
{
	struct interpreter *interpreter;
	struct hotspot_walk *state;
	u64 pair[2], end;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	if ((interpreter->flags & INTERPRETER_SHOWN) && hotspot_stub(walk))
		hotspot_push(walk, 0, slot);
	if (hotspot_return_on_top(walk))
		return 1;
	if (!state->frame_bytes)
		return hotspot_by_frame_pointer(walk);
	end = walk->sp + state->frame_bytes;
	if (bpf_probe_read_user(pair, sizeof(pair), (const void *)(end - 16)))
		return hotspot_fail(walk, INTERPRETED_UNREADABLE);
	if (!hotspot_is_code(&state->image, pair[1]))
		return hotspot_by_frame_pointer(walk);
	hotspot_enter(walk, pair[1], end, pair[0]);
	return 1;
}

/* What describes the frame's code, into the walk's state; 0 where it is not in the code cache. */
__noinline int hotspot_find_frame(struct walk *walk)
{

	if (!walk || (!walk->interpreted.hotspot.has_image && !hotspot_recall_image(walk)) ||
	    !hotspot_find_blob(walk))
		return 0;
	if (!walk->interpreted.has_generated) {
		walk->interpreted.has_generated = 1;
		count_interpreted(INTERPRETED_WALKED);
	}
	return 1;
}

/*
 * One frame in the code cache. False where it is not there. Inlined into the walk, and its parts are called one after the
 * other: what would be called by each other would not have room on the stack (docs/adr/0035-hotspot.md).
 */
static __always_inline bool hotspot_frame(struct walk *walk, u32 slot)
{
	if (!hotspot_find_frame(walk))
		return false;
	switch (walk->interpreted.hotspot.kind) {
	case HOTSPOT_INTERPRETED:
		return hotspot_interpreted_frame(walk, slot);
	case HOTSPOT_COMPILED:
		return hotspot_compiled_frame(walk, slot);
	default:
		return hotspot_other_frame(walk, slot);
	}
}

EXPORT_ENUM(hotspot_field);
EXPORT_ENUM(hotspot_flags);

#endif
