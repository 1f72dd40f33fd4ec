// What a probe of a user function costs who calls it, beside bpftrace: a program calls a function so many times, with
// nobody listening, under `record -e uprobe:` and under bpftrace, in turn. CPU time of the program, by which
// nothing of the listeners' own is counted.
//
//   bun bench/uprobes.ts [ROUNDS] [CALLS]

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds, type Rounds } from '../../../bench/samples.ts';
import { missingRow, peer, withTracefs } from './peers.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const CALLS = Number(process.argv[3] ?? 200_000);
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const program = join(folder, 'called');
spawnSync('cc', ['-O1', join(root, 'tests/workloads/called.c'), '-o', program], {
  stdio: 'inherit',
});

/** Microseconds of CPU for one call, with its loop. */
function call(): number {
  const { resourceUsage } = Bun.spawnSync([program, String(CALLS)], { stdout: 'ignore' });
  return Number(resourceUsage.cpuTime.total) / CALLS;
}

/** The same while a program listens, which says on one of its outputs that it does. */
async function whileListening(command: readonly string[], ready: string): Promise<number> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((done) => child.once('exit', done));
  await new Promise<void>((done) => {
    for (const output of [child.stdout, child.stderr])
      output.on('data', (chunk: Buffer) => chunk.includes(ready) && done());
  });
  await Bun.sleep(500);
  const value = call();
  child.kill('SIGTERM');
  await ended;
  return value;
}

const waggle = (...args: string[]) =>
  whileListening(
    [
      ...[join(root, 'waggle'), 'record', '-a', '-e', `uprobe:${program}:work`, ...args],
      ...['-o', join(folder, 'out.folded')],
    ],
    'recording',
  );
const bpftrace = peer('bpftrace', 'bpftrace', 'apt-get install bpftrace');
const traced = (action: string) =>
  whileListening(
    withTracefs([...[bpftrace.program ?? '', '-e', `uprobe:${program}:work { ${action} }`]]),
    'Attaching',
  );

interface Pair {
  readonly what: string;
  readonly ours: () => Promise<number>;
  readonly theirs: () => Promise<number>;
}

const PAIRS: readonly Pair[] = [
  {
    what: 'a uprobe hit, counted by user stack (waggle: and kernel stack, by tables)',
    ours: () => waggle(),
    theirs: () => traced('@[ustack] = count();'),
  },
  {
    what: 'the same by frame pointers',
    ours: () => waggle('--unwind', 'fp'),
    theirs: () => traced('@[ustack] = count();'),
  },
  {
    what: 'a uprobe hit, counted without a stack (waggle: --max-rate 1)',
    ours: () => waggle('--max-rate', '1'),
    theirs: () => traced('@ = count();'),
  },
];

const rows: BenchRow[] = [];
if (bpftrace.program === undefined) rows.push(missingRow('a uprobe hit', bpftrace));
else
  for (const { what, ours, theirs } of PAIRS) {
    const all = { alone: [] as number[], ours: [] as number[], theirs: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      all.alone.push(call());
      all.ours.push(await ours());
      all.theirs.push(await theirs());
    }
    const alone = inRounds(all.alone).value;
    const more = (values: readonly number[]): Rounds =>
      inRounds(values.map((each) => each - alone));
    const versus = more(all.theirs);
    rows.push({
      ...{ what, ...more(all.ours), unit: 'µs of CPU a hit' },
      versus: { name: 'bpftrace', value: versus.value, spread: versus.spread },
    });
  }
rmSync(folder, { recursive: true });
saveRows(import.meta.dir, 'uprobes', rows);
for (const { what, value, versus, skipped } of rows)
  console.log(
    skipped === undefined
      ? `${what}: ${value?.toFixed(2)} µs, bpftrace ${versus?.value.toFixed(2)} µs`
      : `${what}: ${skipped}`,
  );
