// What a recording of the whole host costs while two processes keep it busy, beside other profilers:
// CPU of the profiler, how much longer the busy processes take, memory, and the time from the end of
// sampling to the finished file. Every tool in turn, several rounds, medians.
//
//   bun bench/profilers.ts [ROUNDS] [SECONDS] [MODE...]     modes are fp-99, fp-999, dwarf-99, dwarf-999
//
// Compared with what is installed of `perf` (record and script) and `probee` (cargo install
// profile-bee --locked; PROBEE names another place).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds, median } from '../../../bench/samples.ts';
import { missingRow, type Peer, peer, withTracefs } from './peers.ts';

const rounds = Number(process.argv[2] ?? 5);
const SECONDS = Number(process.argv[3] ?? 3);
const FREQUENCIES = [99, 999] as const;
const modes = process.argv.slice(4);
const BEE = peer('profile-bee', 'probee', 'cargo install profile-bee --locked', 'PROBEE');
const PERF = peer('perf', 'perf', 'apt-get install linux-perf');
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const busyProgram = join(folder, 'busy');

const OWN = 'waggle';

interface Usage {
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly seconds: number;
}

interface Tool {
  readonly name: string;
  /** Run one after the other; the first one samples. */
  commands(frequencyHz: number): readonly (readonly string[])[];
}

interface Measured extends Usage {
  readonly busySeconds: number;
}

function toolsOf(unwind: 'fp' | 'dwarf'): readonly Tool[] {
  const folded = join(folder, 'out.folded');
  const data = join(folder, 'perf.data');
  const tools: Tool[] = [
    {
      name: OWN,
      commands: (hz) => [
        [
          ...[join(root, 'waggle'), 'record', '-a', '-d', String(SECONDS), '-F', String(hz)],
          ...['--unwind', unwind, '-o', folded],
        ],
      ],
    },
  ];
  if (BEE.program !== undefined) {
    const probee = BEE.program;
    tools.push({
      name: BEE.name,
      commands: (hz) => [
        withTracefs([
          ...[probee, '--time', String(SECONDS * 1000), '-f', String(hz), '--skip-idle'],
          ...[`--dwarf=${unwind === 'dwarf'}`, '-o', folded],
        ]),
      ],
    });
  }
  if (PERF.program !== undefined) {
    const perf = PERF.program;
    tools.push({
      name: PERF.name,
      commands: (hz) => [
        [
          ...[perf, 'record', '-a', '-F', String(hz), '--call-graph', unwind, '-o', data],
          ...['--', 'sleep', String(SECONDS)],
        ],
        [perf, 'script', '-i', data],
      ],
    });
  }
  return tools;
}

async function run(command: readonly string[]): Promise<Usage> {
  const started = performance.now();
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  const code = await child.exited;
  const seconds = (performance.now() - started) / 1000;
  const usage = child.resourceUsage();
  if (code !== 0 || usage === undefined) throw new Error(`${command.join(' ')}: exit code ${code}`);
  return {
    seconds,
    cpuSeconds: Number(usage.cpuTime.total) / 1e6,
    megabytes: usage.maxRSS / 1024 / 1024,
  };
}

async function runAll(commands: readonly (readonly string[])[]): Promise<Usage> {
  let total: Usage = { cpuSeconds: 0, megabytes: 0, seconds: 0 };
  for (const command of commands) {
    const usage = await run(command);
    total = {
      cpuSeconds: total.cpuSeconds + usage.cpuSeconds,
      seconds: total.seconds + usage.seconds,
      megabytes: Math.max(total.megabytes, usage.megabytes),
    };
  }
  return total;
}

/** Seconds that two processes take for a fixed amount of work, longer than a recording. */
async function busy(units: number): Promise<number> {
  const started = performance.now();
  await Promise.all([run([busyProgram, String(units)]), run([busyProgram, String(units)])]);
  return (performance.now() - started) / 1000;
}

async function measure(commands: readonly (readonly string[])[], units: number): Promise<Measured> {
  const [busySeconds, usage] = await Promise.all([busy(units), runAll(commands)]);
  return { ...usage, busySeconds };
}

async function compare(unwind: 'fp' | 'dwarf', hz: number, units: number): Promise<BenchRow[]> {
  const tools = toolsOf(unwind);
  const what = `record -a --unwind ${unwind}, ${SECONDS} s at ${hz} Hz`;
  const alone: number[] = [];
  const runs = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round++) {
    alone.push(await busy(units));
    for (const { name, commands } of tools) {
      const measured = await measure(commands(hz), units).catch((error: Error) => error);
      if (measured instanceof Error) {
        console.log(`${what}: ${measured.message}`);
        continue;
      }
      runs.set(name, [...(runs.get(name) ?? []), measured]);
    }
  }
  const of = (name: string, value: (measured: Measured) => number) =>
    inRounds((runs.get(name) ?? []).map(value));
  const row = (
    measure: string,
    value: (measured: Measured) => number,
    { name }: Peer,
    more: Partial<BenchRow>,
  ): BenchRow => {
    const versus = { name, ...of(name, value) };
    return { what: `${what}: ${measure}`, ...of(OWN, value), versus, ...more };
  };
  const rows: BenchRow[] = [];
  for (const known of [BEE, PERF]) {
    if (known.program === undefined) rows.push(missingRow(what, known));
    else if (!runs.has(known.name) || !runs.has(OWN))
      rows.push({ what: `${what}: beside ${known.name}`, skipped: 'it failed' });
    else
      rows.push(
        row('CPU', ({ cpuSeconds }) => cpuSeconds, known, { unit: 's', maxRatio: 1 }),
        row('peak memory', ({ megabytes }) => megabytes, known, {
          unit: 'MB',
          ...(known === BEE ? { maxRatio: 1 } : {}),
        }),
        row(
          'how much longer the busy processes take',
          (it) => it.busySeconds / median(alone),
          known,
          {
            unit: '×',
          },
        ),
        row('from the end of sampling to the file', ({ seconds }) => seconds - SECONDS, known, {
          unit: 's',
        }),
      );
  }
  for (const { what: measured, value, unit, versus } of rows)
    if (value !== undefined && versus !== undefined)
      console.log(
        `${measured}: ${value.toFixed(3)} ${unit}, ${versus.name} ${versus.value.toFixed(3)} ${unit}`,
      );
  return rows;
}

const source = join(root, 'packages/cli/bench/busy.c');
const built = Bun.spawnSync([
  ...['cc', '-O2', '-fno-omit-frame-pointer', '-o', busyProgram, source],
]);
if (!built.success) throw new Error(built.stderr.toString());
// Enough units to outlast the recording and the start of the slowest tool.
const trial = 200;
const units = Math.round(((SECONDS + 1.5) / (await busy(trial))) * trial);
const rows: BenchRow[] = [];
for (const unwind of ['fp', 'dwarf'] as const)
  for (const hz of FREQUENCIES)
    if (modes.length === 0 || modes.includes(`${unwind}-${hz}`))
      rows.push(...(await compare(unwind, hz, units)));
saveRows(import.meta.dir, 'profilers', rows);
rmSync(folder, { recursive: true });
