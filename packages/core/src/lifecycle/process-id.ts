// The string form of a process image's identity, unique over hosts and reboots: for joining
// records in a store. Its parts, in order: boot id, pid, start time (boot ns), exec generation.

import { readFileSync } from 'node:fs';

/** @returns a function, so that the boot id is read once. `''` for it where /proc has none. */
export function processIds(): (pid: number, startTime: bigint, execId: number) => string {
  const boot = bootId();
  return (pid, startTime, execId) => `${boot}-${pid}-${startTime}-${execId}`;
}

/** random(4): drawn anew at each boot. Without its dashes. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
  } catch {
    return '';
  }
}
