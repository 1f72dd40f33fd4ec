/**
 * Frames that no code stands behind: they say in a stack what the CPU was doing. Interrupts borrow the
 * stack of whatever they interrupt, so without a mark a softirq's time looks like that process's own.
 *
 * Hard interrupts get no mark. The kernel's clock event is one itself and waits until another has ended:
 * a sample is of the code that was interrupted, never of a handler, and frames like
 * `asm_sysvec_apic_timer_interrupt` below what follows it (softirqs, a switch to another task) only say
 * how the kernel was entered.
 */

import type { ProfileFrame } from '@waggle/formats';
import type { ThreadState } from '../sampling/stack-count.ts';

/** The name of the frame in front of a softirq's own. */
export const SOFTIRQ_FRAME = '[softirq]';
/** The name at the root of what a CPU does when nothing wants it. */
export const IDLE_FRAME = '[idle]';
/** Stands for the frames of stacks beyond so many different ones. */
export const OTHER_FRAME = '[other]';
/** The name at the root of a stack that had more frames than are recorded. */
export const TRUNCATED_FRAME = '[truncated]';
/** In place of frames that nobody took: of time that is only known as a sum. */
export const NO_STACK_FRAME = '[no stack]';

/** Between the stack of who slept and that of who woke it. */
export const WOKEN_BY_FRAME = '[woken by]';
/** In place of a stack of which nothing is known. */
export const UNKNOWN_FRAME = '[unknown]';

/** What stands on top of a stack whose thread was not running. */
export const STATE_FRAMES: Readonly<Partial<Record<ThreadState, string>>> = {
  runnable: '[runnable]',
  interruptible: '[interruptible]',
  uninterruptible: '[uninterruptible]',
};

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
  const functions: ProfileFrame[] = [];
  for (let depth = 0; depth < stack.length; depth++) {
    if (depth === marked) functions.push(SOFTIRQ);
    const own = frames[stack[depth] as number] ?? [];
    // Nearly all stand for one.
    if (own.length === 1) functions.push(own[0] as ProfileFrame);
    else functions.push(...own);
  }
  return functions;
}

/** Where a thread leaves its CPU or, when it is new, comes to its first; and where one is woken: kernel/sched/core.c. */
const SWITCHES: ReadonlySet<string> = new Set(['__schedule', 'schedule_tail']);
const WAKE = 'try_to_wake_up';
/** Where the kernel is entered for an interrupt: what is below it has nothing to do with that. */
const INTERRUPT_ENTRY = /^(?:asm_sysvec_|asm_common_interrupt|el[01][th]?_(?:64_)?(?:irq|fiq))/;
const OFF_CPU_FRAMES = new Set(Object.values(STATE_FRAMES));

/**
 * A stack, root first, without the frames of our own tracing: it was taken after a switch, by a waker, or in an
 * interrupt, whose stack is without what it interrupted.
 *
 * @param functionsOf those of a frame
 */
export function withoutTracing<Frame>(
  stack: readonly Frame[],
  functionsOf: (frame: Frame) => readonly ProfileFrame[],
): readonly Frame[] {
  const outermost = (frame: Frame | undefined) =>
    frame === undefined ? undefined : functionsOf(frame)[0];
  if (outermost(stack.at(-1))?.kind !== 'process') return stack;
  const isKernel = (frame: Frame, isIt: (name: string) => boolean) => {
    const found = outermost(frame);
    return found?.kind === 'kernel' && isIt(found.name);
  };
  const at = stack.findIndex((frame) => {
    const found = outermost(frame);
    return found?.kind === 'process' && OFF_CPU_FRAMES.has(found.name);
  });
  if (at < 0) return stack;
  const left = stack.findLastIndex(
    (frame, index) => index < at && isKernel(frame, (name) => SWITCHES.has(name)),
  );
  const slept = left < 0 ? stack.slice(0, at) : stack.slice(0, left + 1);
  const [mark, ...waker] = stack.slice(at + 1);
  const woken = waker.findIndex((frame) => isKernel(frame, (name) => name === WAKE));
  const interrupt = waker.findIndex((frame) =>
    isKernel(frame, (name) => INTERRUPT_ENTRY.test(name)),
  );
  return [
    ...slept,
    ...stack.slice(at, at + 1),
    ...(mark === undefined ? [] : [mark]),
    ...waker.slice(Math.max(woken, 0), interrupt < 0 ? undefined : interrupt + 1),
  ];
}

/** How the kernel gets from a tracepoint to a program. */
const TRACING = /^(?:__traceiter_|__bpf_trace_|bpf_trace_run\d|bpf_prog_[0-9a-f]{16}_)/;

/** A stack that was taken at a tracepoint, root first: up to what has hit it. */
export function upToTracepoint<Frame>(
  stack: readonly Frame[],
  functionsOf: (frame: Frame) => readonly ProfileFrame[],
): readonly Frame[] {
  const at = stack.findIndex((frame) => {
    const [outermost] = functionsOf(frame);
    return outermost?.kind === 'kernel' && TRACING.test(outermost.name);
  });
  return at < 0 ? stack : stack.slice(0, at);
}

function isEntry(frame: ProfileFrame | undefined): boolean {
  return frame?.kind === 'kernel' && SOFTIRQ_ENTRY.test(frame.name);
}
