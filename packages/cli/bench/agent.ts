// What `waggle agent` costs: on a quiet host of 200 processes with 10 executions a second and 10 % of a CPU busy, and
// in storms one after the other. CPU is that of the agent's process between two moments, user and system.
//
//   bun bench/agent.ts [PROCESSES] [STORMS] [QUIET_SECONDS] [-- OPTIONS OF waggle agent]

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuSeconds, peakMegabytes, residentMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds } from '../../../bench/samples.ts';

const split = process.argv.indexOf('--');
const numbers = process.argv.slice(2, split < 0 ? undefined : split).map(Number);
const [processes = 10_000, storms = 3, quietSeconds = 60] = numbers;
const options = split < 0 ? [] : process.argv.slice(split + 1);
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const SLEEPERS = 200;
const EXECS_PER_SECOND = 10;
const SETTLE_MS = 3000;

function compile(source: string, flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const { status } = spawnSync('cc', [
    ...flags,
    '-o',
    output,
    join(root, 'tests/workloads', source),
  ]);
  if (status !== 0) throw new Error(`${source} does not compile: cc is needed`);
  return output;
}

const storm = compile('storm.c', ['-O2']);
const tiny = compile('exit_with.c', ['-O2', '-static']);

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await new Promise((done) => child.once('exit', done));
}

async function runStorm(count: number, ...how: string[]): Promise<void> {
  await ended(spawn(storm, [String(count), '0', tiny, ...how], { stdio: 'ignore' }));
}

const agent = spawn(join(root, 'waggle'), ['agent', '--store', join(folder, 'store'), ...options], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
const pid = agent.pid ?? 0;
let said = '';
const sleepers: ChildProcess[] = [];
try {
  agent.stderr?.on('data', (text) => {
    said += text;
  });
  while (!said.includes('ready')) {
    if (agent.exitCode !== null) throw new Error(`the agent does not start: ${said}`);
    await Bun.sleep(100);
  }
  for (let at = 0; at < SLEEPERS; at++) sleepers.push(spawn('sleep', ['1d'], { stdio: 'ignore' }));
  await Bun.sleep(SETTLE_MS);
  const rows: BenchRow[] = [];
  if (quietSeconds > 0) {
    const busy = spawn('sh', [
      '-c',
      'while :; do timeout 0.05 sh -c "while :; do :; done"; sleep 0.45; done',
    ]);
    const before = cpuSeconds(pid);
    await runStorm(quietSeconds * EXECS_PER_SECOND, `rate=${EXECS_PER_SECOND}`);
    const share = (100 * (cpuSeconds(pid) - before)) / quietSeconds;
    busy.kill();
    rows.push({
      what: 'agent: of a CPU, with 200 processes, 10 execs/s, 10 % busy',
      ...{ unit: '%', value: share, goal: '≤ 1.5 %' },
    } as BenchRow);
    console.log(`quiet: ${share.toFixed(2)} % of a CPU, ${residentMegabytes(pid).toFixed(0)} MB`);
  }
  const each: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < storms; round++) {
    const before = cpuSeconds(pid);
    await runStorm(processes);
    await Bun.sleep(SETTLE_MS);
    each.push(((cpuSeconds(pid) - before) * 1e6) / processes);
    memory.push(residentMegabytes(pid));
    console.log(
      `storm ${round + 1}: ${each.at(-1)?.toFixed(0)} µs a process, ${memory.at(-1)?.toFixed(0)} MB, at most ${peakMegabytes(pid).toFixed(0)} MB`,
    );
  }
  rows.push(
    { what: `agent: a process of a storm of ${processes}`, unit: 'µs', ...inRounds(each) },
    { what: 'agent: memory after a storm', unit: 'MB', ...inRounds(memory), goal: '≤ 130 MB' },
  );
  saveRows(import.meta.dir, 'agent', rows);
} finally {
  for (const sleeper of sleepers) sleeper.kill();
  agent.kill('SIGTERM');
  await ended(agent);
  console.log(said.trim());
  rmSync(folder, { recursive: true, force: true });
}
