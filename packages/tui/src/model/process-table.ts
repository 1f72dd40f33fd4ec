/**
 * Who runs, and who has just ended: from one walk of /proc at the start, and from events since then. What
 * changes without events (memory, CPU) is read again, some processes at a time.
 */

import { type Procfs, ProcfsError } from '@waggle/cache';
import type { BriefEvents } from '@waggle/core/plugins/brief-events';
import { hasFailed, outcomeOf } from './logged-event.ts';
import { type KnownPrograms, LINGER_MS, ProcessRow } from './process-row.ts';

/** From one refresh to the next. */
const REFRESH_MS = 1000;
/**
 * Reads of /proc/PID/stat in a refresh, beside those that are shown: some 25 µs each. Who begins to take CPU is sampled
 * before, so of a few hundred each has its turn in four seconds, and of thousands later.
 */
const REFRESHED_AT_ONCE = { least: 50, most: 300, share: 1 / 4 } as const;

/** For those that run already, before there is a picture, and in each turn after it. */
const WALK_MS = 40;
const TURN_MS = 8;
/** Between two looks at the clock. */
const WALKED_AT_ONCE = 16;

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
  /** Who ran already and has not been looked at yet, the oldest last. */
  #unread: number[] = [];
  #recount = false;
  #wholeHost = false;
  #refreshedAt = 0;

  readonly #procfs: ProcessFigures;
  readonly #pageBytes: number;

  constructor(procfs: ProcessFigures, pageBytes = 4096) {
    this.#procfs = procfs;
    this.#pageBytes = pageBytes;
  }

  /** How many run, those among them that have no row yet. */
  get size(): number {
    return this.#live.size + this.#unread.length;
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

  /**
   * Who runs already: everybody, or those that are asked for. On a host with thousands of processes the rest comes
   * with `walkOn`: the picture does not wait for it.
   */
  walk(now: number, bootTimeMs: number, only?: readonly number[]): void {
    this.#wholeHost = only === undefined;
    this.#unread = [...(only ?? this.#procfs.pids())].reverse();
    this.#walkFor(WALK_MS, now, bootTimeMs);
  }

  /** A turn of it. @returns whether there was anybody left */
  walkOn(now: number, bootTimeMs: number): boolean {
    if (this.#unread.length === 0) return false;
    this.#walkFor(TURN_MS, now, bootTimeMs);
    return true;
  }

  /**
   * @param number of the event in the log; undefined where that does not list it
   * @param programs the log
   */
  add(
    events: BriefEvents,
    index: number,
    now: number,
    number: number | undefined,
    programs: KnownPrograms,
  ): void {
    switch (events.kindAt(index)) {
      case 'fork':
        this.#fork(events, index);
        return;
      case 'exec':
        this.#exec(events, index, now).runs(number, programs);
        return;
      case 'exit': {
        const row = this.#exit(events, index, now);
        // The event that began it may be long forgotten; this one says the same.
        if (!row.hasArguments) row.runs(number, programs);
        return;
      }
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
    const { least, most, share } = REFRESHED_AT_ONCE;
    const wanted = Math.min(Math.max(this.#live.size * share, least), most);
    const others = this.#queue.splice(0, Math.ceil(wanted));
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

  #fork(events: BriefEvents, index: number): void {
    const pid = events.pidAt(index);
    const childPid = events.childPidAt(index);
    const row = new ProcessRow(childPid, events.timeMsAt(index));
    const parent = this.#live.get(pid);
    row.ppid = pid;
    row.comm = events.commAt(index);
    row.uid = events.uidAt(index);
    if (parent !== undefined) row.inherit(parent);
    setCgroup(row, events, index);
    this.#live.set(childPid, row);
  }

  #exec(events: BriefEvents, index: number, now: number): ProcessRow {
    const pid = events.pidAt(index);
    let row = this.#live.get(pid);
    if (row === undefined) {
      row = new ProcessRow(pid, events.timeMsAt(index));
      this.#live.set(pid, row);
    }
    row.ppid = events.ppidAt(index);
    row.comm = events.commAt(index);
    row.uid = events.uidAt(index);
    setCgroup(row, events, index);
    let at: ProcessRow | undefined = row;
    for (let step = 0; step < MAX_ANCESTORS && at !== undefined; step++) {
      at.countExec(now);
      at = at.ppid === at.pid ? undefined : this.#live.get(at.ppid);
    }
    return row;
  }

  #exit(events: BriefEvents, index: number, now: number): ProcessRow {
    const pid = events.pidAt(index);
    const row =
      this.#live.get(pid) ??
      new ProcessRow(pid, events.timeMsAt(index) - events.lifetimeMsAt(index));
    this.#live.delete(pid);
    row.ppid = events.ppidAt(index);
    row.comm = events.commAt(index);
    row.uid ??= events.uidAt(index);
    row.cpuPercent = 0;
    row.rssBytes = 0;
    const end = events.endAt(index);
    row.end = { at: now, outcome: outcomeOf(end), failed: hasFailed(end) };
    this.#addEnded(row);
    return row;
  }

  #look(pid: number, now: number, bootTimeMs: number): void {
    const { clockTicksPerSecond } = this.#procfs;
    try {
      const stat = this.#procfs.stat(pid);
      let row = this.#live.get(pid);
      if (row === undefined) {
        // No whole ticks where it was recorded: a store knows a start to the nanosecond.
        row = new ProcessRow(pid, bootTimeMs + (stat.startTimeTicks / clockTicksPerSecond) * 1000);
        this.#live.set(pid, row);
      }
      row.take(stat, now, clockTicksPerSecond, this.#pageBytes);
    } catch (error) {
      if (!(error instanceof ProcfsError)) throw error;
      // Its exit comes as an event, unless that was lost: then it is looked for.
    }
  }

  #walkFor(ms: number, now: number, bootTimeMs: number): void {
    const until = performance.now() + ms;
    while (this.#unread.length > 0 && performance.now() < until)
      for (const pid of this.#unread.splice(-WALKED_AT_ONCE).reverse())
        if (!this.#live.has(pid)) this.#look(pid, now, bootTimeMs);
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
    this.#unread = [...running].filter((pid) => !this.#live.has(pid)).reverse();
    this.#walkFor(TURN_MS, now, bootTimeMs);
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

function setCgroup(row: ProcessRow, events: BriefEvents, index: number): void {
  const cgroup = events.cgroupAt(index);
  row.containerId = cgroup?.containerId;
  row.cgroup = cgroup?.path;
}
