import { expect, test } from 'bun:test';
import { type MapsEntry, RealProcfs } from '@waggle/cache';
import type { NewMapping } from './image-mappings.ts';
import { RunningMappings } from './running-mappings.ts';

const entry = (at: number): MapsEntry => ({
  ...{ start: at * 0x1000, end: (at + 1) * 0x1000, permissions: 'r-xp', fileOffset: 0 },
  ...{ device: '8:1', inode: 1n, path: '/f', deleted: false },
});

/** /proc where each part takes so long, and what of it was left. */
function slowProcfs(parts: number, ms: number) {
  const left: number[] = [];
  return {
    left,
    *mapsByParts(pid: number | 'self'): Generator<readonly MapsEntry[], readonly MapsEntry[]> {
      const entries: MapsEntry[] = [];
      try {
        for (let part = 0; part < parts; part++) {
          const until = performance.now() + ms;
          while (performance.now() < until);
          entries.push(entry(part));
          yield entries;
        }
        return entries;
      } finally {
        left.push(Number(pid));
      }
    },
  };
}

test('of a process that takes long, a part at once and all of it in the rounds that come', () => {
  const procfs = slowProcfs(20, 2);
  const finished: [number, readonly NewMapping[]][] = [];
  using running = new RunningMappings(procfs, (...found) => finished.push(found), 5);
  const first = running.read(7);
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThan(20);
  // It is being read.
  expect(running.read(7)).toEqual([]);
  let rounds = 0;
  for (; finished.length === 0 && rounds < 100; rounds++) running.readOn();
  expect(rounds).toBeGreaterThan(1);
  expect(finished.map(([pid, mappings]) => [pid, mappings.length])).toEqual([[7, 20]]);
  expect(procfs.left).toEqual([7]);
});

test('once much time went into them, each gets less', () => {
  const procfs = slowProcfs(1_000_000, 1);
  using running = new RunningMappings(procfs, () => {}, 400);
  const times = [1, 2, 3, 4, 5, 6, 7, 8].map((pid) => {
    const startedAt = performance.now();
    running.read(pid);
    return performance.now() - startedAt;
  });
  expect(Math.min(...times.slice(0, 2))).toBeGreaterThan(300);
  expect(Math.min(...times.slice(4))).toBeLessThan(100);
});

test('what has ended is left', () => {
  const procfs = slowProcfs(1_000_000, 1);
  using running = new RunningMappings(procfs, () => {}, 5);
  running.read(1);
  running.read(2);
  running.forget(1);
  expect(procfs.left).toEqual([1]);
  running[Symbol.dispose]();
  expect(procfs.left).toEqual([1, 2]);
});

test('our own include the runtime that runs us; who is gone has none', () => {
  using running = new RunningMappings(new RealProcfs(), () => {}, 10_000);
  expect(running.read(process.pid).some(({ path }) => /bun/.test(path))).toBe(true);
  expect(running.read(4_194_303)).toEqual([]);
});
