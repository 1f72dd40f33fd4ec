/** A program of each interpreted language with two functions of 60 and 40 %, and who else says what ran in it. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Peer, peer } from '../peers.ts';
import { type Stack, stacksOf, stacksOfPerf } from './folded.ts';

const root = resolve(import.meta.dir, '../../../..');
const workload = (name: string) => join(root, 'tests/workloads', name);

/** Who looks at the same process at the same time. */
interface Beside extends Peer {
  /** Ends by itself when so many seconds are over. */
  readonly command: (pid: number, hertz: number, seconds: number) => readonly string[];
  readonly stacks: () => readonly Stack[];
}

export interface Language {
  readonly name: string;
  /** Runs for so many seconds. */
  readonly shares: (seconds: number) => readonly string[];
  /** The function with 60 %, and the one with 40 %. */
  readonly functions: readonly [RegExp, RegExp];
  readonly beside: Beside;
  /** Is over in some 150 ms. */
  readonly brief: readonly string[];
  /** Some of what the brief program calls is there. */
  readonly isNamed: (frames: readonly string[]) => boolean;
  /** Any of its code is without a name. */
  readonly isUnnamed: (frames: readonly string[]) => boolean;
}

const LOOP = '_PyEval_EvalFrameDefault';
const TRAMPOLINE = 'Builtins_InterpreterEntryTrampoline';
const isGenerated = (name: string) => name.startsWith('[jit');

function python(folder: string): Language {
  const program = process.env.PYTHON ?? 'python3';
  const output = join(folder, 'py-spy.raw');
  const pySpy = peer('py-spy', 'py-spy', 'pip install py-spy', 'PY_SPY');
  const script = join(folder, 'brief.py');
  return {
    name: 'Python',
    shares: (seconds) => [program, workload('py_shares.py'), `${seconds}`],
    functions: [/^heavy$/, /^(?:Light\.)?run$/],
    beside: {
      ...pySpy,
      command: (pid, hertz, seconds) => [
        ...[pySpy.program ?? '', 'record', '-r', `${hertz}`, '-d', `${seconds}`, '-f', 'raw'],
        ...['-o', output, '-p', `${pid}`],
      ],
      stacks: () => stacksOf(readFileSync(output, 'utf8')),
    },
    brief: [program, script],
    isNamed: (frames) => frames.includes('<module>'),
    isUnnamed: (frames) => frames.includes(LOOP),
  };
}

function node(folder: string): Language {
  const program = process.env.NODE ?? 'node';
  const perf = peer('perf with a perf map', 'perf', 'apt-get install linux-perf');
  const data = join(folder, 'perf.data');
  const mapped = ['--perf-basic-prof', '--interpreted-frames-native-stack'];
  return {
    name: 'Node.js',
    shares: (seconds) => [program, ...mapped, workload('js_shares.js'), `${seconds}`],
    functions: [/^heavy$/, /^run$/],
    beside: {
      ...perf,
      command: (pid, hertz, seconds) => [
        ...[perf.program ?? '', 'record', '-F', `${hertz}`, '-g', '-p', `${pid}`, '-o', data],
        ...['--', 'sleep', `${seconds}`],
      ],
      stacks: () => {
        const script = [...['script', '-i', data], ...['-F', 'ip,sym']];
        const { stdout } = spawnSync(perf.program ?? '', script, { maxBuffer: 2 ** 31 });
        return stacksOfPerf(stdout.toString());
      },
    },
    brief: [program, join(folder, 'brief.cjs')],
    isNamed: (frames) => frames.includes('<module>'),
    isUnnamed: (frames) => frames.some((name) => name === TRAMPOLINE || isGenerated(name)),
  };
}

function java(folder: string): Language {
  const program = process.env.JAVA ?? 'java';
  const output = join(folder, 'async-profiler.collapsed');
  const asyncProfiler = peer(
    ...(['async-profiler', 'asprof', 'ap-loader of Maven', 'ASYNC_PROFILER'] as const),
  );
  const classes = ['-cp', folder, 'JavaShares'];
  const exact = ['-XX:+UnlockDiagnosticVMOptions', '-XX:+DebugNonSafepoints'];
  const library = process.env.ASYNC_PROFILER_LIBRARY;
  return {
    name: 'Java',
    shares: (seconds) => [program, ...exact, ...classes, `${seconds}`],
    functions: [/^JavaShares\.heavy$/, /^JavaShares\$Light\.run$/],
    beside: {
      ...asyncProfiler,
      command: (pid, hertz, seconds) => [
        ...[asyncProfiler.program ?? '', ...(library === undefined ? [] : ['--libpath', library])],
        ...['-e', 'cpu', '-i', `${Math.round(1e9 / hertz)}`, '-d', `${seconds}`],
        ...['-o', 'collapsed', '-f', output, `${pid}`],
      ],
      stacks: () => stacksOf(readFileSync(output, 'utf8')),
    },
    brief: [program, ...classes, '0.1'],
    isNamed: (frames) => frames.some((name) => /^(?:JavaShares\.main|java\.)/.test(name)),
    isUnnamed: (frames) => frames.some(isGenerated),
  };
}

const BRIEF_PYTHON = `import time
def brief():
    end = time.process_time() + 0.13
    while time.process_time() < end:
        sum(range(100))
brief()
`;
const BRIEF_JAVASCRIPT = `function brief() {
  const end = process.cpuUsage().user + 110_000;
  let sum = 0;
  while (process.cpuUsage().user < end) for (let i = 0; i < 5000; i++) sum = (sum * 31 + i) % 1009;
}
brief();
`;

/** @param folder for the programs, and for what is written of them */
export async function languages(folder: string): Promise<readonly Language[]> {
  await Bun.write(join(folder, 'brief.py'), BRIEF_PYTHON);
  await Bun.write(join(folder, 'brief.cjs'), BRIEF_JAVASCRIPT);
  const source = workload('JavaShares.java');
  const isCompiled =
    Bun.which('javac') !== null &&
    spawnSync('javac', [...['--release', '8', '-Xlint:-options', '-d', folder], source]).status ===
      0;
  return [python(folder), node(folder), ...(isCompiled ? [java(folder)] : [])];
}
