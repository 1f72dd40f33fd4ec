// Frames that no code stands behind: they say in a stack what the CPU was doing. Interrupts borrow the
// stack of whatever they interrupt, so without a mark a softirq's time looks like that process's own.
//
// Hard interrupts get no mark. The kernel's clock event is one itself and waits until another has ended:
// a sample is of the code that was interrupted, never of a handler, and frames like
// `asm_sysvec_apic_timer_interrupt` below what follows it (softirqs, a switch to another task) only say
// how the kernel was entered.

import type { ProfileFrame } from '@waggle/formats';

/** The name of the frame in front of a softirq's own. */
export const SOFTIRQ_FRAME = '[softirq]';
/** The name at the root of what a CPU does when nothing wants it. */
export const IDLE_FRAME = '[idle]';
/** Stands for the frames of stacks beyond so many different ones. */
export const OTHER_FRAME = '[other]';
/** The name at the root of a stack that had more frames than are recorded. */
export const TRUNCATED_FRAME = '[truncated]';

/**
 * What runs softirqs: kernel/softirq.c, handle_softirqs() since Linux 6.9, __do_softirq() before. The
 * last is a label at the beginning of that code's section, which kallsyms may have in its place.
 */
const SOFTIRQ_ENTRY = /^(?:handle_softirqs|__do_softirq|__softirqentry_text_start)(?:\.|$)/;

const SOFTIRQ: ProfileFrame = { name: SOFTIRQ_FRAME, kind: 'kernel' };

/** Indexes of the frames that softirqs begin with. @param frames each as the functions it stands for */
export function softirqEntries(frames: readonly (readonly ProfileFrame[])[]): ReadonlySet<number> {
  return new Set(frames.flatMap((functions, index) => (isEntry(functions[0]) ? [index] : [])));
}

/** The functions of a stack, root first, the mark in front of the outermost softirq's. */
export function markedFunctions(
  stack: readonly number[],
  frames: readonly (readonly ProfileFrame[])[],
  entries: ReadonlySet<number>,
): ProfileFrame[] {
  const marked = entries.size === 0 ? -1 : stack.findIndex((index) => entries.has(index));
  return stack.flatMap((index, depth) => {
    const functions = frames[index] ?? [];
    return depth === marked ? [SOFTIRQ, ...functions] : functions;
  });
}

function isEntry(frame: ProfileFrame | undefined): boolean {
  return frame?.kind === 'kernel' && SOFTIRQ_ENTRY.test(frame.name);
}
