// What tracing costs those who are traced: work that switches (`perf bench sched pipe`), that talks in groups of
// processes (`perf bench sched messaging`, which is hackbench), and that forks and execs (a storm), alone and under
// each tracer in turn. CPU time of the work and not the clock's, since nothing keeps the machine quiet.
//
//   bun bench/slow-down.ts [ROUNDS]

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds } from '../../../bench/samples.ts';
import { missingRow, type Peer, peer, withTracefs } from './peers.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const START_MS = 1500;
const STORM = 3000;
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

interface Work {
  readonly name: string;
  readonly command: readonly string[];
}

interface Tracer {
  readonly name: string;
  readonly command: readonly string[];
}

const EVENTS =
  'tracepoint:sched:sched_process_exec { printf("exec %d %s %s\\n", pid, comm, str(args->filename)); } ' +
  'tracepoint:sched:sched_process_exit { printf("exit %d %s\\n", pid, comm); }';
const LIBBPF_TOOLS = 'apt-get install libbpf-tools';
const peers: readonly (readonly [Peer, readonly string[]])[] = [
  [peer('execsnoop', 'execsnoop', LIBBPF_TOOLS), []],
  [peer('exitsnoop', 'exitsnoop', LIBBPF_TOOLS), []],
  [peer('bpftrace', 'bpftrace', 'apt-get install bpftrace'), ['-e', EVENTS]],
];

function compile(source: string, flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const result = spawnSync('cc', [...flags, '-o', output, join(root, 'tests/workloads', source)], {
    stdio: 'inherit',
  });
  if (result.status !== 0) throw new Error(`${source} does not compile`);
  return output;
}

/** Seconds of CPU, of its children too. On one CPU, so that a tracer on the other is not in its way. */
function cpuOf({ command }: Work): number {
  const { resourceUsage, exitCode } = Bun.spawnSync(['taskset', '-c', '0', ...command], {
    stdout: 'ignore',
    stderr: 'ignore',
  });
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: exit code ${exitCode}`);
  return Number(resourceUsage.cpuTime.total) / 1e6;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await new Promise((done) => child.once('exit', done));
}

/** undefined where the tracer ended by itself. */
async function cpuUnder({ command: [program = '', ...args] }: Tracer, work: Work) {
  const child = spawn(program, args, { stdio: 'ignore' });
  await Bun.sleep(START_MS);
  if (child.exitCode !== null) return undefined;
  const seconds = cpuOf(work);
  child.kill('SIGTERM');
  await ended(child);
  return seconds;
}

const storm = compile('storm.c', ['-O2']);
const tiny = compile('exit_with.c', ['-O2', '-static']);
const perf = peer('perf', 'perf', 'apt-get install linux-perf');
const works: Work[] = [
  { name: `a storm of ${STORM} processes`, command: [storm, String(STORM), '0', tiny] },
];
if (perf.program !== undefined)
  works.push(
    {
      name: 'perf bench sched pipe',
      command: [perf.program, 'bench', 'sched', 'pipe', '-l', '50000'],
    },
    {
      name: 'perf bench sched messaging (hackbench)',
      command: [perf.program, 'bench', 'sched', 'messaging', '-g', '5', '-l', '100'],
    },
  );
const tracers: Tracer[] = [
  { name: 'waggle', command: [join(root, 'waggle'), 'trace', '--json'] },
  {
    name: 'waggle without --json',
    command: [join(root, 'waggle'), 'trace'],
  },
];
for (const [{ name, program }, args] of peers)
  if (program !== undefined) tracers.push({ name, command: withTracefs([program, ...args]) });

const rows: BenchRow[] = [];
for (const work of works) {
  const alone: number[] = [];
  const under = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(cpuOf(work));
    for (const tracer of tracers) {
      const seconds = await cpuUnder(tracer, work);
      if (seconds !== undefined)
        under.set(tracer.name, [...(under.get(tracer.name) ?? []), seconds]);
    }
  }
  const { value, spread } = inRounds(alone);
  for (const [name, seconds] of under) {
    const row: BenchRow = {
      what: `CPU of ${work.name} under ${name}`,
      ...inRounds(seconds),
      unit: 's',
      versus: { name: 'without', value, spread },
    };
    rows.push(row);
    console.log(
      `${row.what}: ${row.value?.toFixed(3)} s, without ${value.toFixed(3)} s, ${((row.value ?? 0) / value).toFixed(3)}×`,
    );
  }
}
if (perf.program === undefined) rows.push(missingRow('work that switches, traced', perf));
for (const [known] of peers)
  if (known.program === undefined) rows.push(missingRow('work that is traced', known));
saveRows(import.meta.dir, 'slow-down', rows);
rmSync(folder, { recursive: true });
