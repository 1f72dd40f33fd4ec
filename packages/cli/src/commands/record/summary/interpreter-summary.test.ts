import { expect, test } from 'bun:test';
import { interpretedOutcome } from '@waggle/bpf';
import { interpreterLines } from './interpreter-summary.ts';

const outcomes = (counts: Readonly<Partial<Record<keyof typeof interpretedOutcome, number>>>) => {
  const interpreted = new Array<number>(interpretedOutcome.INTERPRETED_OUTCOMES).fill(0);
  for (const [name, count] of Object.entries(counts))
    interpreted[interpretedOutcome[name as keyof typeof interpretedOutcome]] = count;
  return interpreted;
};

test('nothing is said where no interpreter was met', () => {
  expect(interpreterLines({ interpreted: outcomes({}), unknownInterpreters: [] })).toEqual([]);
});

test('stacks are counted, and what cut them off, by reason', () => {
  const interpreted = outcomes({ INTERPRETED_WALKED: 90, INTERPRETED_NO_THREAD: 2 });
  const unknownInterpreters = ['CPython 3.16: newer than what is known'];
  expect(interpreterLines({ interpreted, unknownInterpreters })).toEqual([
    'CPython 3.16: newer than what is known: its functions are not shown',
    '90 stacks with interpreted functions; cut off: 2 by a thread that the interpreter does not know',
  ]);
});
