/**
 * Processes as rows: one from birth to end. What is born and ends within one commit is written once; who lives longer
 * is written when it is first heard of, and again when something changes.
 */

import type { ExecEvent, ExitEvent, ForkEvent, ProcessEvent } from '@waggle/core';

/** Of one process, as far as it is known. */
export interface ProcessRow {
  /** 0 until it is written. */
  id: number;
  readonly pid: number;
  /** Boot clock, ns. */
  startTime: bigint;
  /** /proc has told of it, whose clock counts hundredths of a second. */
  isCoarse: boolean;
  /** Until the row is written: a chain of parents that have ended is not to be kept. */
  parent: ProcessRow | undefined;
  parentId: number | null;
  ppid: number;
  startNs: bigint;
  endNs: bigint | null;
  comm: string;
  argv: readonly string[] | null;
  filename: string | null;
  uid: number | null;
  container: string | null;
  cgroup: string | null;
  execs: number;
  exit: ExitEvent | undefined;
  /** Images that an exec has replaced, since the last commit. */
  earlier: EarlierImage[];
}

interface EarlierImage {
  readonly timeNs: bigint;
  readonly comm: string;
  readonly argv: readonly string[] | null;
  readonly filename: string | null;
}

/** A process that runs already. */
export interface RunningProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  /** Boot clock, ns, to a hundredth of a second. */
  readonly startTime: bigint;
  readonly argv?: readonly string[] | undefined;
  readonly uid?: number | undefined;
  readonly containerId?: string | undefined;
  readonly cgroup?: string | undefined;
}

/** A hundredth of a second, and what rounding takes. */
const COARSE_NS = 11_000_000n;
/** Images of one process between two commits. */
const MAX_EARLIER = 1000;

export class ProcessRows {
  readonly #alive = new Map<number, ProcessRow>();
  #changed = new Set<ProcessRow>();
  readonly #bootNs: () => bigint;

  /** @param bootNs when the host started, in ns since 1970, by the clock of now */
  constructor(bootNs: () => bigint) {
    this.#bootNs = bootNs;
  }

  get aliveCount(): number {
    return this.#alive.size;
  }

  /** Processes of which something is to be written. */
  get changedCount(): number {
    return this.#changed.size;
  }

  *alive(): Iterable<ProcessRow> {
    yield* this.#alive.values();
  }

  byPid(pid: number): ProcessRow | undefined {
    return this.#alive.get(pid);
  }

  /** What is to be written; from now on nothing is. Parents come before their children. */
  takeChanged(): readonly ProcessRow[] {
    const rows = [...this.#changed];
    this.#changed = new Set();
    return rows;
  }

  /** They could not be written. */
  giveBack(rows: readonly ProcessRow[]): void {
    this.#changed = new Set([...rows, ...this.#changed]);
  }

  /** @returns the row; the one that is known already where there is one */
  running({ pid, ppid, comm, startTime, ...rest }: RunningProcess): ProcessRow {
    const known = this.#alive.get(pid);
    if (known !== undefined && isSameStart(known.startTime, startTime, true)) return known;
    const row = this.#born(pid, startTime, ppid);
    row.isCoarse = true;
    row.comm = comm;
    row.argv = rest.argv ?? null;
    row.uid = rest.uid ?? null;
    row.container = rest.containerId ?? null;
    row.cgroup = rest.cgroup ?? null;
    return row;
  }

  /** A row of an earlier run of the agent whose process is still there. */
  continued(row: ProcessRow): void {
    this.#alive.set(row.pid, row);
  }

  add(event: ProcessEvent): void {
    switch (event.event) {
      case 'fork':
        this.#fork(event);
        return;
      case 'exec':
        this.#exec(event);
        return;
      case 'exit':
        this.#exit(event);
        return;
      case 'failed-exec':
        this.of(event);
    }
  }

  /** The process of an event. */
  of(event: {
    readonly pid: number;
    readonly ppid: number;
    readonly startTime: bigint;
    readonly comm: string;
    readonly uid: number | null;
    readonly containerId?: string | null;
  }): ProcessRow {
    const row = this.#identified(event.pid, event.startTime, event.ppid);
    row.uid ??= event.uid;
    row.container ??= event.containerId ?? null;
    if (row.comm === '') row.comm = event.comm;
    return row;
  }

  #fork(event: ForkEvent): void {
    const parent = this.of(event);
    const child = this.#identified(event.childPid, event.childStartTime, event.pid);
    child.parent = parent;
    child.comm = event.comm;
    child.uid = event.uid;
    child.argv = parent.argv;
    child.filename = parent.filename;
    child.container = event.childContainerId ?? null;
    child.cgroup = event.childCgroup ?? null;
  }

  #exec(event: ExecEvent): void {
    const row = this.of(event);
    // What was inherited is its parent's, not an image that it has had.
    if (row.execs > 0 && row.earlier.length < MAX_EARLIER)
      row.earlier.push({
        timeNs: event.time,
        comm: row.comm,
        argv: row.argv,
        filename: row.filename,
      });
    row.execs++;
    row.comm = event.comm;
    row.argv = event.argv;
    row.filename = event.filename;
    row.uid = event.uid;
    row.container = event.containerId ?? null;
    row.cgroup = event.cgroup ?? null;
    this.#change(row);
  }

  #exit(event: ExitEvent): void {
    const row = this.of(event);
    row.comm = event.comm;
    row.uid = event.uid;
    row.argv ??= event.argv;
    row.filename ??= event.filename;
    row.exit = event;
    row.endNs = event.time;
    // Of the boot clock, which nobody sets.
    row.startTime = event.startTime;
    row.startNs = event.time - event.lifetimeNs;
    row.isCoarse = false;
    this.#change(row);
    if (this.#alive.get(row.pid) === row) this.#alive.delete(row.pid);
  }

  #identified(pid: number, startTime: bigint, ppid: number): ProcessRow {
    const known = this.#alive.get(pid);
    if (known !== undefined && isSameStart(known.startTime, startTime, known.isCoarse)) {
      known.startTime = startTime;
      known.isCoarse = false;
      return known;
    }
    return this.#born(pid, startTime, ppid);
  }

  #born(pid: number, startTime: bigint, ppid: number): ProcessRow {
    const startNs = this.#bootNs() + startTime;
    const before = this.#alive.get(pid);
    // Nobody saw it end.
    if (before !== undefined) this.end(before, startNs);
    const row: ProcessRow = {
      ...{ id: 0, pid, startTime, isCoarse: false, ppid, startNs },
      ...{ parent: this.#alive.get(ppid), parentId: null },
      ...{ endNs: null, comm: '', argv: null, filename: null, uid: null, container: null },
      ...{ cgroup: null, execs: 0, exit: undefined, earlier: [] },
    };
    this.#alive.set(pid, row);
    this.#change(row);
    return row;
  }

  /** At a moment that nobody saw. */
  end(row: ProcessRow, endNs: bigint): void {
    row.endNs = endNs > row.startNs ? endNs : row.startNs;
    this.#change(row);
    if (this.#alive.get(row.pid) === row) this.#alive.delete(row.pid);
  }

  #change(row: ProcessRow): void {
    this.#changed.add(row);
  }
}

/** @param coarsely one of them is /proc's */
export function isSameStart(one: bigint, other: bigint, coarsely: boolean): boolean {
  if (!coarsely) return one === other;
  const distance = one - other;
  return distance < COARSE_NS && distance > -COARSE_NS;
}
