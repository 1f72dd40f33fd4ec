/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Walks the frames of the current thread by tables of call frame information, and by frame pointers
 * where there are none. Format, search and each step: packages/unwind/README.md, whose section
 * "One step of a walk" this is, and src/unwinder/unwinder.ts, which it is tested against.
 */
#ifndef WAGGLE_UNWIND_H
#define WAGGLE_UNWIND_H

#include "frame_pointer.h"
#include "interpreters/walk.h"
#include "mapping.h"
#include "segments.h"
#include "unwind_table.h"

/*
 * The caller's value of a register, into walk->value; 0 when it is lost. Not static: verified once by
 * itself, and not on every way that leads to it. Five arguments is what a function can have.
 */
__noinline int value_by(struct walk *walk, u32 kind_and_known, s32 offset, u64 cfa, u64 same)
{
	u32 kind = kind_and_known & 0xff, same_known = kind_and_known >> 8;

	if (!walk)
		return false;
	switch (kind) {
	case VALUE_SAME:
		walk->value = same;
		return same_known;
	case VALUE_AT_CFA:
		return read_word(cfa + offset, &walk->value);
	case VALUE_AT_SP:
		return read_word(walk->sp + offset, &walk->value);
	case VALUE_AT_FP:
		return walk->fp_known && read_word(walk->fp + offset, &walk->value);
	case VALUE_REGISTER:
		walk->value = walk->registers[offset & (UNWIND_REGISTERS - 1)];
		return walk->innermost;
	case VALUE_CFA:
		walk->value = cfa + offset;
		return true;
	}
	return false;
}

static __always_inline u32 cfa_by(struct walk *walk, const struct unwind_rule *rule, u64 *cfa)
{
	u64 base = walk->sp;

	switch (rule->cfa) {
	case CFA_FP:
	case CFA_DEREF_FP:
		if (!walk->fp_known)
			return STOP_UNKNOWN_REGISTER;
		base = walk->fp;
		break;
	case CFA_THIRD:
		if (!walk->third_known)
			return STOP_UNKNOWN_REGISTER;
		base = walk->third;
		break;
	case CFA_REGISTER:
		if (!walk->innermost)
			return STOP_UNKNOWN_REGISTER;
		base = walk->registers[rule->cfa_argument & (UNWIND_REGISTERS - 1)];
		break;
	case CFA_PLT:
		if ((walk->pc & 15) >= (u64)rule->cfa_argument)
			base += 8;
		break;
	}
	if (rule->cfa == CFA_DEREF_SP || rule->cfa == CFA_DEREF_FP)
		if (!read_word(base + rule->cfa_argument, &base))
			return STOP_UNREADABLE;
	*cfa = base + rule->cfa_offset;
	return 0;
}

/* Not static, as find_rule(). */
__noinline int step_by_rule(struct walk *walk)
{
	const struct unwind_rule *rule;
	u64 cfa, pc, fp, third;
	u32 stop, fp_known, third_known, is_signal;
	u8 kind;

	if (!walk)
		return STOP_UNSUPPORTED;
	rule = &walk->rule;
	kind = rule->return_address & 0x7f;
	is_signal = (rule->return_address & RULE_SIGNAL_FRAME) != 0;
	if (rule->cfa == CFA_UNSUPPORTED)
		return STOP_UNSUPPORTED;
	if (kind == VALUE_UNDEFINED)
		return STOP_END;
	stop = cfa_by(walk, rule, &cfa);
	if (stop)
		return stop;
	if (!value_by(walk, kind | walk->third_known << 8, rule->offsets[0], cfa, walk->third))
		return kind >= VALUE_AT_CFA && kind <= VALUE_AT_FP ? STOP_UNREADABLE : STOP_UNKNOWN_REGISTER;
	pc = code_address(walk->value);
	if (!pc)
		return STOP_END;
	/* A leaf with its return address in a register (vfork) may use no stack. */
	if (!is_signal && (kind == VALUE_SAME || kind == VALUE_REGISTER ? cfa < walk->sp : cfa <= walk->sp))
		return STOP_NO_PROGRESS;
	fp_known = value_by(walk, rule->fp | walk->fp_known << 8, rule->offsets[1], cfa, walk->fp);
	fp = walk->value;
	third_known = value_by(walk, rule->third | walk->third_known << 8, rule->offsets[2], cfa, walk->third);
	third = walk->value;
	walk->pc = pc;
	walk->sp = cfa;
	walk->fp = fp;
	walk->fp_known = fp_known;
	walk->third = third;
	walk->third_known = third_known;
	walk->is_exact = is_signal;
	return 0;
}

/* What the stack pointer is in the caller, as struct return_instance has it. */
#if defined(__TARGET_ARCH_x86)
#define CALLER_SP_OF(instance) (BPF_CORE_READ(instance, stack) + sizeof(u64))
#else
#define CALLER_SP_OF(instance) BPF_CORE_READ(instance, stack)
#endif

/* One of them; where the next one is. Not static, as find_rule(). */
__noinline u64 take_replaced(struct walk *walk, u64 at, u32 number)
{
	struct return_instance *instance = (void *)at;

	barrier_var(number);
	if (!walk || number >= REPLACED_RETURNS_MAX)
		return 0;
	walk->replaced[number].at = CALLER_SP_OF(instance);
	walk->replaced[number].original = BPF_CORE_READ(instance, orig_ret_vaddr);
	return (u64)BPF_CORE_READ(instance, next);
}

/* Return addresses of this thread that the kernel has replaced. Not static, as find_rule(). */
__noinline int find_replaced(struct walk *walk)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 instance;
	u32 count = 0;

	if (!walk)
		return 0;
	walk->trampoline = BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr);
	instance = (u64)BPF_CORE_READ(task, utask, return_instances);
	for (u32 i = 0; i < REPLACED_RETURNS_MAX && instance; i++) {
		instance = take_replaced(walk, instance, i);
		count++;
	}
	walk->replaced_count = count;
	return count;
}

/* What stood there before, in place of a return address that is not the program's. */
__noinline int restore_return(struct walk *walk)
{

	if (!walk)
		return 0;
	for (u32 i = 0; i < REPLACED_RETURNS_MAX; i++) {
		if (i >= walk->replaced_count)
			break;
		if (walk->replaced[i].at == walk->sp) {
			walk->pc = walk->replaced[i].original;
			return 1;
		}
	}
	return 0;
}

static __always_inline void push_native(struct walk *walk, struct sample_key *key, u64 is_of_interpreter)
{
	u32 depth = walk->depth;

	if (depth >= STACK_MAX_FRAMES)
		return;
	/* Below a signal frame the address is an instruction itself, not where a call returns to. */
	key->user[depth] = walk->pc | (u64)(walk->is_exact & !walk->innermost) << FRAME_INTERRUPTED_BIT |
			   is_of_interpreter << FRAME_OF_INTERPRETER_BIT;
	walk->depth = depth + 1;
}

/*
 * One frame; 1 ends the loop. Not static: verified once by itself, and not in every round that the
 * verifier makes of the loop.
 */
__noinline int walk_one_frame(struct walk *walk, u32 slot)
{
	struct sample_key *key = IN_SLOT(sample_scratch, slot);
	u32 stop, met;

	if (!walk || !key)
		return 1;
	if (walk->interpreted.part)
		return walk_interpreted(walk, slot);
	if (walk->replaced_count && walk->pc == walk->trampoline)
		restore_return(walk);
	/* A return address may be the next function's, when a call was a function's last instruction. */
	walk->address = walk->pc - !walk->is_exact;
	find_mapping(walk);
	if (walk->kind == MAPPING_NONE) {
		/* In execve the registers are still those of the image that is gone: there is no stack. */
		walk->stop = walk->depth || key->inner_count ? STOP_NO_MAPPING : STOP_NOT_WALKED;
		return !goes_on_interpreted(walk);
	}
	if (walk->depth >= STACK_MAX_FRAMES) {
		stop = begin_segment(walk, slot);
		if (stop) {
			walk->stop = stop;
			return 1;
		}
	}
	if (walk->interpreted.is_memory && walk_generated(walk, slot)) {
		walk->innermost = 0;
		return walk->stop != 0 && !walk->interpreted.part;
	}
	/* Builtins of what generates code keep frame pointers: they need no table. */
	met = MET_OTHER;
	if (walk->interpreted.here &&
	    (walk->kind != MAPPING_NEW || walk->interpreted.here == walk->interpreted.generator))
		met = meet_interpreter(walk, slot);
	if (walk->kind == MAPPING_NEW && met != MET_FRAME) {
		if (walk->interpreted.here)
			note_interpreter(walk);
		walk->stop = STOP_NO_TABLE;
		return 1;
	}
	if (met == MET_OTHER || (met == MET_OF_INTERPRETER && walk->interpreted.state != INTERPRETED_FOUND &&
				 !walk->interpreted.has_generated))
		push_native(walk, key, met == MET_OF_INTERPRETER);
	if (met != MET_FRAME && walk->kind == MAPPING_TABLE &&
	    find_rule(walk, walk->table, walk->address - walk->start + walk->offset))
		stop = step_by_rule(walk);
	else
		stop = step_by_frame_pointer(walk);
	walk->innermost = 0;
	walk->stop = stop;
	if (met == MET_EVALUATION) {
		walk->interpreted.part = PART_OF_EVALUATION;
		return 0;
	}
	return stop != 0 && !walk->interpreted.part && !goes_on_interpreted(walk);
}

/* Frames that are not shown, which are an interpreter's own, are rounds as well: CPython 3.8 has three for a call. */
#define WALK_ROUNDS_MAX (5 * STACK_WALKED_FRAMES)

static long walk_frame(u32 index, void *slot)
{
	struct walk *walk = IN_SLOT(walks, *(u32 *)slot);

	/* The verifier knows nothing of what comes back. */
	return walk_one_frame(walk, *(u32 *)slot) ? 1 : 0;
}

#if defined(__TARGET_ARCH_x86)
/* arch/x86/include/asm/segment.h: __USER32_CS. Such code has other registers and frames. */
#define USER32_CS 0x23

static __always_inline bool read_registers(struct walk *walk, struct pt_regs *regs)
{
	if (BPF_CORE_READ(regs, cs) == USER32_CS)
		return false;
	/* System V ABI, AMD64 supplement, figure 3.36. */
	walk->registers[0] = BPF_CORE_READ(regs, ax);
	walk->registers[1] = BPF_CORE_READ(regs, dx);
	walk->registers[2] = BPF_CORE_READ(regs, cx);
	walk->registers[3] = BPF_CORE_READ(regs, bx);
	walk->registers[4] = BPF_CORE_READ(regs, si);
	walk->registers[5] = BPF_CORE_READ(regs, di);
	walk->registers[6] = BPF_CORE_READ(regs, bp);
	walk->registers[7] = BPF_CORE_READ(regs, sp);
	walk->registers[8] = BPF_CORE_READ(regs, r8);
	walk->registers[9] = BPF_CORE_READ(regs, r9);
	walk->registers[10] = BPF_CORE_READ(regs, r10);
	walk->registers[11] = BPF_CORE_READ(regs, r11);
	walk->registers[12] = BPF_CORE_READ(regs, r12);
	walk->registers[13] = BPF_CORE_READ(regs, r13);
	walk->registers[14] = BPF_CORE_READ(regs, r14);
	walk->registers[15] = BPF_CORE_READ(regs, r15);
	walk->pc = BPF_CORE_READ(regs, ip);
	walk->sp = walk->registers[7];
	walk->fp = walk->registers[6];
	walk->third = walk->registers[3];
	return true;
}
#elif defined(__TARGET_ARCH_arm64)
static __always_inline bool read_registers(struct walk *walk, struct pt_regs *regs)
{
	if (BPF_CORE_READ(regs, pstate) & PSR_MODE32_BIT)
		return false;
	bpf_probe_read_kernel(walk->registers, 31 * sizeof(u64), &regs->regs);
	walk->registers[31] = BPF_CORE_READ(regs, sp);
	walk->pc = BPF_CORE_READ(regs, pc);
	walk->sp = walk->registers[31];
	walk->fp = walk->registers[29];
	walk->third = walk->registers[30];
	return true;
}
#endif

/* At the innermost frame, whose registers have been read. */
static __always_inline void begin_walk(struct walk *walk, struct sample_key *key)
{
	walk->depth = 0;
	walk->stop = STOP_END;
	walk->is_exact = walk->fp_known = walk->third_known = walk->innermost = 1;
	if (walk->returned_from) {
		key->user[0] = walk->returned_from;
		walk->depth = 1;
		walk->is_exact = 0;
	}
}

/* Fills key->user. False for threads that cannot be walked: 32-bit ones. */
static __always_inline bool walk_user_stack(struct walk *walk, struct sample_key *key,
					    struct task_struct *task, u32 slot)
{
	struct pt_regs *regs;

	walk->mm = (u64)BPF_CORE_READ(task, mm);
	walk->slot = slot;
	walk->birth = key->start_boottime;
	walk->exec_id = key->exec_id;
	walk->tgid = key->tgid;
	walk->depth = 0;
	walk->stop = walk->mm ? STOP_END : STOP_NOT_WALKED;
	walk->kind = MAPPING_NONE;
	if (walk->mm) {
		regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
		if (!read_registers(walk, regs))
			return false;
		walk->start_pc = walk->pc;
		walk->replaced_count = 0;
		if (BPF_CORE_READ(task, utask, return_instances))
			find_replaced(walk);
		begin_walk(walk, key);
		walk->interpreted.state = INTERPRETED_UNKNOWN;
		walk->interpreted.part = PART_NONE;
		walk->interpreted.here = 0;
		walk->interpreted.next = 0;
		walk->interpreted.is_memory = 0;
		walk->interpreted.generator = 0;
		walk->interpreted.is_generator_asked = 0;
		walk->interpreted.is_generated_missed = 0;
		walk->interpreted.has_generated = 0;
		walk->interpreted.hotspot.has_image = 0;
		walk->interpreted.v8.inlined.stage = V8_INLINED_NOTHING;
		walk->interpreted.v8.inlined.rounds_left = V8_INLINED_ROUNDS;
		bpf_loop(WALK_ROUNDS_MAX, walk_frame, &slot, 0);
		/* What runs here was found out behind frames that are its own: from now on it is known. */
		if (walk->interpreted.is_generated_missed && walk->interpreted.generator &&
		    read_registers(walk, regs)) {
			clear_user_frames(key);
			begin_walk(walk, key);
			walk->kind = MAPPING_NONE;
			walk->interpreted.state = INTERPRETED_UNKNOWN;
			walk->interpreted.part = PART_NONE;
			walk->interpreted.v8.inlined.stage = V8_INLINED_NOTHING;
			walk->interpreted.is_generated_missed = 0;
			bpf_loop(WALK_ROUNDS_MAX, walk_frame, &slot, 0);
		}
	}
	/* No round was left. */
	if (!walk->stop && walk->depth)
		walk->stop = STOP_TOO_DEEP;
	key->user_depth = walk->depth;
	key->user_stop = walk->stop;
	return true;
}

#endif
