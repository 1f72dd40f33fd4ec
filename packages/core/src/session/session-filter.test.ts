// Whom a session follows, where its processes run already: /proc and the kernel's set of processes in memory.

import { beforeEach, describe, expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import { FollowedCgroups, type KernelFilter, type TrackedState } from '@waggle/kernel';
import { BadOption, NoSuchProcess } from '../errors/errors.ts';
import { type KernelTracking, SessionFilter } from './session-filter.ts';

const NAMESPACE = { inode: 7, self: 4242, isOuter: true };
const RECORDS = { execDetail: true, environ: false };

/** What the kernel's programs do with the set: children of who is in it come in, who ends goes out. */
class KernelSet implements KernelTracking {
  readonly tracked = new Map<number, TrackedState>();
  readonly filters: KernelFilter[] = [];
  readonly #procfs: MemoryProcfs;
  #kin: Map<number, number> | undefined;

  constructor(procfs: MemoryProcfs) {
    this.#procfs = procfs;
  }

  get notesKin(): boolean {
    return this.#kin !== undefined;
  }

  fork(ppid: number, pid: number): void {
    this.#procfs.spawn(pid, { ppid });
    this.#kin?.set(pid, ppid);
    if (this.tracked.has(ppid)) this.tracked.set(pid, 'active');
  }

  end(pid: number): void {
    this.#procfs.reap(pid);
    this.tracked.delete(pid);
  }

  setFilter(filter: KernelFilter): void {
    this.filters.push(filter);
  }

  track(pid: number, state: TrackedState): void {
    this.tracked.set(pid, state);
  }

  untrack(pid: number): void {
    this.tracked.delete(pid);
  }

  untrackAll(): void {
    this.tracked.clear();
  }

  tracks(pid: number): boolean {
    return this.tracked.has(pid);
  }

  noteKin(on: boolean): void {
    if (on) this.#kin ??= new Map();
    else this.#kin = undefined;
  }

  takeKin(parents: Map<number, number>): void {
    for (const [child, parent] of this.#kin ?? []) parents.set(child, parent);
    this.#kin?.clear();
  }
}

const noCgroups = () =>
  new FollowedCgroups(() => {
    throw new Error('no cgroup was asked for');
  });

let procfs: MemoryProcfs;
let kernel: KernelSet;
let filter: SessionFilter;

beforeEach(() => {
  procfs = new MemoryProcfs();
  kernel = new KernelSet(procfs);
  filter = new SessionFilter(noCgroups(), kernel, procfs, NAMESPACE, ['exec', 'exit'], RECORDS);
  procfs.spawn(1, { ppid: 0 });
  procfs.spawn(10, { ppid: 1 });
  procfs.spawn(11, { ppid: 10 });
  procfs.spawn(12, { ppid: 11 });
  procfs.spawn(20, { ppid: 1 });
});

const followed = () => [...kernel.tracked.keys()].sort((a, b) => a - b);

/** Happens once, before the first read of that process. */
function beforeReading(wanted: number, act: () => void): void {
  procfs.onRead = ({ pid, file }) => {
    if (pid !== wanted || file !== 'stat') return;
    procfs.onRead = undefined;
    act();
  };
}

describe('a process is followed with', () => {
  test('all that descend from it, and nobody else', () => {
    filter.set({ pids: [10] });
    expect(followed()).toEqual([10, 11, 12]);
    expect(kernel.filters.at(-1)).toEqual({
      ...{ events: ['exec', 'exit'], processes: true, cgroups: false },
      ...{ execDetail: true, environ: false, rateLimit: undefined },
    });
  });

  test('a child that comes while /proc is read, of one that was not in the set yet', () => {
    beforeReading(20, () => kernel.fork(12, 30));
    filter.set({ pids: [10] });
    expect(followed()).toEqual([10, 11, 12, 30]);
    expect(kernel.notesKin).toBe(false);
  });

  test('one whose parent ends while /proc is read, so that there it is a child of init', () => {
    beforeReading(20, () => {
      kernel.fork(12, 30);
      kernel.end(12);
      procfs.exec(30, { ppid: 1 });
    });
    filter.set({ pids: [10] });
    expect(followed()).toEqual([10, 11, 30]);
  });
});

describe('nobody is followed who is not there', () => {
  test('a pid without a process is said, and the target before it stays', () => {
    filter.set({ pids: [20] });
    expect(() => filter.set({ pids: [10, 99] })).toThrow(NoSuchProcess);
    expect(followed()).toEqual([20]);
  });

  test('one that ends before it is in the set', () => {
    beforeReading(1, () => procfs.exit(10));
    expect(() => filter.set({ pids: [10] })).toThrow(/process 10 ended before/);
    expect(kernel.tracked.has(10)).toBe(false);
    expect(kernel.notesKin).toBe(false);
  });

  test('what is no pid', () => {
    expect(() => filter.set({ pids: [0] })).toThrow(BadOption);
  });
});

test('everybody is followed at once, before the set is emptied', () => {
  filter.set({ pids: [10] });
  const untrackAll = kernel.untrackAll.bind(kernel);
  kernel.untrackAll = () => {
    expect(kernel.filters.at(-1)?.processes).toBe(false);
    untrackAll();
  };
  filter.set({});
  expect(followed()).toEqual([]);
});

test('a launcher is known by its pid in the session’s namespace', () => {
  filter.set({ launcher: process.pid });
  expect([...kernel.tracked]).toEqual([[NAMESPACE.self, 'launcher']]);
  filter.set({ launcher: 20 });
  expect([...kernel.tracked]).toEqual([[20, 'launcher']]);
});

test('a rate limit changes nothing else', () => {
  filter.set({ pids: [10] });
  filter.setRateLimit({ perSecond: 5 });
  expect(kernel.filters.at(-1)).toMatchObject({ processes: true, rateLimit: { perSecond: 5 } });
  filter.setRateLimit(undefined);
  expect(kernel.filters.at(-1)).toMatchObject({ processes: true, rateLimit: undefined });
  expect(() => filter.setRateLimit({ perSecond: 0 })).toThrow(BadOption);
});
