/**
 * What /proc says of the command and of ourselves: always our own /proc, wherever the session looks, since
 * signals are sent to pids as we see them.
 */

import { ProcfsError, type ProcStat, RealProcfs } from '@waggle/cache';

const procfs = new RealProcfs();

/** undefined when it is gone. */
export function statOf(pid: number): ProcStat | undefined {
  try {
    return procfs.stat(pid);
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}
