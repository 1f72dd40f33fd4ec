import { expect, test } from 'bun:test';
import { CycleTimer } from './cycle-timer.ts';

function fixture(length: number | 'manual') {
  const clock = { now: 0 };
  const samples = { takenInUntil: Number.NEGATIVE_INFINITY };
  const begun: number[] = [];
  const timer = new CycleTimer(
    length,
    (endedBefore) => void begun.push(endedBefore),
    () => samples.takenInUntil,
    () => clock.now,
  );
  return { clock, samples, begun, timer };
}

test('a cycle forgets nobody of whom samples may still come, however late it is', () => {
  const { clock, samples, begun, timer } = fixture(250);
  timer.beginIfDue();
  clock.now = 249;
  timer.beginIfDue();
  expect(begun).toEqual([]);
  // Events are taken in, and samples are not yet.
  clock.now = 60_000;
  timer.beginIfDue();
  expect(begun).toEqual([Number.NEGATIVE_INFINITY]);
  samples.takenInUntil = 1000;
  timer.beginIfDue();
  expect(begun).toHaveLength(1);
  clock.now = 60_250;
  timer.beginIfDue();
  expect(begun.at(-1)).toBe(1000);
});

test('cycles that others start do not start by time', () => {
  const { clock, begun, timer } = fixture('manual');
  clock.now = 1e9;
  timer.beginIfDue();
  expect(begun).toEqual([]);
});
