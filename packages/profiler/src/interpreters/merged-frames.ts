/**
 * Interpreted frames of a stack whose native frames are walked in userspace: the kernel has sent all of them, each
 * with whether its evaluation began there. A frame of the evaluation loop stands for those that it ran.
 */

import { isEntryWord, isInterpretedWord, numberOfInterpreted } from '../sampling/frame-words.ts';
import type { StackCount } from '../sampling/stack-count.ts';

/** What a native frame is to the interpreter whose frames these are. */
export type NativeRole = 'evaluation' | 'interpreter' | 'other';

/** One interpreted frame: as a word of a stack, and whether its evaluation began with it. */
export interface InterpretedFrame {
  readonly word: number;
  readonly isEntry: boolean;
}

/** @param words as they lie in a deferred_sample, innermost first */
export function interpretedFrames(view: DataView, at: number, words: number): InterpretedFrame[] {
  const frames: InterpretedFrame[] = [];
  for (let index = 0; index < words; index++) {
    const low = view.getUint32(at + 8 * index, true);
    const high = view.getUint32(at + 8 * index + 4, true);
    if (!isInterpretedWord(high)) break;
    frames.push({ word: numberOfInterpreted(high, low), isEntry: isEntryWord(high) });
  }
  return frames;
}

/**
 * The stack with interpreted frames in the place of the loops that ran them. Those that no native frame is left for
 * stand below all others: the native stack was cut off.
 * @param roles of its native frames, by depth: of all, or all but the first
 * @param isHidden whether frames of the interpreter's own are left out
 */
export function withInterpreted(
  stack: StackCount,
  interpreted: readonly InterpretedFrame[],
  roles: readonly NativeRole[],
  isHidden: boolean,
): StackCount {
  if (interpreted.length === 0) return stack;
  // A function that has just returned stands on top of them.
  const above = stack.user.length - roles.length;
  const user: number[] = [];
  const interrupted: number[] = [];
  const ofInterpreter: number[] = [];
  let next = 0;
  const pushEvaluated = () => {
    for (let isOver = false; !isOver && next < interpreted.length; next++) {
      const frame = interpreted[next] as InterpretedFrame;
      user.push(frame.word);
      isOver = frame.isEntry;
    }
  };
  stack.user.forEach((address, depth) => {
    const role = roles[depth - above] ?? 'other';
    if (role === 'evaluation' && next < interpreted.length) {
      pushEvaluated();
      return;
    }
    if (stack.interrupted.includes(depth)) interrupted.push(user.length);
    if (role !== 'other' && isHidden) ofInterpreter.push(user.length);
    user.push(address);
  });
  while (next < interpreted.length) pushEvaluated();
  return { ...stack, user, interrupted, ...(ofInterpreter.length > 0 && { ofInterpreter }) };
}
