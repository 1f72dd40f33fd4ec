/** Which of the system's threads this one is, and what another of ours is at. proc(5) */

import { readFileSync, readlinkSync } from 'node:fs';

/** Of the thread that asks, as /proc/self/task has it; undefined where /proc does not say. */
export function threadId(): number | undefined {
  try {
    // "<pid>/task/<tid>"
    return Number(/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1] ?? Number.NaN) || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a thread of this process is on a CPU or would like to be: not waiting for anything.
 * Undefined when there is none.
 */
export function isComputing(thread: number): boolean | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // Behind the name, which may hold anything.
  return stat.charAt(stat.lastIndexOf(')') + 2) === 'R';
}
