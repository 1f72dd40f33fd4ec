/**
 * Whether a filter of system calls is in force, as container runtimes and service managers set: what it refuses
 * looks like a missing right, or like a kernel without the call.
 */

import { readFileSync } from 'node:fs';

/** SECCOMP_MODE_FILTER of include/uapi/linux/seccomp.h */
const MODE_FILTER = '2';

/** By /proc/PID/status of this process: proc_pid_status(5). */
export function hasSeccompFilter(status = ownStatus()): boolean {
  return /^Seccomp:\s*(\d)$/m.exec(status)?.[1] === MODE_FILTER;
}

function ownStatus(): string {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return '';
  }
}
