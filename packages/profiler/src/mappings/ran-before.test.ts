// Which processes are read when, on a host that has too many of them to be read at once.

import { expect, test } from 'bun:test';
import { RanBefore } from './ran-before.ts';

const NO_TIME = 0;

/** Processes whose reading takes no time, but for those that do. */
function host(atOnceMs?: number, msOf: (pid: number) => number = () => 0) {
  const read: number[] = [];
  const followed: number[] = [];
  const gone = new Set<number>();
  const ranBefore = new RanBefore(
    {
      follow: (pid) => followed.push(pid),
      read(pid) {
        const until = performance.now() + msOf(pid);
        while (performance.now() < until);
        read.push(pid);
        return !gone.has(pid);
      },
    },
    atOnceMs,
  );
  return { ranBefore, read, followed, gone };
}

test('a usual host is read at once, the newest first', () => {
  const { ranBefore, read, followed } = host(10_000);
  ranBefore.begin([1, 2, 3]);
  expect(read).toEqual([3, 2, 1]);
  expect(followed).toEqual([3, 2, 1]);
  expect(ranBefore.unread).toBe(0);
});

test('with many processes only a moment goes into it, and all are followed', () => {
  const { ranBefore, read, followed } = host(20, () => 1);
  const pids = Array.from({ length: 500 }, (_, at) => at + 1);
  ranBefore.begin(pids);
  expect(followed).toEqual(pids.toReversed());
  expect(read.length).toBeLessThan(50);
  expect(read.length + ranBefore.unread).toBe(500);
  for (let rounds = 0; ranBefore.unread > 0 && rounds < 500; rounds++) ranBefore.readOn();
  expect(new Set(read).size).toBe(500);
  expect(read.length).toBe(500);
});

test('what is sampled is read before, once', () => {
  const { ranBefore, read } = host(NO_TIME);
  ranBefore.begin([1, 2, 3]);
  ranBefore.need(2);
  ranBefore.need(2);
  ranBefore.need(7);
  expect(read).toEqual([2]);
});

const fork = (parent: number, pid: number) => ({ type: 'fork', time: 1n, parent, pid }) as const;
const exec = (pid: number) => ({ type: 'exec', time: 2n, pid }) as const;

test('what has a child is read before; where it is gone, the child is, when it is asked about', () => {
  const { ranBefore, read, gone } = host(NO_TIME);
  ranBefore.begin([1, 2, 3]);
  ranBefore.told([fork(1, 10), fork(1, 11)]);
  expect(read).toEqual([1]);
  gone.add(2);
  ranBefore.told([fork(2, 20)]);
  ranBefore.need(10);
  ranBefore.need(20);
  expect(read).toEqual([1, 2, 20]);
});

test('nobody is taken for who had the pid before, or ran there before', () => {
  const { ranBefore, read } = host(NO_TIME);
  ranBefore.begin([1, 2, 3]);
  ranBefore.forget(2);
  ranBefore.need(2);
  ranBefore.told([fork(1, 3)]);
  ranBefore.need(3);
  expect(read).toEqual([1]);
});

test('what runs another program by now is not read for what it was before', () => {
  const { ranBefore, read } = host(NO_TIME);
  ranBefore.begin([1, 2, 3]);
  ranBefore.told([fork(1, 10), fork(1, 11), exec(1), exec(11)]);
  for (const pid of [1, 10, 11]) ranBefore.need(pid);
  expect(read).toEqual([10]);
});
