/** What the kernel lets people do with perf events who have no right to more: kernel.perf_event_paranoid, sysctl. */

import { readFileSync } from 'node:fs';

/**
 * 2: their own processes, in user space; 1: in the kernel too; 0 and below: CPUs; above 2, which Debian and Ubuntu have,
 * nothing. Undefined where the kernel has no perf events.
 */
export function perfEventParanoid(
  path = '/proc/sys/kernel/perf_event_paranoid',
): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
