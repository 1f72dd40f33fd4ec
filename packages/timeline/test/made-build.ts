// The recording of a build that never was: `make -j4` of so many C files, each by gcc, cc1 and as. Some fail.

import { execLine, exitLine, failureLine, forkLine } from './recordings.ts';

const MS = 1_000_000;
const JOBS = 4;
const MAKE_PID = 1000;

export interface MadeBuild {
  readonly lines: readonly string[];
  readonly processes: number;
  readonly failed: number;
}

export function madeBuild(files: number): MadeBuild {
  const lines: { readonly at: number; readonly line: string }[] = [];
  let pid = MAKE_PID;
  let failed = 0;
  let seed = 7;
  /** The same in every run. */
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const make = { pid, start: MS, comm: 'make' };
  const add = (at: number, line: string): void => void lines.push({ at, line });
  add(MS, execLine({ ...make, at: MS }, { argv: ['make', '-j4'] }));
  const free = Array.from({ length: JOBS }, (_, job) => (2 + job) * MS);
  for (let file = 0; file < files; file++) {
    const job = free.indexOf(Math.min(...free));
    const start = free[job] as number;
    const gcc = { pid: ++pid, start, ppid: MAKE_PID, parentStart: MS, comm: 'gcc' };
    add(start, forkLine({ ...make, at: start }, gcc.pid));
    const argv = ['gcc', '-O2', '-c', `src/file${file}.c`, '-o', `file${file}.o`];
    add(start + MS, execLine({ ...gcc, at: start + MS }, { argv, cwd: '/src' }));
    if (file % 20 === 3) add(start + MS, failureLine({ ...gcc, at: start + MS }));
    const begins = start + 2 * MS;
    const cc1 = { pid: ++pid, start: begins, ppid: gcc.pid, parentStart: start, comm: 'cc1' };
    add(begins, execLine({ ...cc1, at: begins }, { argv: ['cc1', '-quiet', `src/file${file}.c`] }));
    let at = begins + (5 + random(20) * random(20)) * MS;
    const exitCode = file % 100 === 42 ? 1 : 0;
    failed += 2 * exitCode;
    const used = {
      userNs: String(at - begins - MS),
      systemNs: String(MS),
      maxRssBytes: '31457280',
    };
    add(at, exitLine({ ...cc1, at }, { exitCode, ...used }));
    if (exitCode === 0) {
      const as = { pid: ++pid, start: at, ppid: gcc.pid, parentStart: start, comm: 'as' };
      add(at, execLine({ ...as, at }, { argv: ['as', '-o', `file${file}.o`] }));
      at += (2 + random(10)) * MS;
      add(at, exitLine({ ...as, at }));
    }
    at += MS;
    add(at, exitLine({ ...gcc, at }, { exitCode }));
    free[job] = at + MS;
  }
  const end = Math.max(...free);
  add(end, exitLine({ ...make, at: end }, { argv: ['make', '-j4'] }));
  lines.sort((a, b) => a.at - b.at);
  return { lines: lines.map(({ line }) => line), processes: pid - MAKE_PID + 1, failed };
}
