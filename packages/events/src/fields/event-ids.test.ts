// The numbers by which two sessions tell the same failed exec, and which no two failures share.

import { expect, test } from 'bun:test';
import { FailedExecNumbers, failedExecEventId } from './event-ids.ts';

test('failures of an image are numbered by every session that saw its process start', () => {
  const [one, other] = [new FailedExecNumbers(100n), new FailedExecNumbers(150n)];
  const numbers = (from: FailedExecNumbers) =>
    [200n, 201n, 202n].map((time) => from.next(7, 160n, 1, time));
  expect(numbers(one)).toEqual([1, 2, 3]);
  expect(numbers(other)).toEqual([1, 2, 3]);
  // The next image begins anew, and so does who has the pid next.
  expect(one.next(7, 160n, 2, 203n)).toBe(1);
  expect(one.next(7, 170n, 1, 204n)).toBe(1);
});

test('of a process that ran before, failures are told by their time: some may have been missed', () => {
  const numbers = new FailedExecNumbers(100n);
  expect(numbers.next(7, 100n, 1, 200n)).toBe(0);
  expect(failedExecEventId('b-7-100-1', 0, 200n)).toBe('b-7-100-1-failed@200');
  expect(failedExecEventId('b-7-101-1', 2, 200n)).toBe('b-7-101-1-failed-2');
});

test('who is counted is bounded, and no id is given twice for that', () => {
  const numbers = new FailedExecNumbers(0n, 3);
  const given = new Set<string>();
  let time = 1000n;
  for (let round = 0; round < 5; round++)
    for (let pid = 1; pid <= 10; pid++) {
      const start = BigInt(pid);
      const number = numbers.next(pid, start, 1, ++time);
      given.add(failedExecEventId(`b-${pid}-${start}-1`, number, time));
    }
  expect(given.size).toBe(50);
});
