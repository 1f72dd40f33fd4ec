// What waiting and starting cost: `--help`, the time from start until `trace` is ready and `record` samples, the
// CPU that a trace has used by then, and the CPU of an idle `trace`.
//
//   bun bench/start-and-idle.ts [SECONDS]

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cpuSeconds } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds, type Rounds } from '../../../bench/samples.ts';

const idleSeconds = Number(process.argv[2] ?? 20);
const root = resolve(import.meta.dir, '../../..');
const waggle = join(root, 'waggle');
const RUNS = 10;

const NS_PER_MS = 1e6;

function helpMs(): Rounds {
  const runs = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    spawnSync(waggle, ['--help']);
    return performance.now() - start;
  });
  return inRounds(runs);
}

interface Started {
  readonly ms: number;
  /** Of all threads, and of the shell that ./waggle begins as; not of the two programs that it runs. */
  readonly cpuMs: number;
}

/** Until it says so: a recording when every CPU is sampled, a trace when every event is seen. */
async function started(word: string, args: readonly string[]): Promise<Started> {
  const start = performance.now();
  const child = spawn(waggle, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((done) => child.once('exit', done));
  const seen = await new Promise<Started>((done) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes(word))
        done({ ms: performance.now() - start, cpuMs: cpuMs(child.pid ?? 0) });
    });
  });
  child.kill('SIGTERM');
  await ended;
  return seen;
}

/** The first number of /proc/PID/schedstat, of each thread: far finer than the ticks of stat. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return threads.reduce((sum, ns) => sum + ns, 0) / NS_PER_MS;
}

async function starts(word: string, args: readonly string[]): Promise<readonly Started[]> {
  const all: Started[] = [];
  for (let run = 0; run < RUNS; run++) all.push(await started(word, args));
  return all;
}

async function idleCpuPercent(): Promise<number> {
  const child = spawn(waggle, ['trace', '--json'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((done) => child.once('exit', done));
  await new Promise<void>((done) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('ready')) done();
    });
  });
  const cpu = () => cpuSeconds(child.pid ?? 0);
  const before = cpu();
  await new Promise((done) => setTimeout(done, idleSeconds * 1000));
  const used = cpu() - before;
  child.kill('SIGTERM');
  await ended;
  return (used / idleSeconds) * 100;
}

const recordings = await starts('recording', ['record', '-a', '-o', '-']);
const traces = await starts('ready', ['trace', '--json']);
const msOf = (all: readonly Started[]) => inRounds(all.map(({ ms }) => ms));
const cpuOf = (all: readonly Started[]) => inRounds(all.map(({ cpuMs: ms }) => ms));
const rows: BenchRow[] = [
  { what: 'waggle --help', ...helpMs(), unit: 'ms', goal: '≤ 30 ms' },
  {
    what: 'from start of waggle record to sampling',
    ...msOf(recordings),
    unit: 'ms',
    goal: '≤ 150 ms',
  },
  { what: 'CPU of waggle record until it samples', ...cpuOf(recordings), unit: 'ms' },
  {
    what: 'from start of waggle trace to its first event',
    ...msOf(traces),
    unit: 'ms',
    goal: '≤ 150 ms',
  },
  {
    what: 'CPU of waggle trace until it is ready',
    ...cpuOf(traces),
    unit: 'ms',
    goal: '≤ 100 ms',
  },
  {
    what: `CPU of an idle waggle trace over ${idleSeconds} s`,
    value: await idleCpuPercent(),
    unit: '% of one CPU',
    goal: '< 1 %',
  },
];
for (const row of rows) console.log(`${row.what}: ${row.value?.toFixed(1)} ${row.unit}`);
saveRows(import.meta.dir, 'start-and-idle', rows);
