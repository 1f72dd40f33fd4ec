// What program each running process executes, so that an exit can name it: fed by exec events,
// seeded from /proc for what was running before, keyed by identity.

import { type Procfs, ProcfsError, ticksFromBoottime } from '@waggle/cache';

export interface KnownProcess {
  /** Nanoseconds where the kernel told us, clock ticks where /proc did. */
  readonly start: { readonly ns: bigint } | { readonly ticks: number };
  readonly execId: number | undefined;
  readonly filename: string;
  readonly argv: readonly string[] | null;
  readonly containerId: string | null;
}

export class KnownProcesses {
  private readonly byPid = new Map<number, KnownProcess>();
  /** Not found by the last walk. Their exits may still be on the way, so they stay until the next. */
  private goneAtLastWalk: ReadonlySet<number> = new Set();

  constructor(private readonly procfs: Procfs) {}

  get size(): number {
    return this.byPid.size;
  }

  set(pid: number, known: KnownProcess): void {
    this.byPid.set(pid, known);
  }

  /** The entry of exactly this process. */
  get(pid: number, startTime: bigint): KnownProcess | undefined {
    const known = this.byPid.get(pid);
    return known !== undefined && this.isSame(known, startTime) ? known : undefined;
  }

  /** Takes the entry out; one of another process with the same pid stays. */
  take(pid: number, startTime: bigint): KnownProcess | undefined {
    const known = this.get(pid, startTime);
    if (known !== undefined) this.byPid.delete(pid);
    return known;
  }

  /**
   * One walk of /proc: adds who is not known yet, drops who is gone for the second time. Start it after attaching,
   * so that nothing falls between; what events said meanwhile is newer and stays.
   */
  seedFromProcfs(): void {
    const running = new Set(this.procfs.pids());
    const gone = new Set<number>();
    for (const pid of this.byPid.keys()) {
      if (running.has(pid)) continue;
      if (this.goneAtLastWalk.has(pid)) this.byPid.delete(pid);
      else gone.add(pid);
    }
    this.goneAtLastWalk = gone;
    for (const pid of running) {
      if (this.byPid.has(pid)) continue;
      const known = this.readProcfs(pid);
      if (known !== undefined) this.byPid.set(pid, known);
    }
  }

  private readProcfs(pid: number): KnownProcess | undefined {
    try {
      const before = this.procfs.probe(pid);
      const exe = this.procfs.exe(pid);
      if (exe === undefined) return undefined;
      const after = this.procfs.probe(pid);
      if (before.startTimeTicks !== after.startTimeTicks) return undefined;
      return {
        start: { ticks: after.startTimeTicks },
        execId: undefined,
        filename: exe.path,
        argv: null,
        containerId: this.procfs.cgroup(pid).containerId ?? null,
      };
    } catch (error) {
      // Gone or not ours to read: then it stays unknown.
      if (error instanceof ProcfsError) return undefined;
      throw error;
    }
  }

  private isSame(known: KnownProcess, startTime: bigint): boolean {
    if ('ns' in known.start) return known.start.ns === startTime;
    return (
      BigInt(known.start.ticks) ===
      BigInt(ticksFromBoottime(startTime, this.procfs.clockTicksPerSecond))
    );
  }
}
