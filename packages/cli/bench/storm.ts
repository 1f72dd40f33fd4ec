// What tracing costs: a storm of the shortest-lived processes with and without a tracer, beside
// execsnoop and exitsnoop of Debian's libbpf-tools where they are installed. Rounds alternate,
// and the medians are compared, because these machines drift.
//
//   bun bench/storm.ts [PROCESSES] [ROUNDS]

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';

const processes = Number(process.argv[2] ?? 15_000);
const rounds = Number(process.argv[3] ?? 5);
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const CLOCK_TICKS_PER_SECOND = 100;
const START_MS = 1500;
const SETTLE_MS = 300;

interface Tracer {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Records it makes of one process: execsnoop reports half of what we do. */
  readonly records: number;
}

interface Sample {
  readonly seconds: number;
  /** µs of the tracer's own CPU per process of the storm. */
  readonly cpu: number;
  readonly memory: number;
}

const storm = compile('storm.c', ['-O2']);
const tiny = compile('exit_with.c', ['-O2', '-static']);
const waggle: Tracer = {
  name: 'waggle trace --json',
  argv: [join(root, 'waggle'), 'trace', '--json'],
  records: 2,
};
const rivals: Tracer[] = [
  { name: 'execsnoop', argv: ['/usr/sbin/execsnoop'], records: 1 },
  { name: 'exitsnoop', argv: ['/usr/sbin/exitsnoop'], records: 1 },
];

function compile(source: string, flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const result = spawnSync('cc', [...flags, '-o', output, join(root, 'tests/workloads', source)], {
    stdio: 'inherit',
  });
  if (result.status !== 0) throw new Error(`${source} does not compile`);
  return output;
}

function runStorm(): number {
  const start = performance.now();
  const { status } = spawnSync(storm, [String(processes), '0', tiny], { stdio: 'ignore' });
  if (status !== 0) throw new Error(`the storm ended with ${status}`);
  return (performance.now() - start) / 1000;
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

function peakMegabytes(pid: number): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(peak?.[1] ?? 0) / 1024;
}

const sleep = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

async function traced(tracer: Tracer): Promise<Sample | undefined> {
  const [file, ...args] = tracer.argv;
  const output = openSync(join(folder, 'output'), 'w');
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', output, 'ignore'] });
  const ended = new Promise((done) => child.once('exit', done));
  await sleep(START_MS);
  const pid = child.pid;
  if (pid === undefined || child.exitCode !== null) return undefined;
  const before = cpuSeconds(pid);
  const seconds = runStorm();
  await sleep(SETTLE_MS);
  const cpu = ((cpuSeconds(pid) - before) * 1e6) / processes;
  const memory = peakMegabytes(pid);
  child.kill('SIGINT');
  await ended;
  return { seconds, cpu, memory };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const tracers = [waggle, ...rivals.filter(({ argv }) => existsSync(argv[0]))];
const bare: number[] = [];
const samples = new Map<string, Sample[]>();
for (let round = 0; round < rounds; round++) {
  bare.push(runStorm());
  for (const tracer of tracers) {
    const sample = await traced(tracer);
    if (sample === undefined) continue;
    samples.set(tracer.name, [...(samples.get(tracer.name) ?? []), sample]);
    console.log(
      `${tracer.name}: ${sample.seconds.toFixed(2)} s, ${sample.cpu.toFixed(1)} µs/process`,
    );
  }
}

const base = median(bare);
const rows: BenchRow[] = [];
for (const { name } of [waggle, ...rivals]) {
  const seen = samples.get(name);
  if (seen === undefined) {
    rows.push({
      what: `storm under ${name}`,
      skipped: existsSync(`/usr/sbin/${name}`)
        ? 'it did not start (it needs tracefs mounted)'
        : 'not installed (libbpf-tools)',
    });
    continue;
  }
  rows.push({
    what: `storm of ${processes} processes under ${name}`,
    value: median(seen.map(({ seconds }) => seconds)),
    unit: 's',
    versus: { name: 'no tracer', value: base },
  });
}
const ours = samples.get(waggle.name) ?? [];
const ourCpu = median(ours.map(({ cpu }) => cpu));
for (const { name } of rivals) {
  const theirs = samples.get(name);
  if (theirs === undefined) continue;
  rows.push({
    what: `CPU of the tracer per process (exec + exit), beside ${name} (half the records)`,
    value: ourCpu,
    unit: 'µs',
    versus: { name, value: median(theirs.map(({ cpu }) => cpu)) },
    goal: '≤ 1×',
  });
}
rows.push({
  what: 'peak memory of waggle trace',
  value: median(ours.map(({ memory }) => memory)),
  unit: 'MB',
});
saveRows(import.meta.dir, 'storm', rows);
rmSync(folder, { recursive: true });
