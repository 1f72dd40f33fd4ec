/**
 * Who a process is. A pid alone is only a number that the kernel hands out again; the pair
 * (pid, start time) is a process, and the exec generation tells its program images apart.
 * Start times are compared in clock ticks, the unit that /proc and kernel records share.
 */

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot: stat field 22, or `ticksFromBoottime(start_boottime)`. */
  readonly startTime: number;
  /**
   * `task->start_boottime`, where a kernel record gave it. Two owners of one pid within one tick
   * (10 ms) are told apart only if both have it.
   */
  readonly startBoottimeNs?: bigint | undefined;
  /** Exec generation (`task->self_exec_id`), where known. It grows with every exec. */
  readonly execId?: number | undefined;
}

/** Same pid and start time: one process, whatever it runs. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return (
    a.pid === b.pid &&
    a.startTime === b.startTime &&
    (a.startBoottimeNs === undefined ||
      b.startBoottimeNs === undefined ||
      a.startBoottimeNs === b.startBoottimeNs)
  );
}

/** Same process and, as far as both sides know it, the same exec generation. */
export function isSameImage(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return (
    isSameProcess(a, b) &&
    (a.execId === undefined || b.execId === undefined || a.execId === b.execId)
  );
}

/** Negative when `a` started before `b`. Exact where both have nanoseconds. */
export function compareStart(a: ProcessIdentity, b: ProcessIdentity): number {
  if (a.startTime !== b.startTime) return a.startTime - b.startTime;
  if (a.startBoottimeNs === undefined || b.startBoottimeNs === undefined) return 0;
  return a.startBoottimeNs < b.startBoottimeNs ? -1 : Number(a.startBoottimeNs > b.startBoottimeNs);
}

/** `pid:startTime`, and `:execId` where known: a map key, unique until the host boots again. */
export function formatIdentity(identity: ProcessIdentity): string {
  const process = `${identity.pid}:${identity.startTime}`;
  return identity.execId === undefined ? process : `${process}:${identity.execId}`;
}
