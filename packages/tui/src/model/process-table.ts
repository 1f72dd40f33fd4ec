/**
 * Who runs, and who has just ended: from one walk of /proc at the start, and from events since then. What
 * changes without events (memory, CPU) is read again, some processes at a time.
 */

import type { Procfs } from '@waggle/cache';
import { ProcfsError } from '@waggle/cache';
import type { ExecEvent, ExitEvent, ForkEvent, ProcessEvent } from '@waggle/core';
import { outcomeOf } from './logged-event.ts';
import { LINGER_MS, ProcessRow } from './process-row.ts';

/** From one refresh to the next. */
const REFRESH_MS = 1000;
/** Reads of /proc/PID/stat in a refresh, beside those that are shown: some 10 µs each. */
const REFRESHED_AT_ONCE = 300;

/** Of what ended, in a storm only the newest are kept. */
const MAX_ENDED = 500;

/** Deeper families are counted so far: a bound for loops, not for people. */
const MAX_ANCESTORS = 64;

/** What of /proc is asked: who runs, and what each has taken. */
export type ProcessFigures = Pick<Procfs, 'clockTicksPerSecond' | 'pids' | 'stat'>;

export class ProcessTable {
  readonly #live = new Map<number, ProcessRow>();
  #ended: ProcessRow[] = [];
  /** The last of each pid. */
  readonly #endedByPid = new Map<number, ProcessRow>();
  /** Pids that a refresh has still to look at. */
  #queue: number[] = [];
  #recount = false;
  #wholeHost = false;
  #refreshedAt = 0;

  readonly #procfs: ProcessFigures;
  readonly #pageBytes: number;

  constructor(procfs: ProcessFigures, pageBytes = 4096) {
    this.#procfs = procfs;
    this.#pageBytes = pageBytes;
  }

  get size(): number {
    return this.#live.size;
  }

  row(pid: number): ProcessRow | undefined {
    return this.#live.get(pid) ?? this.#endedByPid.get(pid);
  }

  isLive(pid: number): boolean {
    return this.#live.has(pid);
  }

  /** Those that run, and those that ended a moment ago. */
  rows(now: number): ProcessRow[] {
    this.#forgetEnded(now);
    return [...this.#live.values(), ...this.#ended];
  }

  /** Who runs already: everybody, or those that are asked for. */
  walk(now: number, bootTimeMs: number, only?: readonly number[]): void {
    this.#wholeHost = only === undefined;
    for (const pid of only ?? this.#procfs.pids()) this.#look(pid, now, bootTimeMs);
  }

  add(event: ProcessEvent, now: number): void {
    switch (event.event) {
      case 'fork':
        this.#fork(event);
        return;
      case 'exec':
        this.#exec(event, now);
        return;
      case 'exit':
        this.#exit(event, now);
        return;
      case 'lost':
        // Whose end was lost would run for ever.
        this.#recount = true;
    }
  }

  /**
   * Reads figures anew, once a second: of those that are shown, and of some others in turn.
   * @returns whether it did
   */
  refresh(now: number, bootTimeMs: number, shown: readonly number[]): boolean {
    if (this.#recount) this.#countAgain(now, bootTimeMs);
    if (now - this.#refreshedAt < REFRESH_MS) return false;
    this.#refreshedAt = now;
    if (this.#queue.length === 0) this.#queue = [...this.#live.keys()];
    const others = this.#queue.splice(0, REFRESHED_AT_ONCE);
    for (const pid of new Set([...shown, ...others])) {
      if (this.#live.has(pid)) this.#look(pid, now, bootTimeMs);
    }
    return true;
  }

  /** At the next refresh: who is gone without an event. */
  lookForEnded(): void {
    this.#recount = true;
  }

  /** Whether `pid` is `ancestor` or a descendant of it, as far as both are known. */
  isBelow(pid: number, ancestor: number): boolean {
    let at = pid;
    for (let step = 0; step < MAX_ANCESTORS && at > 0; step++) {
      if (at === ancestor) return true;
      at = this.row(at)?.ppid ?? 0;
    }
    return false;
  }

  #fork({ childPid, pid, comm, uid, time, childContainerId, childCgroup }: ForkEvent): void {
    const row = new ProcessRow(childPid, milliseconds(time));
    const parent = this.#live.get(pid);
    row.ppid = pid;
    row.comm = comm;
    row.uid = uid;
    row.argv = parent?.argv;
    row.containerId = childContainerId ?? undefined;
    row.cgroup = childCgroup ?? undefined;
    this.#live.set(childPid, row);
  }

  #exec(event: ExecEvent, now: number): void {
    const { pid, ppid, comm, uid, argv, containerId, cgroup, time } = event;
    let row = this.#live.get(pid);
    if (row === undefined) {
      row = new ProcessRow(pid, milliseconds(time));
      this.#live.set(pid, row);
    }
    row.ppid = ppid;
    row.comm = comm;
    row.uid = uid;
    row.argv = argv;
    row.containerId = containerId ?? undefined;
    row.cgroup = cgroup ?? undefined;
    let at: ProcessRow | undefined = row;
    for (let step = 0; step < MAX_ANCESTORS && at !== undefined; step++) {
      at.countExec(now);
      at = at.ppid === at.pid ? undefined : this.#live.get(at.ppid);
    }
  }

  #exit(event: ExitEvent, now: number): void {
    const { pid, ppid, comm, argv, uid, time, lifetimeNs } = event;
    const row =
      this.#live.get(pid) ?? new ProcessRow(pid, milliseconds(time) - milliseconds(lifetimeNs));
    this.#live.delete(pid);
    row.ppid = ppid;
    row.comm = comm;
    row.uid ??= uid;
    row.argv ??= argv ?? undefined;
    row.cpuPercent = 0;
    row.rssBytes = 0;
    row.end = {
      at: now,
      outcome: outcomeOf(event),
      failed: event.exitCode !== 0 || event.signal !== null,
    };
    this.#addEnded(row);
  }

  #look(pid: number, now: number, bootTimeMs: number): void {
    const { clockTicksPerSecond } = this.#procfs;
    try {
      const stat = this.#procfs.stat(pid);
      let row = this.#live.get(pid);
      if (row === undefined) {
        row = new ProcessRow(pid, bootTimeMs + (stat.startTimeTicks / clockTicksPerSecond) * 1000);
        this.#live.set(pid, row);
      }
      row.take(stat, now, clockTicksPerSecond, this.#pageBytes);
    } catch (error) {
      if (!(error instanceof ProcfsError)) throw error;
      // Its exit comes as an event, unless that was lost: then it is looked for.
    }
  }

  /** Events were lost: /proc says who is still there. */
  #countAgain(now: number, bootTimeMs: number): void {
    this.#recount = false;
    const running = new Set(this.#procfs.pids());
    for (const [pid, row] of this.#live) {
      if (running.has(pid)) continue;
      this.#live.delete(pid);
      row.end = { at: now, outcome: 'ended', failed: false };
      this.#addEnded(row);
    }
    if (!this.#wholeHost) return;
    for (const pid of running) if (!this.#live.has(pid)) this.#look(pid, now, bootTimeMs);
  }

  #addEnded(row: ProcessRow): void {
    this.#ended.push(row);
    this.#endedByPid.set(row.pid, row);
    if (this.#ended.length > 2 * MAX_ENDED) this.#keepEnded(this.#ended.slice(-MAX_ENDED));
  }

  #forgetEnded(now: number): void {
    const isKept = ({ end, pinned }: ProcessRow): boolean =>
      pinned || (end !== undefined && now - end.at < LINGER_MS);
    if (this.#ended.length > MAX_ENDED || !this.#ended.every(isKept))
      this.#keepEnded(this.#ended.filter(isKept).slice(-MAX_ENDED));
  }

  #keepEnded(rows: ProcessRow[]): void {
    this.#ended = rows;
    this.#endedByPid.clear();
    for (const row of rows) this.#endedByPid.set(row.pid, row);
  }
}

const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n);
