/** Whose perf map a file has to be, and under which pid it is written: proc_pid_status(5). */
import { readFileSync } from 'node:fs';
import { isSystemError } from '../system-error.ts';

export interface MapOwner {
  /** The pid that the process sees itself under. */
  readonly innerPid: number;
  /** Its effective user: /proc/PID itself is root's for a process that may not be dumped. */
  readonly uid: number;
}

/** Undefined when the process is gone. */
export function describeProcess(pid: number): MapOwner | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const inner = /^NSpid:.*\t(\d+)$/m.exec(status)?.[1];
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
    return uid === undefined ? undefined : { innerPid: Number(inner ?? pid), uid: Number(uid) };
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
