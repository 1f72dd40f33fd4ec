/**
 * What cgroups take, as below keeps it: CPU time, memory and I/O of each, from cgroup v2 or the controllers of v1.
 */

import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toNs } from '../nanoseconds.ts';

/** Of one cgroup; amounts since the look before, null where no controller tells. */
export interface CgroupState {
  /** From the root of its hierarchy: `/system.slice/nginx.service`. */
  readonly cgroup: string;
  readonly timeNs: bigint;
  readonly cpuNs: bigint | null;
  /** Now. */
  readonly memoryBytes: bigint | null;
  readonly readBytes: bigint | null;
  readonly writeBytes: bigint | null;
}

/**
 * Those nearest to the root, and of those as far one below each parent in turn: a look has its bound, some 20 µs for each,
 * and who makes thousands below what is his does not hide those of others.
 */
const MAX_CGROUPS = 1000;
/** Memory that changed by less is the same. */
const MEMORY_STEP = 1n << 20n;

interface Totals {
  cpuNs: bigint | null;
  memoryBytes: bigint | null;
  readBytes: bigint | null;
  writeBytes: bigint | null;
}

/** How much of each its files tell by now: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/{cpuacct,memory,blkio-controller}. */
const READERS: readonly { readonly file: string; readonly take: Take }[] = [
  {
    file: 'cpu.stat',
    take: (text, totals) => {
      const usec = /^usage_usec (\d+)$/m.exec(text)?.[1];
      if (usec !== undefined) totals.cpuNs = BigInt(usec) * 1000n;
    },
  },
  {
    file: 'memory.current',
    take: (text, totals) => {
      totals.memoryBytes = numberIn(text);
    },
  },
  {
    file: 'io.stat',
    take: (text, totals) => {
      totals.readBytes = sumOf(text, /\brbytes=(\d+)/g);
      totals.writeBytes = sumOf(text, /\bwbytes=(\d+)/g);
    },
  },
];
const READERS_OF_V1: Readonly<Record<string, (typeof READERS)[number]>> = {
  cpuacct: {
    file: 'cpuacct.usage',
    take: (text, totals) => {
      totals.cpuNs = numberIn(text);
    },
  },
  memory: {
    file: 'memory.usage_in_bytes',
    take: (text, totals) => {
      totals.memoryBytes = numberIn(text);
    },
  },
  blkio: {
    file: 'blkio.throttle.io_service_bytes',
    take: (text, totals) => {
      totals.readBytes = sumOf(text, /^\d+:\d+ Read (\d+)$/gm);
      totals.writeBytes = sumOf(text, /^\d+:\d+ Write (\d+)$/gm);
    },
  },
};
type Amount = 'cpuNs' | 'readBytes' | 'writeBytes';
type Take = (text: string, totals: Totals) => void;

interface Hierarchy {
  readonly root: string;
  readonly readers: typeof READERS;
}

export class CgroupStates {
  readonly #hierarchies: readonly Hierarchy[];
  /** Undefined until the first look: what they have by then was taken before. */
  #before: ReadonlyMap<string, Totals> | undefined;

  /** @param mounts /proc/self/mounts */
  constructor(mounts: string = readOrEmpty('/proc/self/mounts')) {
    this.#hierarchies = hierarchiesOf(mounts);
  }

  /**
   * Those in which something has changed since the last look. The first look finds what they have by then, and tells
   * memory alone.
   *
   * @param now ms since 1970
   */
  read(now: number): CgroupState[] {
    const found = new Map<string, Totals>();
    for (const hierarchy of this.#hierarchies) readHierarchy(hierarchy, found);
    const timeNs = toNs(now);
    const states: CgroupState[] = [];
    for (const [cgroup, totals] of found) {
      const before =
        this.#before === undefined ? undefined : (this.#before.get(cgroup) ?? emptyTotals());
      const state = {
        ...{ cgroup, timeNs, memoryBytes: totals.memoryBytes },
        cpuNs: since(totals.cpuNs, before, 'cpuNs'),
        readBytes: since(totals.readBytes, before, 'readBytes'),
        writeBytes: since(totals.writeBytes, before, 'writeBytes'),
      };
      const { cpuNs, readBytes, writeBytes } = state;
      const isActive = [cpuNs, readBytes, writeBytes].some((value) => value !== null && value > 0n);
      if (isActive || hasMoved(totals.memoryBytes, before?.memoryBytes)) states.push(state);
      // What was not written is compared with what was.
      else if (before !== undefined) totals.memoryBytes = before.memoryBytes;
    }
    this.#before = found;
    return states;
  }
}

/** A new one counts from 0, and one that was made anew under the same name. Undefined: from now on. */
function since(value: bigint | null, before: Totals | undefined, name: Amount): bigint | null {
  if (value === null) return null;
  if (before === undefined) return 0n;
  const known = before[name] ?? 0n;
  return value >= known ? value - known : value;
}

function hasMoved(value: bigint | null, before: bigint | null | undefined): boolean {
  if (value === null) return false;
  if (before === undefined || before === null) return value > 0n;
  const moved = value - before;
  return moved > MEMORY_STEP || moved < -MEMORY_STEP;
}

function hierarchiesOf(mounts: string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mounts.split('\n')) {
    const [, root = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') found.push({ root, readers: READERS });
    if (type !== 'cgroup') continue;
    const readers = options.split(',').flatMap((option) => READERS_OF_V1[option] ?? []);
    if (readers.length > 0) found.push({ root, readers });
  }
  return found;
}

/** From the root, which is the host, downwards. */
function readHierarchy({ root, readers }: Hierarchy, found: Map<string, Totals>): void {
  let level = [''];
  let count = 0;
  while (level.length > 0) {
    const below: string[][] = [];
    for (const path of level) {
      const children = folderOf(join(root, path)).filter((entry) => entry.isDirectory());
      if (children.length > 0) below.push(children.map(({ name }) => `${path}/${name}`));
      if (path === '') continue;
      if (++count > MAX_CGROUPS) return;
      const totals = found.get(path) ?? emptyTotals();
      for (const { file, take } of readers) {
        const text = readOrEmpty(join(root, path, file));
        if (text !== '') take(text, totals);
      }
      found.set(path, totals);
    }
    level = inTurns(below);
  }
}

/** The first of each, then the second of each that has one: as many as a look can take. */
function inTurns(lists: readonly (readonly string[])[]): string[] {
  const taken: string[] = [];
  for (let at = 0; taken.length <= MAX_CGROUPS; at++) {
    const before = taken.length;
    for (const list of lists) {
      const path = list[at];
      if (path !== undefined) taken.push(path);
    }
    if (taken.length === before) break;
  }
  return taken;
}

const emptyTotals = (): Totals => ({
  ...{ cpuNs: null, memoryBytes: null, readBytes: null, writeBytes: null },
});

/** Gone meanwhile, or a controller that is off there. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function folderOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

const numberIn = (text: string): bigint | null =>
  /^\d+$/.test(text.trim()) ? BigInt(text.trim()) : null;

function sumOf(text: string, pattern: RegExp): bigint {
  let sum = 0n;
  for (const [, value = '0'] of text.matchAll(pattern)) sum += BigInt(value);
  return sum;
}
