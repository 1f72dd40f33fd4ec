/**
 * Stacks that other stacks are about, by their numbers: who woke a thread, who allocated what is still there. They
 * are not counted themselves. A stack may come before the one that it is about, which waits for an unwind table.
 */

import { LRUCache } from 'lru-cache';
import type { Frame } from '../frames/frame-table.ts';
import { NO_STACK_FRAME, UNKNOWN_FRAME, WOKEN_BY_FRAME } from '../frames/synthetic-frames.ts';
import type { ResolvedFrame, ResolvedStack } from './stack-resolver.ts';

/** Those that are used least go first: numbers of them are told again, as others. */
const MAX_STACKS = 32_768;
const MAX_WAITING = 32_768;

interface NumberedStack {
  readonly stack: ResolvedStack;
  /** What it stands on in a profile, root first. */
  readonly roots: readonly string[];
}

export class NumberedStacks {
  /** Bounded by its size, which grows as it fills: most profiles have none, and as `max` it would take its room at once. */
  readonly #known = new LRUCache<number, NumberedStack>({
    maxSize: MAX_STACKS,
    sizeCalculation: () => 1,
  });
  readonly #waiting = new Map<number, ResolvedStack[]>();
  #waits = 0;

  /** @returns stacks that are whole now */
  note(number: number, stack: ResolvedStack, roots: readonly string[]): readonly ResolvedStack[] {
    this.#known.set(number, { stack, roots });
    const whole = (this.#waiting.get(number) ?? []).map((each) => this.#joined(each, number));
    this.#waiting.delete(number);
    this.#waits -= whole.length;
    return whole;
  }

  /** With what it is about on top; undefined where that is not known yet. */
  whole(stack: ResolvedStack): ResolvedStack | undefined {
    const { about } = stack;
    if (about === undefined) return stack;
    if (this.#known.has(about) || this.#waits >= MAX_WAITING) return this.#joined(stack, about);
    const waiting = this.#waiting.get(about);
    if (waiting === undefined) this.#waiting.set(about, [stack]);
    else waiting.push(stack);
    this.#waits++;
    return undefined;
  }

  /** What still waits: nobody will say what it is about. */
  takeWaiting(): ResolvedStack[] {
    const stacks = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#waits = 0;
    return stacks.map((stack) => this.#joined(stack, stack.about ?? 0));
  }

  /** Frames that are held: their objects are needed still. */
  *frames(): Generator<Frame> {
    for (const { stack } of this.#known.values()) for (const { frame } of stack.frames) yield frame;
    for (const stacks of this.#waiting.values())
      for (const { frames } of stacks) for (const { frame } of frames) yield frame;
  }

  /** The one that has the number; without frames where that is not known. */
  stackOf(number: number): ResolvedStack {
    return this.#known.peek(number)?.stack ?? NOBODYS;
  }

  /** The waker stands upside down: who is nearest to the thread that it woke comes first. */
  #joined(stack: ResolvedStack, about: number): ResolvedStack {
    const known = this.#known.get(about);
    const above =
      known === undefined
        ? [named(UNKNOWN_FRAME)]
        : [...known.stack.frames.toReversed(), ...known.roots.toReversed().map(named)];
    return { ...stack, frames: [...stack.frames, named(WOKEN_BY_FRAME), ...above] };
  }
}

/** Somebody's, of whom nothing is known. */
const NOBODYS: ResolvedStack = {
  ...{ pid: 0, startTime: 0n, execId: 0, comm: UNKNOWN_FRAME, tid: 0, threadComm: '' },
  ...{ state: 'running', cpu: 0, event: 0, count: 0, weight: 0, time: 0n, lastTime: 0n },
  identity: { pid: 0, startBoottimeNs: 0n, execId: 0 },
  owner: { roots: [UNKNOWN_FRAME], labels: undefined },
  frames: [named(NO_STACK_FRAME)],
};

function named(name: string): ResolvedFrame {
  return { frame: { kind: 'synthetic', name }, address: 0n };
}
