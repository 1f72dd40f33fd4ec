/**
 * An agent matters most while a host is overloaded, and then it would get its turn late like everybody else: what it has not
 * read is lost if it is killed. So its threads go before the host's work, as those of atop and auditd do; how much they
 * may take is its budget.
 */

import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { RealProcfs } from '@waggle/cache';

/** nice(2). Beside twenty others that compute all the time on its CPU it has a third of that. */
const NICE = -10;

/**
 * Raises every thread, since others wait for those that collect garbage. A process that was started with a priority keeps
 * it, and one that may not raise it (CAP_SYS_NICE) goes on as it is.
 */
export function raisePriority(): void {
  try {
    if (getPriority() !== 0) return;
    for (const thread of readdirSync('/proc/self/task')) setPriority(Number(thread), NICE);
    // Between sessions it is the session's that counts, where the kernel groups by them (sched(7)): ours if we are all of it.
    if (isSessionLeader()) writeFileSync('/proc/self/autogroup', String(NICE));
  } catch {
    // It is not allowed, a thread has ended meanwhile, or there are no such groups: what could be raised is.
  }
}

/** As what a service manager has started. */
function isSessionLeader(): boolean {
  return new RealProcfs().stat(process.pid).session === process.pid;
}
