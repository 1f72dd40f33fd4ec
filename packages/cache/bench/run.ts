/**
 * The cache beside what one would use instead, in one run: lru-cache for the bare lookup,
 * readFileSync for the check, @stroncium/procfs for a full read. Rounds of all rivals alternate
 * and the best round counts, so that a busy machine disturbs all alike.
 * `bun bench/run.ts`, or `deno run -A --v8-flags=--expose-gc bench/run.ts`.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import stroncium from '@stroncium/procfs';
import { LRUCache } from 'lru-cache';
import { ProcessMetadataCache, RealProcfs } from '../src/index.ts';

const ROUNDS = 9;
const SIZES = [100, 10_000, 100_000];
/** Above every real pid, so that seeded entries are nobody. */
const FIRST_FAKE_PID = 10_000_000;

let sink = 0;

interface Rival {
  readonly name: string;
  /** Does the work `count` times. */
  run(count: number): void;
}

/** Nanoseconds per operation of each rival. */
function race(rivals: readonly Rival[], count: number): number[] {
  const best = rivals.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    rivals.forEach((rival, i) => {
      const start = performance.now();
      rival.run(count);
      best[i] = Math.min(best[i] ?? 0, ((performance.now() - start) * 1e6) / count);
    });
  }
  return best;
}

function print(title: string, rivals: readonly Rival[], times: readonly number[]): void {
  const base = times[0] ?? 1;
  for (const [i, { name }] of rivals.entries()) {
    const ns = times[i] ?? 0;
    const shown = ns < 1000 ? `${ns.toFixed(1)} ns` : `${(ns / 1000).toFixed(2)} µs`;
    console.log(
      `${title.padEnd(22)} ${name.padEnd(38)} ${shown.padStart(10)}  ${(ns / base).toFixed(2)}×`,
    );
  }
}

function seeded(size: number): ProcessMetadataCache {
  const cache = new ProcessMetadataCache({ capacity: size + 1000, logger: null });
  for (let i = 0; i < size; i++) {
    cache.seed({
      pid: FIRST_FAKE_PID + i,
      startTime: 1000 + i,
      execId: 1,
      comm: `job-${i}`,
      filename: `/usr/bin/job-${i}`,
      argv: ['job', '--number', `${i}`, '--verbose'],
      ppid: 1,
      uid: 1000,
      gid: 1000,
    });
  }
  return cache;
}

/** Pids in an order without a pattern, as samples come. */
function shuffled(size: number): Int32Array {
  const pids = Int32Array.from({ length: 65_536 }, (_, i) => {
    const mixed = Math.imul(i + 1, 2_654_435_761) >>> 0;
    return FIRST_FAKE_PID + (mixed % size);
  });
  return pids;
}

function lookups(size: number): void {
  const cache = seeded(size);
  const lru = new LRUCache<number, object>({ max: size + 1000 });
  const map = new Map<number, object>();
  for (const entry of cache) {
    lru.set(entry.pid, entry);
    map.set(entry.pid, entry);
  }
  const pids = shuffled(size);
  const each = (lookup: (pid: number) => object | undefined) => (count: number) => {
    for (let i = 0; i < count; i++) {
      if (lookup(pids[i & 65_535] ?? 0) !== undefined) sink++;
    }
  };
  const rivals: Rival[] = [
    { name: 'lru-cache get', run: each((pid) => lru.get(pid)) },
    { name: 'ProcessMetadataCache peek', run: each((pid) => cache.peek(pid)) },
    { name: 'Map get (no limit, no order)', run: each((pid) => map.get(pid)) },
  ];
  print(`lookup, ${size}`, rivals, race(rivals, 300_000));
}

function validated(size: number, pid: number): void {
  const cache = seeded(size);
  cache.getOrLoad(pid);
  const path = `/proc/${pid}/stat`;
  const repeat = (f: () => unknown) => (count: number) => {
    for (let i = 0; i < count; i++) if (f() !== undefined) sink++;
  };
  const rivals: Rival[] = [
    { name: 'readFileSync /proc/PID/stat', run: repeat(() => readFileSync(path)) },
    { name: 'ProcessMetadataCache get', run: repeat(() => cache.get(pid)) },
    { name: 'get + cmdline, already read', run: repeat(() => cache.get(pid)?.cmdline) },
  ];
  print(`validated, ${size}`, rivals, race(rivals, 5_000));
}

function fullLoad(pid: number): void {
  const procfs = new RealProcfs();
  const rival = stroncium.procfs;
  const repeat = (f: () => unknown) => (count: number) => {
    for (let i = 0; i < count; i++) if (f() !== undefined) sink++;
  };
  const rivals: Rival[] = [
    {
      name: '@stroncium/procfs, seven files',
      run: repeat(() => [
        rival.processStat(pid),
        rival.processStatus(pid),
        rival.processCmdline(pid),
        rival.processEnviron(pid),
        rival.processExe(pid),
        rival.processCwd(pid),
        rival.processCgroups(pid),
      ]),
    },
    {
      name: 'getOrLoad + load(): nine, and checks',
      run: repeat(() => new ProcessMetadataCache({ capacity: 10, procfs }).getOrLoad(pid)?.load()),
    },
    {
      name: 'getOrLoad + cmdline',
      run: repeat(() => new ProcessMetadataCache({ capacity: 10, procfs }).getOrLoad(pid)?.cmdline),
    },
    {
      name: 'getOrLoad',
      run: repeat(() => new ProcessMetadataCache({ capacity: 10, procfs }).getOrLoad(pid)),
    },
  ];
  print('full load', rivals, race(rivals, 1_000));
}

function collect(): number {
  const runtime = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  for (let i = 0; i < 3; i++) {
    runtime.Bun?.gc(true);
    runtime.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

function memory(size: number): void {
  const before = collect();
  const cache = seeded(size);
  const kept = collect() - before;
  sink += cache.size;
  const perEntry = `${Math.round(kept / size)} B`;
  console.log(
    `${`memory, ${size}`.padEnd(22)} ${'per seeded entry'.padEnd(38)} ${perEntry.padStart(10)}`,
  );
}

const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' });
try {
  const { pid } = child;
  if (pid === undefined) throw new Error('could not start a process to look at');
  await new Promise((resolve) => child.once('spawn', resolve));
  for (const size of SIZES) lookups(size);
  for (const size of SIZES) validated(size, pid);
  fullLoad(pid);
  for (const size of SIZES.slice(1)) memory(size);
} finally {
  child.kill();
}
if (sink === 0) throw new Error('nothing was measured');
