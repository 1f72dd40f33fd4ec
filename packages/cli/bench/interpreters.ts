// What it costs to see functions of Python and JavaScript programs: time in BPF of a sample by the depth of its stack, CPU
// time of the tool while it records, and how much longer a program takes that is recorded, beside py-spy and perf with the
// maps that interpreters write for it; and what it costs a host that runs no interpreter. Programs do work of fixed size;
// CPU time of it counts, and not the clock's.
//
//   bun bench/interpreters.ts [ROUNDS] [PART]   depth, tools or none; all of them without
//   PYTHON=..., NODE=..., PY_SPY=... for other programs

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds } from '../../../bench/samples.ts';
import { type RecordedWork, recordedWork } from './interpreters/recorded-work.ts';
import { type Runtime, runtimes } from './interpreters/runtimes.ts';
import { missingRow } from './peers.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const PART = process.argv[3];
const DEPTHS = [1, 8, 32, 100];
const DEPTH = 8;
const RATES = [99, 999];
const FASTEST = 999;
/** Of busy.c: some 2 ms each. */
const UNITS = '1200';
const STATS = '/proc/sys/kernel/bpf_stats_enabled';

const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

function added<T>(lists: Map<string, T[]>, name: string, value: T): void {
  lists.set(name, [...(lists.get(name) ?? []), value]);
}

/** Time in BPF of a sample, by depth, with and without interpreters. */
async function byDepth({ name, program, tools }: Runtime): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const depth of DEPTHS) {
    const microseconds: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++)
      for (const [at, into] of microseconds.entries()) {
        const { bpf } = await recordedWork(program(depth), folder, (pid) => [
          ...(tools[at]?.command(pid, FASTEST) ?? []),
        ]);
        if (bpf !== undefined) into.push(bpf / FASTEST / 1000);
      }
    const [walked, without] = microseconds.map(inRounds);
    if (walked === undefined || without === undefined) continue;
    rows.push({
      what: `BPF of a sample, ${depth} functions of ${name}`,
      ...{ ...walked, unit: 'µs', versus: { name: 'waggle --no-interpreters', ...without } },
    });
    console.log(
      `${rows.at(-1)?.what}: ${walked.value.toFixed(1)} µs, without ${without.value.toFixed(1)} µs`,
    );
  }
  return rows;
}

/** CPU of each tool, and what the program takes beneath it. */
async function byTool({ name, program, tools }: Runtime, hertz: number): Promise<BenchRow[]> {
  const alone = new Map<string, number[]>();
  const under = new Map<string, RecordedWork[]>();
  const optionsOf = (options: readonly string[] | undefined) => (options ?? []).join(' ');
  for (let round = 0; round < ROUNDS; round++) {
    for (const options of new Set(tools.map((tool) => optionsOf(tool.options)))) {
      const tool = tools.find((each) => optionsOf(each.options) === options);
      added(alone, options, (await recordedWork(program(DEPTH, tool?.options), folder)).work);
    }
    for (const tool of tools) {
      const command = (pid: number) => tool.command(pid, hertz);
      added(under, tool.name, await recordedWork(program(DEPTH, tool.options), folder, command));
    }
  }
  return tools.flatMap((tool) => {
    const measured = under.get(tool.name) ?? [];
    const cpu = inRounds(measured.map((each) => each.tool));
    const work = inRounds(measured.map((each) => each.work));
    const without = inRounds(alone.get(optionsOf(tool.options)) ?? []);
    console.log(
      `${name}, ${tool.name} at ${hertz} Hz: ${cpu.value.toFixed(1)} % of a CPU; the program ${(work.value / without.value).toFixed(3)}×`,
    );
    return [
      { what: `CPU of ${tool.name} at ${hertz} Hz, of ${name}`, ...cpu, unit: '% of a CPU' },
      {
        what: `CPU of ${name} under ${tool.name} at ${hertz} Hz`,
        ...{ ...work, unit: 's', versus: { name: 'alone', ...without } },
      },
    ];
  });
}

/** The same of a host that runs no interpreter: busy.c beside `record -a`, and alone recorded. */
async function withoutAny(): Promise<BenchRow[]> {
  const busy = join(folder, 'busy');
  const source = join(import.meta.dir, 'busy.c');
  if (!Bun.spawnSync(['cc', '-O1', '-g', '-o', busy, source]).success)
    throw new Error(`${source} does not compile`);
  // It begins with a line, and prints its seconds, as the programs of interpreters do.
  const timed = [
    ...['bash', '-c', 'read -r _; TIMEFORMAT=%U; time "$0" "$1"', busy, UNITS],
  ] as const;
  const program = ['bash', '-c', '"$@" 2>&1', 'bash', ...timed];
  const record = (...more: string[]) => [
    ...[join(root, 'waggle'), 'record', '-F', `${FASTEST}`],
    ...['-o', join(folder, 'out.folded'), ...more],
  ];
  const none = '--no-interpreters';
  const commands: Readonly<Record<string, ((pid: number) => readonly string[]) | undefined>> = {
    alone: undefined,
    'waggle record -a': () => record('-a'),
    [`waggle record -a ${none}`]: () => record('-a', none),
    // Whatever else the host does is not in these.
    'waggle record -p': (pid) => record('-p', `${pid}`),
    [`waggle record -p ${none}`]: (pid) => record('-p', `${pid}`, none),
  };
  const measured = new Map<string, RecordedWork[]>();
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, command] of Object.entries(commands))
      added(measured, name, await recordedWork(program, folder, command));
  const alone = inRounds((measured.get('alone') ?? []).map(({ work }) => work));
  return Object.keys(commands)
    .slice(1)
    .flatMap((name) => {
      const each = measured.get(name) ?? [];
      const work = inRounds(each.map((one) => one.work));
      const bpf = inRounds(each.flatMap((one) => (one.bpf === undefined ? [] : [one.bpf / 1e6])));
      const tool = inRounds(each.map((one) => one.tool));
      console.log(
        `no interpreter, ${name}: ${tool.value.toFixed(1)} % of a CPU, ${bpf.value.toFixed(2)} ms of BPF in a second; the program ${(work.value / alone.value).toFixed(3)}×`,
      );
      return [
        {
          what: `CPU of C under ${name} at ${FASTEST} Hz, no interpreter on the host`,
          ...{ ...work, unit: 's', versus: { name: 'alone', ...alone } },
        },
        { what: `BPF of ${name} beside it, for a second of it`, ...bpf, unit: 'ms' },
      ];
    });
}

const PARTS = ['depth', 'tools', 'none'];
if (PART !== undefined && !PARTS.includes(PART)) throw new Error(`${PART}: no part; ${PARTS}`);
const isWanted = (part: string) => PART === undefined || PART === part;
const known = runtimes(folder);
const rows: BenchRow[] = [];
const statsBefore = readFileSync(STATS, 'latin1');
try {
  if (isWanted('tools'))
    for (const runtime of known)
      for (const hertz of RATES) rows.push(...(await byTool(runtime, hertz)));
  writeFileSync(STATS, '1');
  if (isWanted('depth')) for (const runtime of known) rows.push(...(await byDepth(runtime)));
  if (isWanted('none')) rows.push(...(await withoutAny()));
} finally {
  writeFileSync(STATS, statsBefore);
  rmSync(folder, { recursive: true });
}
for (const { name, missing } of known)
  for (const each of missing) rows.push(missingRow(`${name}, recorded`, each));
saveRows(import.meta.dir, PART === undefined ? 'interpreters' : `interpreters-${PART}`, rows);
