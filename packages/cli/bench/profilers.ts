// What a recording of the whole host costs while two processes keep it busy, beside other profilers:
// CPU of the profiler, how much longer the busy processes take, memory, and the time from the end of
// sampling to the finished file. Every tool in turn, several rounds, medians.
//
//   bun bench/profilers.ts [ROUNDS]
//
// Compared with what is installed of `perf` (record and script) and `probee` (cargo install
// profile-bee --locked; PROBEE names another place).

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';

const rounds = Number(process.argv[2] ?? 5);
const SECONDS = 3;
const FREQUENCIES = [99, 999] as const;
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const busyProgram = join(folder, 'busy');

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
      name: 'waggle',
      commands: (hz) => [
        [
          ...[join(root, 'waggle'), 'record', '-a', '-d', String(SECONDS), '-F', String(hz)],
          ...['--unwind', unwind, '-o', folded],
        ],
      ],
    },
  ];
  const probee = process.env.PROBEE ?? Bun.which('probee');
  if (probee && existsSync(probee))
    tools.push({
      name: 'profile-bee',
      commands: (hz) => [
        [
          ...[probee, '--time', String(SECONDS * 1000), '-f', String(hz), '--skip-idle'],
          ...[`--dwarf=${unwind === 'dwarf'}`, '-o', folded],
        ],
      ],
    });
  if (Bun.which('perf'))
    tools.push({
      name: 'perf',
      commands: (hz) => [
        [
          ...['perf', 'record', '-a', '-F', String(hz), '--call-graph', unwind, '-o', data],
          ...['--', 'sleep', String(SECONDS)],
        ],
        ['perf', 'script', '-i', data],
      ],
    });
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function medians(all: readonly Measured[]): Measured {
  return {
    cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds)),
    megabytes: median(all.map(({ megabytes }) => megabytes)),
    seconds: median(all.map(({ seconds }) => seconds)),
    busySeconds: median(all.map(({ busySeconds }) => busySeconds)),
  };
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
        // profile-bee and perf need tracefs for some of it: mount -t tracefs tracefs /sys/kernel/tracing
        console.log(`${what}: ${measured.message}`);
        continue;
      }
      runs.set(name, [...(runs.get(name) ?? []), measured]);
    }
  }
  const results = [...runs].map(([name, measured]) => ({ name, ...medians(measured) }));
  for (const { name, cpuSeconds, megabytes, seconds, busySeconds } of results)
    console.log(
      `${what}: ${name} ${cpuSeconds.toFixed(3)} CPU s, ${megabytes.toFixed(0)} MB, file after ${(seconds - SECONDS).toFixed(2)} s, busy ${(busySeconds / median(alone)).toFixed(3)} times as long`,
    );
  const [own, ...others] = results;
  if (own === undefined) return [];
  const rows: BenchRow[] = others.flatMap((other) => [
    {
      what: `${what}: CPU`,
      value: own.cpuSeconds,
      unit: 's',
      versus: { name: other.name, value: other.cpuSeconds },
      goal: '≤ 1×',
    },
    {
      what: `${what}: peak memory`,
      value: own.megabytes,
      unit: 'MB',
      versus: { name: other.name, value: other.megabytes },
    },
    {
      what: `${what}: slow-down of the busy processes`,
      value: own.busySeconds / median(alone),
      versus: { name: other.name, value: other.busySeconds / median(alone) },
      goal: '≤ 1×',
    },
    {
      what: `${what}: from the end of sampling to the file`,
      value: own.seconds - SECONDS,
      unit: 's',
      versus: { name: other.name, value: other.seconds - SECONDS },
    },
  ]);
  if (others.length > 0) return rows;
  return [{ what, skipped: 'neither perf nor probee is installed' }];
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
  for (const hz of FREQUENCIES) rows.push(...(await compare(unwind, hz, units)));
saveRows(import.meta.dir, 'profilers', rows);
rmSync(folder, { recursive: true });
