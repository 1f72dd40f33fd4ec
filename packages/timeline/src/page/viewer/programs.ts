/** Of each program: how often it ran, how often it failed, and what time it took. */

import type { Pause } from '@waggle/text/page/slices';
import { type PageData, STATE } from '../page-data.ts';

export interface ProgramSum {
  readonly program: string;
  /** Of its name. */
  readonly index: number;
  runs: number;
  failed: number;
  /** Microseconds. */
  time: number;
  /** Of the runs that it is known of: of one that goes on it is not. */
  cpu: number;
  cpuUnknown: number;
  critical: number;
}

/** Processes between two looks at the clock. */
const AT_ONCE = 1024;

/** By the index of its name. */
export async function programsOf(
  { names, processes }: PageData,
  pause: Pause,
): Promise<readonly ProgramSum[]> {
  const { name, state, length, user, system, critical } = processes;
  const sums = names.map((program, index) => ({
    ...{ program, index, runs: 0, failed: 0, time: 0, cpu: 0, cpuUnknown: 0, critical: 0 },
  }));
  for (let at = 0; at < name.length; at++) {
    if (at % AT_ONCE === 0) await pause();
    const sum = sums[name[at] as number];
    if (sum === undefined || state[at] === STATE.context) continue;
    sum.runs++;
    if (state[at] === STATE.failed || state[at] === STATE.killed) sum.failed++;
    sum.time += length[at] as number;
    const [inUser, inSystem] = [user[at] as number, system[at] as number];
    if (inUser < 0 || inSystem < 0) sum.cpuUnknown++;
    else sum.cpu += inUser + inSystem;
    sum.critical += critical[at] as number;
  }
  return sums;
}
