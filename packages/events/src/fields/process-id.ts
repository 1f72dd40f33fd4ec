/**
 * The string form of a process image's identity, unique over hosts and reboots: for joining
 * records in a store. Its parts, in order: boot id, pid, start time (boot ns), exec generation.
 */

import { readFileSync } from 'node:fs';

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

/** random(4): drawn anew at each boot. Without its dashes. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  } catch {
    return '';
  }
}
