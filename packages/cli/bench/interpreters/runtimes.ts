/** Interpreters, a program of each that does work of fixed size, and the tools that see its functions. */

import { join, resolve } from 'node:path';
import { type Peer, peer } from '../peers.ts';

const root = resolve(import.meta.dir, '../../../..');

export interface Tool {
  readonly name: string;
  readonly command: (pid: number, hertz: number) => readonly string[];
  /** Of the interpreter. */
  readonly options?: readonly string[];
}

export interface Runtime {
  readonly name: string;
  readonly program: (depth: number, options?: readonly string[]) => readonly string[];
  readonly tools: readonly Tool[];
  /** Those that are not installed. */
  readonly missing: readonly Peer[];
}

function waggle(folder: string, name: string, ...more: string[]): Tool {
  return {
    name,
    command: (pid, hertz) => [
      ...[join(root, 'waggle'), 'record', '-F', `${hertz}`, '-p', `${pid}`],
      ...['-o', join(folder, 'out.folded'), ...more],
    ],
  };
}

/** @param folder for what the tools write */
export function runtimes(folder: string): readonly Runtime[] {
  const perf = peer('perf', 'perf', 'apt-get install linux-perf');
  const pySpy = peer('py-spy', 'py-spy', 'pip install py-spy', 'PY_SPY');
  const own = [
    waggle(folder, 'waggle'),
    waggle(folder, 'waggle --no-interpreters', '--no-interpreters'),
  ];
  const spy = ({ program }: Peer): Tool[] =>
    program === undefined
      ? []
      : [
          {
            name: 'py-spy',
            command: (pid, hertz) => [
              ...[program, 'record', '-r', `${hertz}`, '-d', '600', '-f', 'raw', '-p', `${pid}`],
              ...['-o', join(folder, 'out.raw')],
            ],
          },
        ];
  const perfWith = (...options: string[]): Tool[] =>
    perf.program === undefined
      ? []
      : [
          {
            name: `perf record -g with ${options.join(' ')}`,
            options,
            command: (pid, hertz) => [
              ...[perf.program ?? '', 'record', '-F', `${hertz}`, '-g', '-p', `${pid}`],
              ...['-o', join(folder, 'perf.data')],
            ],
          },
        ];
  const workload = (name: string) => join(root, 'tests/workloads', name);
  const missing = (...peers: Peer[]) => peers.filter(({ program }) => program === undefined);
  return [
    {
      name: 'Python',
      // Seconds of work: CPU time of the tools is told in steps of 10 ms.
      program: (depth, options = []) => [
        ...[process.env.PYTHON ?? 'python3', ...options, workload('py_depth.py')],
        ...[`${depth}`, '160000000'],
      ],
      tools: [...own, ...spy(pySpy), ...perfWith('-X', 'perf')],
      missing: missing(pySpy, perf),
    },
    {
      name: 'Node.js',
      program: (depth, options = []) => [
        ...[process.env.NODE ?? 'node', ...options, workload('js_depth.cjs')],
        ...[`${depth}`, '1000000000'],
      ],
      tools: [...own, ...perfWith('--perf-basic-prof')],
      missing: missing(perf),
    },
  ];
}
