/** Who runs when the agent starts. */

import { boottimeFromTicks, ProcfsError, type RealProcfs } from '@waggle/cache';
import { redactArguments } from '@waggle/core/plugins/redaction';
import type { RunningProcess } from '@waggle/store';

interface Description {
  readonly argv: readonly string[] | undefined;
  readonly uid: number | undefined;
  readonly containerId: string | undefined;
  readonly cgroup: string | undefined;
}

/**
 * Parents before their children.
 *
 * @param redact what of arguments is not kept
 */
export function runningProcesses(
  procfs: RealProcfs,
  describe: (pid: number) => Description | undefined,
  redact: readonly RegExp[],
): RunningProcess[] {
  const found: RunningProcess[] = [];
  for (const pid of procfs.pids()) {
    try {
      const { ppid, comm, startTimeTicks } = procfs.stat(pid);
      const { argv, uid, containerId, cgroup } = describe(pid) ?? {};
      const startTime = boottimeFromTicks(startTimeTicks, procfs.clockTicksPerSecond);
      const shown = argv === undefined ? undefined : redactArguments(argv, redact);
      found.push({ pid, ppid, comm, startTime, argv: shown, uid, containerId, cgroup });
    } catch (error) {
      // It has ended since.
      if (!(error instanceof ProcfsError)) throw error;
    }
  }
  return found.sort((a, b) => Number(a.startTime - b.startTime) || a.pid - b.pid);
}
