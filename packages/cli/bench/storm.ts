// What tracing costs: a storm of the shortest-lived processes with and without a tracer, beside what is
// installed of execsnoop and exitsnoop (libbpf-tools), bpftrace and tracexec. CPU is that of the tracer and
// its children, user and system, from its start to its end. Rounds alternate, and medians are compared.
//
//   bun bench/storm.ts [PROCESSES] [ROUNDS]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds, median } from '../../../bench/samples.ts';
import { missingRow, type Peer, peer, withTracefs } from './peers.ts';

const processes = Number(process.argv[2] ?? 15_000);
const rounds = Number(process.argv[3] ?? 5);
/** The slope between two storms of different lengths leaves out what starting costs. */
const LONGER = 4;
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const START_MS = 2500;
const SETTLE_MS = 300;

interface Tracer {
  readonly name: string;
  readonly command: readonly string[];
}

interface Sample {
  readonly stormSeconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly lost: number;
}

const storm = compile('storm.c', ['-O2']);
const tiny = compile('exit_with.c', ['-O2', '-static']);
const waggle: Tracer = {
  name: 'waggle',
  command: [join(root, 'waggle'), 'trace', '--json'],
};
const BOTH_EVENTS =
  'tracepoint:sched:sched_process_exec { printf("exec %d %s %s\\n", pid, comm, str(args->filename)); } ' +
  'tracepoint:sched:sched_process_exit { printf("exit %d %s\\n", pid, comm); }';
const LIBBPF_TOOLS = 'apt-get install libbpf-tools';
const peers: readonly (readonly [Peer, readonly string[]])[] = [
  [peer('execsnoop', 'execsnoop', LIBBPF_TOOLS), []],
  [peer('exitsnoop', 'exitsnoop', LIBBPF_TOOLS), []],
  [peer('bpftrace', 'bpftrace', 'apt-get install bpftrace'), ['-e', BOTH_EVENTS]],
  [peer('tracexec', 'tracexec', 'cargo install tracexec'), ['ebpf', 'log']],
];

function compile(source: string, flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const result = spawnSync('cc', [...flags, '-o', output, join(root, 'tests/workloads', source)], {
    stdio: 'inherit',
  });
  if (result.status !== 0) throw new Error(`${source} does not compile`);
  return output;
}

async function runStorm(count = processes): Promise<number> {
  const start = performance.now();
  const child = Bun.spawn([storm, String(count), '0', tiny], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  if ((await child.exited) !== 0) throw new Error(`the storm ended with ${child.exitCode}`);
  return (performance.now() - start) / 1000;
}

/** undefined where it ended by itself. */
async function traced({ command }: Tracer, count = processes): Promise<Sample | undefined> {
  const said = join(folder, 'stderr');
  const child = Bun.spawn([...command], {
    stdio: ['ignore', Bun.file(join(folder, 'stdout')), Bun.file(said)],
  });
  await Bun.sleep(START_MS);
  if (child.exitCode !== null) return undefined;
  const stormSeconds = await runStorm(count);
  await Bun.sleep(SETTLE_MS);
  child.kill('SIGTERM');
  await child.exited;
  const usage = child.resourceUsage();
  if (usage === undefined) return undefined;
  return {
    stormSeconds,
    cpuSeconds: Number(usage.cpuTime.total) / 1e6,
    megabytes: usage.maxRSS / 1024 / 1024,
    lost: Number(/(\d+) lost/.exec(readFileSync(said, 'utf8'))?.[1] ?? 0),
  };
}

const tracers: Tracer[] = [waggle];
for (const [{ name, program }, args] of peers)
  if (program !== undefined) tracers.push({ name, command: withTracefs([program, ...args]) });

const bare: number[] = [];
const longer: Sample[] = [];
const samples = new Map<string, Sample[]>();
for (let round = 0; round < rounds; round++) {
  bare.push(await runStorm());
  for (const tracer of tracers) {
    const sample = await traced(tracer);
    if (sample === undefined) continue;
    samples.set(tracer.name, [...(samples.get(tracer.name) ?? []), sample]);
    const each = (sample.cpuSeconds * 1e6) / processes;
    console.log(
      `${tracer.name}: ${sample.stormSeconds.toFixed(2)} s, ${each.toFixed(1)} µs/process`,
    );
  }
  const long = await traced(waggle, LONGER * processes);
  if (long !== undefined) longer.push(long);
}

const what = `trace --json, storm of ${processes}`;
const microseconds = (sample: Sample) => (sample.cpuSeconds * 1e6) / processes;
const slowDown = (sample: Sample) => sample.stormSeconds / median(bare);
const of = (name: string, value: (sample: Sample) => number) =>
  inRounds((samples.get(name) ?? []).map(value));
const ours = (value: (sample: Sample) => number) => of(waggle.name, value);

const rows: BenchRow[] = [];
const execs = samples.get('execsnoop') ?? [];
const exits = samples.get('exitsnoop') ?? [];
const together = execs.flatMap((exec, round) => {
  const exit = exits[round];
  return exit === undefined ? [] : [microseconds(exec) + microseconds(exit)];
});
const cpu = { what: `${what}: CPU per process, start included`, unit: 'µs', ...ours(microseconds) };
rows.push(
  together.length > 0
    ? { ...cpu, versus: { name: 'execsnoop and exitsnoop', ...inRounds(together) }, maxRatio: 1 }
    : cpu,
);
for (const [known] of peers) {
  const { name, program } = known;
  if (program === undefined) rows.push(missingRow(what, known));
  else if (!samples.has(name))
    rows.push({ what: `${what}: beside ${name}`, skipped: 'it ended by itself' });
  else {
    // Of what is reported here, execsnoop and exitsnoop report half each.
    rows.push({ ...cpu, versus: { name, ...of(name, microseconds) } });
    rows.push({
      what: `${what}: how much longer it takes`,
      unit: '×',
      ...ours(slowDown),
      versus: { name, ...of(name, slowDown) },
      ...(name === 'execsnoop' ? { maxRatio: 1 } : {}),
    });
  }
}
const slope = longer.flatMap((long, round) => {
  const short = samples.get(waggle.name)?.[round];
  const more = (LONGER - 1) * processes;
  return short === undefined ? [] : [((long.cpuSeconds - short.cpuSeconds) * 1e6) / more];
});
rows.push(
  {
    what: `trace --json, each process more, of ${processes} to ${LONGER * processes}`,
    unit: 'µs',
    ...inRounds(slope),
    goal: '≤ 12 µs',
  },
  {
    what: `${what}: peak memory`,
    unit: 'MB',
    ...ours(({ megabytes }) => megabytes),
    goal: '≤ 100 MB',
  },
  { what: `${what}: events lost`, ...ours(({ lost }) => lost), goal: '0' },
);
saveRows(import.meta.dir, 'storm', rows);
rmSync(folder, { recursive: true });
