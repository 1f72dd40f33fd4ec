// What waiting and starting cost: `--help`, the time from start to the first sample of `record`,
// and the CPU of an idle `trace`.
//
//   bun bench/start-and-idle.ts [SECONDS]

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';

const idleSeconds = Number(process.argv[2] ?? 20);
const root = resolve(import.meta.dir, '../../..');
const waggle = join(root, 'waggle');
const RUNS = 10;
const CLOCK_TICKS_PER_SECOND = 100;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function times(runs: number, run: () => void): number {
  return median(
    Array.from({ length: runs }, () => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }),
  );
}

/** Milliseconds until a recording samples: when it says that it records, every CPU is sampled. */
async function untilRecording(): Promise<number> {
  const start = performance.now();
  const child = spawn(waggle, ['record', '-a', '-d', '0.1', '-o', '-'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((done) => child.once('exit', done));
  const said = await new Promise<number>((done) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('recording')) done(performance.now() - start);
    });
  });
  await ended;
  return said;
}

async function idleCpuPercent(): Promise<number> {
  const child = spawn(waggle, ['trace', '--json'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((done) => child.once('exit', done));
  await new Promise<void>((done) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('ready')) done();
    });
  });
  const cpu = () => {
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  };
  const before = cpu();
  await new Promise((done) => setTimeout(done, idleSeconds * 1000));
  const used = cpu() - before;
  child.kill('SIGINT');
  await ended;
  return (used / idleSeconds) * 100;
}

const recordings: number[] = [];
for (let run = 0; run < RUNS; run++) recordings.push(await untilRecording());
const rows: BenchRow[] = [
  {
    what: 'waggle --help',
    value: times(RUNS, () => spawnSync(waggle, ['--help'])),
    unit: 'ms',
    goal: '≤ 60 ms',
  },
  {
    what: 'from start of waggle record to sampling',
    value: median(recordings),
    unit: 'ms',
    goal: '≤ 300 ms',
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
