/**
 * The string form of a process image's identity, unique over hosts and reboots: for joining
 * records in a store. Its parts, in order: boot id, pid, start time (boot ns), exec generation.
 */

import { bootId as readBootId } from '@waggle/ffi';

export type ProcessId = (pid: number, startTime: bigint, execId: number) => string;

/**
 * @returns a function that remembers
 * its last answer, because neighbours in a stream have their parent in common.
 */
export function processIds(boot = bootId()): ProcessId {
  let lastPid = -1;
  let lastStart = -1n;
  let lastExecId = -1;
  let last = '';
  return (pid, startTime, execId) => {
    if (pid === lastPid && execId === lastExecId && startTime === lastStart) return last;
    lastPid = pid;
    lastStart = startTime;
    lastExecId = execId;
    last = `${boot}-${pid}-${startTime}-${execId}`;
    return last;
  };
}

/** Without its dashes; empty where there is none. */
export function bootId(): string {
  try {
    return readBootId().replaceAll('-', '');
  } catch {
    return '';
  }
}
