// What `record --off-cpu -a` costs a storm of switches: `perf bench sched pipe` on one CPU, with and without
// it in turn, and with a stack for every wait, which is what its bound saves. CPU time and not the clock's, since
// nothing keeps the machine quiet.
//
//   bun bench/off-cpu.ts [ROUNDS]

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds } from '../../../bench/samples.ts';
import { missingRow, peer } from './peers.ts';

const ROUNDS = Number(process.argv[2] ?? 9);
const LOOPS = 50_000;
const WHAT = 'perf bench sched pipe under record --off-cpu -a';
const UNBOUNDED = `${WHAT}, a stack for every wait`;
/** The first seconds of a recording read the unwind tables of all that runs on the host. */
const SETTLE_MS = 3000;
const waggle = join(resolve(import.meta.dir, '../../..'), 'waggle');

/** Microseconds of CPU for a message there and back. */
function pipe(program: string): number {
  const { resourceUsage } = Bun.spawnSync(
    ['taskset', '-c', '0', program, 'bench', 'sched', 'pipe', '-l', String(LOOPS)],
    { stdout: 'ignore', stderr: 'ignore' },
  );
  return Number(resourceUsage.cpuTime.total) / LOOPS;
}

async function underRecording(folder: string, args: readonly string[], work: () => number) {
  const child = spawn(waggle, ['record', '-a', '-o', join(folder, 'out.folded'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((done) => child.once('exit', done));
  await new Promise<void>((done) => {
    child.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('recording')) done();
    });
  });
  await Bun.sleep(SETTLE_MS);
  const value = work();
  child.kill('SIGTERM');
  // Names of a whole host take their time, and are not what is measured.
  child.kill('SIGTERM');
  await ended;
  return value;
}

const perf = peer('perf', 'perf', 'apt-get install linux-perf');
const rows: BenchRow[] = [];
if (perf.program === undefined) rows.push(missingRow(WHAT, perf));
else {
  const { program } = perf;
  const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
  const alone: number[] = [];
  const recorded: number[] = [];
  const unbounded: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(pipe(program));
    recorded.push(await underRecording(folder, ['--off-cpu'], () => pipe(program)));
    const every = ['--off-cpu', '--min-block', '1ns'];
    unbounded.push(await underRecording(folder, every, () => pipe(program)));
  }
  rmSync(folder, { recursive: true });
  const { value: versus, spread: versusSpread } = inRounds(alone);
  const compared = {
    unit: 'µs of CPU',
    versus: { name: 'without', value: versus, spread: versusSpread },
  };
  rows.push({ what: WHAT, ...inRounds(recorded), ...compared, maxRatio: 1.05 });
  rows.push({ what: UNBOUNDED, ...inRounds(unbounded), ...compared });
}
saveRows(import.meta.dir, 'off-cpu', rows);
for (const { what, value, versus, skipped } of rows)
  console.log(
    skipped === undefined
      ? `${what}: ${value?.toFixed(2)} µs, without ${versus?.value.toFixed(2)} µs`
      : `${what}: ${skipped}`,
  );
