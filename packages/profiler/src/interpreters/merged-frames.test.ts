import { expect, test } from 'bun:test';
import { frameBits } from '@waggle/bpf';
import { interpretedWord, isInterpreted } from '../sampling/frame-words.ts';
import type { StackCount } from '../sampling/stack-count.ts';
import { interpretedFrames, type NativeRole, withInterpreted } from './merged-frames.ts';

const WORD = 1n << BigInt(frameBits.FRAME_INTERPRETED_BIT);
const ENTRY = 1n << BigInt(frameBits.FRAME_ENTRY_BIT);

/** As the kernel sends them, innermost first: a negative number is one that its evaluation began with. */
function sent(...numbers: number[]) {
  const view = new DataView(new ArrayBuffer(8 * numbers.length));
  numbers.forEach((number, index) => {
    const word = WORD | BigInt(Math.abs(number)) | (number < 0 ? ENTRY : 0n);
    view.setBigUint64(8 * index, word, true);
  });
  return interpretedFrames(view, 0, numbers.length);
}

const stackOf = (user: number[], interrupted: number[] = []) =>
  ({ user, interrupted }) as unknown as StackCount;

const shown = ({ user }: StackCount) =>
  user.map((word) => (isInterpreted(word) ? `f${interpretedWord(word).number}` : word));

const roles = (letters: string): NativeRole[] =>
  [...letters].map((letter) =>
    letter === 'e' ? 'evaluation' : letter === 'i' ? 'interpreter' : 'other',
  );

test('a frame of the loop stands for all that it ran, others keep their places', () => {
  const stack = stackOf([10, 11, 12, 13, 14]);
  const merged = withInterpreted(stack, sent(1, 2, -3, -4), roles('oeieo'), true);
  expect(shown(merged)).toEqual([10, 'f1', 'f2', 'f3', 12, 'f4', 14]);
  expect(merged.ofInterpreter).toEqual([4]);
  expect(withInterpreted(stack, sent(1, -2), roles('oeioo'), false).ofInterpreter).toBeUndefined();
});

test('depths of interrupted frames follow', () => {
  const merged = withInterpreted(stackOf([10, 11, 12], [2]), sent(1, -2), roles('oeo'), true);
  expect(shown(merged)).toEqual([10, 'f1', 'f2', 12]);
  expect(merged.interrupted).toEqual([3]);
});

test('an evaluation that has no frame is shown as none, functions that no loop is left for stand below', () => {
  expect(shown(withInterpreted(stackOf([10, 11]), sent(-1), roles('ee'), true))).toEqual([
    ...['f1', 11],
  ]);
  expect(shown(withInterpreted(stackOf([10]), sent(-1, 2, -3), roles('e'), true))).toEqual([
    ...['f1', 'f2', 'f3'],
  ]);
});

test('a stack without interpreted frames stays as it is', () => {
  const stack = stackOf([10]);
  expect(withInterpreted(stack, [], roles('e'), true)).toBe(stack);
  expect(interpretedFrames(new DataView(new ArrayBuffer(8)), 0, 1)).toEqual([]);
});
