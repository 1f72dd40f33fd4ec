/**
 * One distinct stack as the kernel counted it, or as it was walked here: what the maps and the ring are
 * decoded to, and what is resolved next.
 */

import { stackNumberBits, threadState } from '@waggle/bpf';
import type { StackOwner } from './stack-owner.ts';

/** Where a thread was: `runnable` had to wait for a CPU, the other two slept. */
export type ThreadState = 'running' | 'runnable' | 'interruptible' | 'uninterruptible';

const STATES: Readonly<Record<number, ThreadState>> = {
  [threadState.THREAD_RUNNING]: 'running',
  [threadState.THREAD_RUNNABLE]: 'runnable',
  [threadState.THREAD_INTERRUPTIBLE]: 'interruptible',
  [threadState.THREAD_UNINTERRUPTIBLE]: 'uninterruptible',
};

/** @param state enum thread_state of the BPF side */
export function threadStateOf(state: number): ThreadState {
  return STATES[state] ?? 'running';
}

/** One distinct stack of one process image, leaf first. */
export interface StackCount {
  readonly pid: number;
  readonly startTime: bigint;
  readonly execId: number;
  /** Of the process: its first thread's. */
  readonly comm: string;
  /** 0 unless threads are counted apart. */
  readonly tid: number;
  /** Of that thread; empty unless threads are counted apart. */
  readonly threadComm: string;
  /** What was counted: its place in the profiler's list of events. */
  readonly event: number;
  readonly state: ThreadState;
  readonly count: number;
  /** The sum of what each of them weighs, as the program that counted them gave it; 0 where it gave none. */
  readonly weight: number;
  readonly firstTime: bigint;
  readonly lastTime: bigint;
  /** Of the last of them. */
  readonly cpu: number;
  /** Addresses, and interpreted frames (frame-words.ts). */
  readonly user: readonly number[];
  /** Depths in `user` below a signal frame: an interrupted instruction, no return address. */
  readonly interrupted: readonly number[];
  /** Depths in `user` of an interpreter's own code, which is not shown beside frames that it has interpreted. */
  readonly ofInterpreter?: readonly number[] | undefined;
  readonly kernel: readonly bigint[];
  /** The kernel's limit cut the user stack. */
  readonly truncated: boolean;
  /** enum unwind_stop of the BPF side: why the user stack goes no further. */
  readonly userStop: number;
  /** Another stack, which this one is about: who woke the thread. */
  readonly about?: number | undefined;
  /** It is not counted: others are about it, by this number. */
  readonly number?: number | undefined;
  /** Whose it is in a profile, of one that has waited: asked for when it was sampled. */
  readonly owner?: StackOwner | undefined;
}

const NUMBER_IS_OWN = 2 ** stackNumberBits.STACK_NUMBER_IS_OWN_BIT;

/** @param number of the BPF side: its own, or that of the stack which it is about; 0: neither */
export function numbersOf(number: number): Pick<StackCount, 'about' | 'number'> {
  if (number === 0) return {};
  return number >= NUMBER_IS_OWN ? { number: number - NUMBER_IS_OWN } : { about: number };
}

/**
 * A thread that slept and then waited for a CPU did both with one stack.
 *
 * @param runnable ns of waiting, which its weight is without
 */
export function byState(stack: StackCount, runnable: number): StackCount[] {
  if (runnable === 0) return [stack];
  const waited: StackCount = { ...stack, state: 'runnable', weight: runnable };
  return stack.weight === 0 ? [waited] : [stack, { ...waited, count: 0 }];
}
