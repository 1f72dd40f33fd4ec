// What the plugin refuses, and how a timeline stays short; what it counts is tested in tests/record-live-heap.test.ts.

import { expect, test } from 'bun:test';
import { BadOption } from '../../errors/errors.ts';
import { HeapTimeline } from './heap-timeline.ts';
import { type LiveHeapOptions, liveHeap } from './index.ts';

function refused(options: unknown): string | undefined {
  try {
    liveHeap(options as LiveHeapOptions);
    return undefined;
  } catch (error) {
    if (error instanceof BadOption) return error.option;
    throw error;
  }
}

test('options that make no sense are refused by name', () => {
  for (const functions of [null, 'malloc', [1], [], new Array(65).fill({})])
    expect(refused({ functions })).toBe('functions');
  expect(refused({ functions: [{}], unwind: 'bogus' })).toBe('unwind');
});

test('a timeline has what is due, and half as much of it when there is too much', () => {
  const timeline = new HeapTimeline(1, 8);
  const add = (seconds: number, isLast = false) =>
    timeline.add({ seconds, bytes: 10 * seconds, blocks: seconds }, isLast);
  for (let seconds = 0.25; seconds <= 7; seconds += 0.25) add(seconds);
  expect(timeline.moments.map(({ seconds }) => seconds)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  for (let seconds = 7.25; seconds <= 11; seconds += 0.25) add(seconds);
  expect(timeline.moments.map(({ seconds }) => seconds)).toEqual([2, 4, 6, 8, 10]);
  add(11.1, true);
  expect(timeline.moments.at(-1)).toEqual({ seconds: 11.1, bytes: 111, blocks: 11.1 });
});
