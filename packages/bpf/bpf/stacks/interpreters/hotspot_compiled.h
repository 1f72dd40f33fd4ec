/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Frames of methods that HotSpot has compiled. How large they are is said by the description of their code, but where
 * the frame is being made or taken down. Which methods are inlined at an address stands in its scopes, compressed: they
 * are read once for each address, and known by a number from then on.
 */
#ifndef WAGGLE_HOTSPOT_COMPILED_H
#define WAGGLE_HOTSPOT_COMPILED_H

#include "hotspot_method.h"

/* Bytes of code that are looked at, before the instruction and from it on. */
#define CODE_BEFORE 16
#define CODE_BEHIND 80
/* Words beyond the end of a frame in which its return address may be: what was pushed for a call. */
#define RETURN_SLOTS 6
/* Of a table of places in code: 2^20 of them. */
#define PLACES_SEARCH 20

enum frame_shape {
	FRAME_WHOLE,
	FRAME_PUSHED, /* the caller's frame pointer is on top, the return address behind it */
	FRAME_BARE,   /* the return address is on top */
	FRAME_UNSAVED, /* there is room for all, but the frame pointer is the caller's still */
};

#define OPCODE_PUSH_FP 0x55
#define OPCODE_POP_FP 0x5d
#define OPCODE_RET 0xc3

/* sub $n, %rsp */
static __always_inline bool is_sub_sp(const u8 *code)
{
	return code[0] == 0x48 && (code[1] == 0x81 || code[1] == 0x83) && code[2] == 0xec;
}

/* The same so many bytes behind walk->pc, of what hotspot_shape() has read. Not static: verified once by itself. */
__noinline int hotspot_takes_frame_at(struct walk *walk, u32 behind)
{
	barrier_var(behind);
	if (!walk || behind >= CODE_BEHIND - 4)
		return 0;
	return is_sub_sp(walk->interpreted.hotspot.bytes + CODE_BEFORE + behind);
}

/* add $n, %rsp, ending where this is. */
static __always_inline bool is_behind_add_sp(const u8 *code)
{
	return (code[-4] == 0x48 && code[-3] == 0x83 && code[-2] == 0xc4) ||
	       (code[-7] == 0x48 && code[-6] == 0x81 && code[-5] == 0xc4);
}

/* What a return is preceded by: it may stop for the collector of garbage, by one of several instructions. */
static __always_inline bool is_poll(const u8 *code)
{
	return code[0] == 0x49 || code[0] == 0x4d || code[0] == 0x41 || code[0] == 0x44 || code[0] == 0x85 ||
	       code[0] == 0xc5 || code[0] == 0xe9 || code[0] == 0xc2;
}

/*
 * How much of the innermost frame there is, told by the instructions around the one it is at: what prologues and
 * epilogues look like is in src/hotspot/cpu/x86 (x86_64.ad, c1_MacroAssembler_x86.cpp). Not static: verified once.
 */
__noinline int hotspot_shape(struct walk *walk)
{
	struct hotspot_walk *state;
	const u8 *code;

	if (!walk)
		return FRAME_WHOLE;
	state = &walk->interpreted.hotspot;
	if (bpf_probe_read_user(state->bytes, CODE_BEFORE + CODE_BEHIND, (const void *)(walk->pc - CODE_BEFORE)))
		return FRAME_WHOLE;
	code = state->bytes + CODE_BEFORE;
	if (walk->pc < state->complete) {
		u64 left = state->complete - walk->pc;

		if (code[-1] == OPCODE_PUSH_FP && code[0] == 0x48)
			return FRAME_PUSHED;
		/* The frame pointer is kept up, by an instruction of three bytes. */
		if (code[-4] == OPCODE_PUSH_FP && code[-3] == 0x48 && is_sub_sp(code))
			return FRAME_PUSHED;
		for (u32 i = 0; i < CODE_BEHIND - 4; i++) {
			if (i >= left)
				break;
			if (hotspot_takes_frame_at(walk, i))
				return FRAME_BARE;
		}
		/* mov %rbp, n(%rsp) */
		if (code[0] == 0x48 && code[1] == 0x89 && (code[2] == 0x6c || code[2] == 0xac) && code[3] == 0x24)
			return FRAME_UNSAVED;
		return FRAME_WHOLE;
	}
	if (code[0] == OPCODE_RET)
		return FRAME_BARE;
	if (code[0] == OPCODE_POP_FP && is_behind_add_sp(code))
		return FRAME_PUSHED;
	if (code[-1] == OPCODE_POP_FP && is_behind_add_sp(code - 1) && is_poll(code))
		return FRAME_BARE;
	/* ja, behind cmp n(%r15), %rsp */
	if (code[0] == 0x0f && code[1] == 0x87 &&
	    ((code[-7] == 0x49 && code[-6] == 0x3b && code[-5] == 0xa7) ||
	     (code[-4] == 0x49 && code[-3] == 0x3b && code[-2] == 0x67)))
		return FRAME_BARE;
	/* test %eax, (%r10) */
	if (code[0] == 0x41 && code[1] == 0x85 && code[2] == 0x02 && code[3] == OPCODE_RET)
		return FRAME_BARE;
	return FRAME_WHOLE;
}

/* Where scopes of the code are, as far as it has any. */
static __always_inline void hotspot_find_scopes(struct hotspot_walk *state, const struct interpreter *interpreter)
{
	struct hotspot_image *image = &state->image;
	u32 flags = interpreter->hotspot.flags;
	u32 data_at = FIELD(image, NMETHOD_SCOPES_DATA), pcs_at = FIELD(image, NMETHOD_SCOPES_PCS);
	u32 end_at = FIELD(image, NMETHOD_SCOPES_PCS_END), metadata_at = FIELD(image, NMETHOD_METADATA);
	u64 base = state->blob;

	if (flags & HOTSPOT_SCOPES_APART)
		base = BLOB_WORD(state, FIELD(image, NMETHOD_IMMUTABLE_DATA));
	state->scopes_pcs = base + HALF_OF(BLOB_WORD(state, pcs_at), pcs_at);
	state->scopes_pcs_end = base + HALF_OF(BLOB_WORD(state, end_at), end_at);
	if (flags & (HOTSPOT_SCOPES_APART | HOTSPOT_SCOPES_OFFSETS))
		state->scopes_data = base + HALF_OF(BLOB_WORD(state, data_at), data_at);
	else
		state->scopes_data = BLOB_WORD(state, data_at);
	if (flags & HOTSPOT_METADATA_APART)
		state->metadata = BLOB_WORD(state, FIELD(image, BLOB_MUTABLE_DATA)) +
				  HALF_OF(BLOB_WORD(state, FIELD(image, BLOB_RELOCATION_SIZE)),
					  FIELD(image, BLOB_RELOCATION_SIZE));
	else if (flags & HOTSPOT_METADATA_BEHIND)
		state->metadata = state->code_end + SHORT_OF(BLOB_WORD(state, metadata_at), metadata_at);
	else
		state->metadata = state->blob + HALF_OF(BLOB_WORD(state, metadata_at), metadata_at);
}

/*
 * The scope of the place in code: of the first that is not before it, as HotSpot has it (nmethod::pc_desc_near). Places
 * are in order.
 */
static __always_inline u32 hotspot_scope_at(struct hotspot_walk *state, const struct interpreter *interpreter, u64 pc)
{
	struct hotspot_image *image = &state->image;
	s32 wanted = pc - state->code_begin, offset = 0;
	u64 bytes = interpreter->hotspot.pc_bytes;
	u64 low = 0, high = state->scopes_pcs_end - state->scopes_pcs;
	u32 scope = 0;

	if (!bytes || state->scopes_pcs_end <= state->scopes_pcs || high >> 31)
		return 0;
	high = (u32)high / (u32)bytes;
	if (high >> PLACES_SEARCH)
		return 0;
	for (u32 i = 0; i <= PLACES_SEARCH; i++) {
		u64 middle = (low + high) >> 1;

		if (low >= high)
			break;
		if (bpf_probe_read_user(&offset, sizeof(offset),
					(const void *)(state->scopes_pcs + middle * bytes + FIELD(image, PC_OFFSET))))
			return 0;
		search_half(&low, &high, middle, is_below((s64)offset + (1ULL << 32), (s64)wanted + (1ULL << 32)));
	}
	if (bpf_probe_read_user(&scope, sizeof(scope),
				(const void *)(state->scopes_pcs + low * bytes + FIELD(image, PC_SCOPE))))
		return 0;
	return scope;
}

/* A compressed number (UNSIGNED5: src/hotspot/share/utilities/unsigned5.hpp) of what is in state->bytes. */
static __always_inline u32 hotspot_unsigned(struct hotspot_walk *state, u32 *at, u32 excluded)
{
	u64 going = 1;
	u32 sum = 0;

	/* Without a branch: the verifier would go each of 2^15 ways in which three numbers can be as long. */
#pragma unroll
	for (u32 i = 0; i < 5; i++) {
		u32 byte = state->bytes[*at & 31];

		sum += ((byte - excluded) & (u32)-going) << (6 * i);
		*at += going;
		going &= ~is_below(byte, 192);
		asm volatile("" : "+r"(going));
	}
	return sum;
}

/*
 * One scope: its caller's, which becomes the next, its method, into state->wanted, and the bytecode where it is at, of
 * which 0 is none. Scopes stand behind those of their callers, so there is an end. Not static: verified once.
 */
__noinline int hotspot_next_scope(struct walk *walk)
{
	struct interpreter *interpreter;
	struct hotspot_walk *state;
	u32 at = 0, excluded, caller, method, instruction;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	interpreter = generator_of(walk);
	if (!interpreter || !state->scope)
		return 0;
	if (bpf_probe_read_user(state->bytes, 24, (const void *)(state->scopes_data + state->scope)))
		return 0;
	excluded = interpreter->hotspot.flags & HOTSPOT_NO_ZERO_BYTES ? 1 : 0;
	caller = hotspot_unsigned(state, &at, excluded);
	method = hotspot_unsigned(state, &at, excluded);
	instruction = hotspot_unsigned(state, &at, excluded);
	state->scope = caller < state->scope ? caller : 0;
	state->scope_instruction = instruction && instruction <= 0x10000 ? instruction - 1 : 0;
	if (!method || !read_user_word(state->metadata + 8 * (u64)(method - 1), &state->wanted))
		state->wanted = 0;
	return 1;
}

/* The innermost scope of what runs at walk->pc: the one that comes next. Not static: verified once by itself. */
__noinline int hotspot_begin_scopes(struct walk *walk)
{
	struct interpreter *interpreter;
	struct hotspot_walk *state;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	walk->interpreted.inlined_count = 0;
	state->scope = 0;
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	hotspot_find_scopes(state, interpreter);
	state->scope = hotspot_scope_at(state, interpreter, walk->pc);
	return state->scope != 0;
}

/* The method that was named last is inlined at walk->pc, behind those that are there already. */
static __always_inline void hotspot_add_inlined(struct walk *walk, u32 instruction)
{
	u32 count = walk->interpreted.inlined_count;

	barrier_var(count);
	if (count >= INLINED_MAX)
		return;
	walk->interpreted.inlined[count].number = walk->interpreted.code_number;
	walk->interpreted.inlined[count].instruction = instruction;
	walk->interpreted.inlined_count = count + 1;
}

/*
 * The number of what runs at walk->pc, into walk->interpreted; 0 where it has to be found out first. Numbers of
 * compilations are never given again, so it holds as long as the code does. Not static: verified once by itself.
 */
__noinline int hotspot_known_code(struct walk *walk)
{
	struct hotspot_walk *state;
	u32 id_at, id;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	id_at = FIELD(&state->image, NMETHOD_COMPILE_ID);
	id = HALF_OF(BLOB_WORD(state, id_at), id_at);
	state->code.start_boottime = walk->birth;
	state->code.address = walk->pc;
	state->code.check = mix_word(mix_word(3, state->blob), id);
	state->code.tgid = walk->tgid;
	state->code.exec_id = walk->exec_id;
	__builtin_memcpy(&walk->interpreted.key, &state->code, sizeof(state->code));
	return is_known_code(walk);
}

/* A number for the methods of walk->interpreted.inlined, which are at walk->pc. Not static: verified once by itself. */
__noinline int hotspot_give_number(struct walk *walk)
{
	struct interpreter *interpreter;
	struct code_name *name;
	u64 unnamed = 0;
	u32 count;

	if (!walk)
		return 0;
	name = &walk->interpreted.name;
	interpreter = generator_of(walk);
	count = walk->interpreted.inlined_count;
	if (!interpreter || !count)
		return 0;
	/* Without a branch, as hotspot_unsigned(). */
	for (u32 i = 0; i < INLINED_MAX; i++)
		unnamed |= is_below(i, count) & is_below(walk->interpreted.inlined[i].number, 1);
	__builtin_memcpy(&walk->interpreted.key, &walk->interpreted.hotspot.code, sizeof(walk->interpreted.key));
	/* Without lines, one that stands for itself is known by the number that it has already. */
	if (count == 1 && !(interpreter->flags & INTERPRETER_LINES)) {
		walk->interpreted.code_number = walk->interpreted.inlined[0].number;
		if (!unnamed)
			know_code(walk, false, walk->interpreted.inlined[0].number);
		return 1;
	}
	name->file_text.bytes = name->name_text.bytes = name->owner_text.bytes = 0;
	name->first_line = name->position = name->source_length = 0;
	name->inlined = count;
	name->line_table_bytes = count * sizeof(struct inlined_code);
	__builtin_memcpy(name->line_table, walk->interpreted.inlined, sizeof(walk->interpreted.inlined));
	hand_over_name(walk, walk->interpreted.generator);
	/* A name was lost on the way: the next sample asks again. */
	if (unnamed)
		forget_code(walk);
	return 1;
}

/* Finds out what runs at walk->pc: one method after the other, none of them below another on the stack. */
static __always_inline bool hotspot_name_code(struct walk *walk)
{
	struct hotspot_walk *state = &walk->interpreted.hotspot;

	hotspot_begin_scopes(walk);
	for (u32 i = 0; i < INLINED_MAX; i++) {
		if (!hotspot_next_scope(walk))
			break;
		if (!hotspot_method(walk, state->wanted)) {
			count_interpreted(INTERPRETED_NOT_CODE);
			break;
		}
		hotspot_add_inlined(walk, state->scope_instruction);
	}
	/* The method alone, where nothing is said of the place. */
	if (!walk->interpreted.inlined_count &&
	    hotspot_method(walk, BLOB_WORD(state, FIELD(&state->image, NMETHOD_METHOD))))
		hotspot_add_inlined(walk, 0);
	return hotspot_give_number(walk);
}

/* It was thrown away while it ran: what it returns to is code for that, and where it was is in its frame. */
__noinline int hotspot_undo_deoptimised(struct walk *walk)
{
	struct interpreter *interpreter;
	struct hotspot_walk *state;
	u32 handler_at, orig_at;
	u64 handler, pc = 0;

	if (!walk || walk->innermost)
		return 0;
	state = &walk->interpreted.hotspot;
	interpreter = generator_of(walk);
	if (!interpreter)
		return 0;
	handler_at = FIELD(&state->image, NMETHOD_DEOPT_HANDLER);
	orig_at = FIELD(&state->image, NMETHOD_ORIG_PC);
	handler = BLOB_WORD(state, handler_at);
	if (interpreter->hotspot.flags & HOTSPOT_BLOB_OFFSETS)
		handler = state->blob + HALF_OF(handler, handler_at);
	if (walk->pc != handler)
		return 0;
	if (read_user_word(walk->sp + HALF_OF(BLOB_WORD(state, orig_at), orig_at), &pc) && pc >= state->code_begin &&
	    pc < state->code_end)
		walk->pc = pc;
	return 1;
}

/* The caller of a whole frame that is not where the frame's size says: words were pushed for a call. */
__noinline int hotspot_search_return(struct walk *walk, u64 end)
{
	struct hotspot_walk *state;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	if (bpf_probe_read_user(state->words, 8 * (RETURN_SLOTS + 2), (const void *)(end - 16)))
		return 0;
	for (u32 i = 0; i <= RETURN_SLOTS; i++) {
		if (!hotspot_is_code(&state->image, state->words[i + 1]))
			continue;
		walk->pc = state->words[i + 1];
		walk->fp = state->words[i];
		walk->sp = end + 8 * i;
		return 1;
	}
	return 0;
}

/* To the caller, with the reason in walk->stop where there is none. Not static: verified once by itself. */
__noinline int hotspot_step_compiled(struct walk *walk)
{
	struct hotspot_walk *state;
	u64 fp, pc = 0;
	u32 shape;

	if (!walk)
		return 0;
	state = &walk->interpreted.hotspot;
	shape = walk->innermost ? hotspot_shape(walk) : FRAME_WHOLE;
	fp = walk->fp;
	walk->third_known = 0;
	walk->is_exact = 0;
	walk->stop = 0;
	if (shape == FRAME_WHOLE || shape == FRAME_UNSAVED) {
		if (state->frame_bytes < 16 || !hotspot_search_return(walk, walk->sp + state->frame_bytes)) {
			count_interpreted(INTERPRETED_NOT_CODE);
			walk->stop = STOP_UNSUPPORTED;
		} else if (shape == FRAME_UNSAVED) {
			walk->fp = fp;
		}
		return 1;
	}
	if (shape == FRAME_PUSHED) {
		if (!read_user_word(walk->sp, &fp))
			walk->stop = STOP_UNREADABLE;
		walk->sp += 8;
	}
	if (!read_user_word(walk->sp, &pc))
		walk->stop = STOP_UNREADABLE;
	walk->pc = pc;
	walk->sp += 8;
	walk->fp = fp;
	return 1;
}

/* Pushes what runs there and steps to the caller. */
__noinline int hotspot_compiled_frame(struct walk *walk, u32 slot)
{

	if (!walk)
		return 0;
	hotspot_undo_deoptimised(walk);
	if (hotspot_known_code(walk) || hotspot_name_code(walk))
		hotspot_push(walk, 0, slot);
	else
		count_interpreted(INTERPRETED_NOT_CODE);
	hotspot_step_compiled(walk);
	return 1;
}

#endif
