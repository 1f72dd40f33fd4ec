// What it costs to see functions of Python programs: time in BPF of a sample by the depth of its stack, CPU time of the
// tool while it records, and how much longer a program takes that is recorded, beside py-spy and perf with the map of
// -X perf. The program does work of fixed size; CPU time of it counts, and not the clock's.
//
//   bun bench/interpreters.ts [ROUNDS]      PYTHON=..., PY_SPY=... for other programs

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { inRounds } from '../../../bench/samples.ts';
import { missingRow, peer } from './peers.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const WORK = '40000000';
const DEPTHS = [1, 8, 32, 100];
const RATES = [99, 999];
/** For each tool to attach itself. */
const START_MS = 3000;
const TICKS_A_SECOND = 100;
const STATS = '/proc/sys/kernel/bpf_stats_enabled';
const PERF_EVENT_PROGRAM = 7;

const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const python = process.env.PYTHON ?? 'python3';
const pySpy = peer('py-spy', 'py-spy', 'pip install py-spy', 'PY_SPY');
const perf = peer('perf', 'perf', 'apt-get install linux-perf');

interface Tool {
  readonly name: string;
  readonly command: (pid: number, hertz: number) => readonly string[];
  /** Of the interpreter. */
  readonly options?: readonly string[];
}

const waggle = (name: string, ...more: string[]): Tool => ({
  name,
  command: (pid, hertz) => [
    ...[join(root, 'waggle'), 'record', '-F', `${hertz}`, '-p', `${pid}`],
    ...['-o', join(folder, 'out.folded'), ...more],
  ],
});
const tools: Tool[] = [waggle('waggle'), waggle('waggle --no-interpreters', '--no-interpreters')];
const { program: spy } = pySpy;
if (spy !== undefined)
  tools.push({
    name: 'py-spy',
    command: (pid, hertz) => [
      ...[spy, 'record', '-r', `${hertz}`, '-d', '600', '-f', 'raw', '-p', `${pid}`],
      ...['-o', join(folder, 'out.raw')],
    ],
  });
const { program: perfProgram } = perf;
if (perfProgram !== undefined)
  tools.push({
    name: 'perf record with -X perf',
    options: ['-X', 'perf'],
    command: (pid, hertz) => [
      ...[perfProgram, 'record', '-F', `${hertz}`, '-g', '-p', `${pid}`],
      ...['-o', join(folder, 'perf.data')],
    ],
  });

interface Measured {
  /** Seconds of CPU that the work took. */
  readonly work: number;
  /** Percent of a CPU that the tool took meanwhile. */
  readonly tool: number;
  /** Nanoseconds in BPF for each second of the work's CPU; undefined for what has none. */
  readonly bpf: number | undefined;
}

/** A process and what it has started: seconds of CPU. */
function cpuOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const own = (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return children
      .split(' ')
      .filter((child) => child !== '')
      .reduce((sum, child) => sum + cpuOf(Number(child)), own);
  } catch {
    return 0;
  }
}

/** What its samplers have taken until now. */
function bpfOf(pid: number): number {
  let time = 0;
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1');
    if (!new RegExp(`^prog_type:\\t${PERF_EVENT_PROGRAM}$`, 'm').test(info)) continue;
    time = Math.max(time, Number(/^run_time_ns:\t(\d+)$/m.exec(info)?.[1] ?? 0));
  }
  return time;
}

async function measure(tool: Tool | undefined, depth: number, hertz: number): Promise<Measured> {
  const program = Bun.spawn(
    [python, ...(tool?.options ?? []), join(root, 'tests/workloads/py_depth.py'), `${depth}`, WORK],
    {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'ignore',
    },
  );
  const recorder =
    tool &&
    Bun.spawn([...tool.command(program.pid, hertz)], { stdout: 'ignore', stderr: 'ignore' });
  if (recorder !== undefined) await Bun.sleep(START_MS);
  const before = recorder && {
    cpu: cpuOf(recorder.pid),
    bpf: bpfOf(recorder.pid),
    at: performance.now(),
  };
  program.stdin.write('go\n');
  program.stdin.end();
  const work = Number(await new Response(program.stdout).text());
  const seconds = before && (performance.now() - before.at) / 1000;
  const after = recorder && { cpu: cpuOf(recorder.pid), bpf: bpfOf(recorder.pid) };
  recorder?.kill('SIGINT');
  await recorder?.exited;
  if (before === undefined || after === undefined || seconds === undefined)
    return { work, tool: 0, bpf: undefined };
  const bpf = after.bpf - before.bpf;
  return {
    work,
    tool: (100 * (after.cpu - before.cpu)) / seconds,
    bpf: bpf > 0 ? bpf / work : undefined,
  };
}

const rows: BenchRow[] = [];
const statsBefore = readFileSync(STATS, 'latin1');
writeFileSync(STATS, '1');
try {
  for (const depth of DEPTHS) {
    const hertz = RATES.at(-1) ?? 999;
    const rounds: number[] = [];
    const without: number[] = [];
    for (let round = 0; round < ROUNDS; round++)
      for (const [tool, into] of [
        [tools[0], rounds],
        [tools[1], without],
      ] as const) {
        const { bpf } = await measure(tool, depth, hertz);
        if (bpf !== undefined) into.push(bpf / hertz / 1000);
      }
    const row: BenchRow = {
      what: `BPF of a sample, ${depth} interpreted frames`,
      ...inRounds(rounds),
      unit: 'µs',
      versus: { name: 'waggle --no-interpreters', ...inRounds(without) },
    };
    rows.push(row);
    console.log(
      `${row.what}: ${row.value?.toFixed(1)} µs, without ${row.versus?.value.toFixed(1)} µs`,
    );
  }
} finally {
  writeFileSync(STATS, statsBefore);
}
for (const hertz of RATES) {
  const alone = new Map<string, number[]>();
  const under = new Map<string, Measured[]>();
  for (let round = 0; round < ROUNDS; round++)
    for (const tool of tools) {
      const { options } = tool;
      const plain = await measure(options && { ...tool, command: () => ['sleep', '60'] }, 8, hertz);
      alone.set(tool.name, [...(alone.get(tool.name) ?? []), plain.work]);
      under.set(tool.name, [...(under.get(tool.name) ?? []), await measure(tool, 8, hertz)]);
    }
  for (const [name, measured] of under) {
    const cpu = inRounds(measured.map(({ tool }) => tool));
    const { value, spread } = inRounds(measured.map(({ work }) => work));
    const before = inRounds(alone.get(name) ?? []);
    rows.push(
      { what: `CPU of ${name} at ${hertz} Hz`, ...cpu, unit: '% of a CPU' },
      {
        what: `CPU of Python under ${name} at ${hertz} Hz`,
        value,
        spread,
        unit: 's',
        versus: { name: 'alone', ...before },
      },
    );
    console.log(
      `${name} at ${hertz} Hz: ${cpu.value.toFixed(1)} % of a CPU; the program ${(value / before.value).toFixed(3)}×`,
    );
  }
}
for (const known of [pySpy, perf])
  if (known.program === undefined) rows.push(missingRow('Python, recorded', known));
saveRows(import.meta.dir, 'interpreters', rows);
rmSync(folder, { recursive: true });
