import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import { JitProcesses } from './jit-processes.ts';

test('who has the number of an image now, and began later, does not own its perf map', () => {
  const procfs = new MemoryProcfs();
  using processes = new JitProcesses(procfs);
  const first = procfs.spawn(7, { uid: 1000 });
  const since = first.startBoottimeNs + 5n;
  const owner = { innerPid: 7, uid: 1000 };
  expect(processes.owner(7, since)).toEqual(owner);
  // Where nobody knows since when it was there.
  expect(processes.owner(7, 0n)).toEqual(owner);
  procfs.reap(7);
  expect(processes.owner(7, since)).toBeUndefined();
  procfs.tick(2);
  procfs.spawn(7, { uid: 1001 });
  expect(processes.owner(7, since)).toBeUndefined();
});

test('a map of one that is gone is of the user of whom it has forked, under its own number', () => {
  const procfs = new MemoryProcfs();
  using processes = new JitProcesses(procfs);
  procfs.spawn(8, { uid: 1002 });
  expect(processes.ownerThrough(8, 7)).toEqual({ innerPid: 7, uid: 1002 });
  expect(processes.ownerThrough(9, 7)).toBeUndefined();
});
