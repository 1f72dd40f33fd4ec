/**
 * Who runs and who ran: every process of the kept time with its parent. From /proc at the start, from events since
 * then. In a storm the oldest of those that ended are forgotten, and what is known of them (samples) becomes their
 * parents'.
 */

import { boottimeFromTicks, type Procfs, ProcfsError, ticksFromBoottime } from '@waggle/cache';
import type { BriefEvents } from '@waggle/core/plugins/brief-events';
import { ProcessRecord } from './process-record.ts';
import type { Span } from './span.ts';

export interface ProcessesOptions {
  readonly procfs: Procfs;
  readonly keepMs: number;
  /** Of those that ended. */
  readonly maxEnded: number;
  /** When the host started, in milliseconds since 1970. */
  readonly bootTimeMs: number;
  /** More than an event says: asked once for each process that somebody looks at. */
  describe(pid: number): ProcessDescription | undefined;
  /** What may be shown of arguments. */
  shown(argv: readonly string[]): readonly string[];
  /** Samples and whatever else is counted by process numbers: from now on those of others. */
  giveTo(heirs: ReadonlyMap<number, number>): void;
}

export interface ProcessDescription {
  readonly argv: readonly string[] | undefined;
  readonly uid: number | undefined;
  readonly containerId: string | undefined;
  readonly cgroup: string | undefined;
}

/** Families are followed so far up: a bound for loops, not for people. */
const MAX_ANCESTORS = 64;

export class Processes {
  readonly #options: ProcessesOptions;
  readonly #live = new Map<number, ProcessRecord>();
  readonly #byNumber = new Map<number, ProcessRecord>();
  readonly #byName = new Map<string, ProcessRecord>();
  /** By their ends. */
  #ended: ProcessRecord[] = [];
  #next = 1;

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  get liveCount(): number {
    return this.#live.size;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  /** Who runs already: everybody, or those that are asked for. */
  walk(only?: readonly number[]): void {
    for (const pid of only ?? this.#options.procfs.pids()) this.#fromProcfs(pid);
  }

  byNumber(number: number): ProcessRecord | undefined {
    return this.#byNumber.get(number);
  }

  /** The one that has this pid now, else the last that had it. */
  byPid(pid: number): ProcessRecord | undefined {
    return this.#live.get(pid) ?? this.#ended.findLast((each) => each.pid === pid);
  }

  /** The one that began at that moment, in nanoseconds of the boot clock; or in ticks where only /proc has told of it. */
  byName(pid: number, start: string): ProcessRecord | undefined {
    const known = this.#byName.get(`${pid}:${start}`);
    if (known !== undefined) return known;
    const live = this.#live.get(pid);
    return live !== undefined && String(live.startTicks) === start ? live : undefined;
  }

  /** Its number by `PID:START`; made where it is new, since samples may come before events. */
  numberOf(name: string, comm: string, now: number): number {
    const known = this.#byName.get(name);
    if (known !== undefined) return known.number;
    const [pid = 0, start = 0n] = [Number(name.split(':')[0]), BigInt(name.split(':')[1] ?? 0)];
    const record = this.#identified(pid, start, this.#bornAt(start, now));
    if (record.comm === '') record.comm = comm;
    return record.number;
  }

  /** @param time of the event, in ms since 1970 */
  add(events: BriefEvents, index: number, time: number): void {
    switch (events.kindAt(index)) {
      case 'fork':
        this.#fork(events, index, time);
        return;
      case 'exec':
        this.#exec(events, index, time);
        return;
      case 'failed-exec':
        this.#of(events, index, time);
        return;
      case 'exit':
        this.#exit(events, index, time);
        return;
      case 'lost':
        this.#countAgain(time);
    }
  }

  /** Those that ran in a span, in the order of their births. */
  in(span: Span): ProcessRecord[] {
    const ran = (each: ProcessRecord): boolean =>
      each.bornAt <= span.to && (each.end === undefined || each.end.at >= span.from);
    return [...this.#byNumber.values()].filter(ran);
  }

  /** All that is known of a process. */
  describe(record: ProcessRecord): void {
    if (record.described || record.end !== undefined) return;
    record.described = true;
    // Of most its events have said it all.
    if (record.argv !== undefined && record.uid !== undefined && record.cgroup !== undefined)
      return;
    const known = this.#options.describe(record.pid);
    if (known === undefined) return;
    record.argv ??= known.argv;
    record.uid ??= known.uid;
    record.containerId ??= known.containerId;
    record.cgroup ??= known.cgroup;
  }

  /** Whether a process is another one, or below it. */
  isBelow(number: number, root: number): boolean {
    let at = number;
    for (let step = 0; step < MAX_ANCESTORS && at !== 0; step++) {
      if (at === root) return true;
      at = this.#byNumber.get(at)?.parent ?? 0;
    }
    return false;
  }

  /** What ended before the kept time, or is too much. Called some times a minute. */
  forget(now: number): void {
    const { keepMs, maxEnded } = this.#options;
    const excess = this.#ended.length - maxEnded;
    let gone = this.#ended.findIndex(({ end }) => (end?.at ?? 0) >= now - keepMs);
    if (gone < 0) gone = this.#ended.length;
    // A tenth more than is too much, so that a storm does not come here for each process.
    if (excess > 0) gone = Math.max(gone, excess + Math.floor(maxEnded / 10));
    if (gone === 0) return;
    const forgotten = this.#ended.splice(0, gone);
    const parents = new Map(forgotten.map(({ number, parent }) => [number, parent]));
    for (const each of forgotten) {
      this.#byNumber.delete(each.number);
      if (each.startTime !== undefined) this.#byName.delete(`${each.pid}:${each.startTime}`);
    }
    const heirs = new Map<number, number>();
    for (const { number, forgottenBelow } of forgotten) {
      // The nearest ancestor that is still known.
      let heir = number;
      while (parents.has(heir)) heir = parents.get(heir) ?? 0;
      heirs.set(number, heir);
      const record = this.#byNumber.get(heir);
      if (record !== undefined) record.forgottenBelow += 1 + forgottenBelow;
    }
    for (const record of this.#byNumber.values())
      record.parent = heirs.get(record.parent) ?? record.parent;
    this.#options.giveTo(heirs);
  }

  #fork(events: BriefEvents, index: number, time: number): void {
    const parent = this.#of(events, index, time);
    const child = this.#make(events.childPidAt(index), time);
    this.#identify(child, events.childStartTimeAt(index));
    child.ppid = events.pidAt(index);
    child.parent = parent.number;
    child.comm = events.commAt(index);
    child.uid = events.uidAt(index);
    child.argv = parent.argv;
    setCgroup(child, events, index);
  }

  #exec(events: BriefEvents, index: number, time: number): void {
    const record = this.#of(events, index, time);
    record.argv = this.#shownArgv(events, index);
    record.execs++;
    setCgroup(record, events, index);
  }

  #exit(events: BriefEvents, index: number, time: number): void {
    const record = this.#of(events, index, time);
    record.argv ??= this.#shownArgv(events, index);
    const { exitCode, signal, coreDumped } = events.endAt(index);
    this.#end(record, { at: time, exitCode, signal, coreDumped });
  }

  #shownArgv(events: BriefEvents, index: number): readonly string[] | undefined {
    const argv = events.argvAt(index);
    return argv === null ? undefined : this.#options.shown(argv);
  }

  /** The process of an event. */
  #of(events: BriefEvents, index: number, time: number): ProcessRecord {
    const startTime = events.startTimeAt(index);
    const ppid = events.ppidAt(index);
    const record = this.#identified(events.pidAt(index), startTime, this.#bornAt(startTime, time));
    record.comm = events.commAt(index);
    record.uid = events.uidAt(index);
    record.ppid = ppid;
    if (record.parent === 0 && ppid > 0) {
      const parent =
        this.#byName.get(`${ppid}:${events.parentStartTimeAt(index)}`) ?? this.#live.get(ppid);
      record.parent = parent === record ? 0 : (parent?.number ?? 0);
    }
    return record;
  }

  #identified(pid: number, startTime: bigint, bornAt: number): ProcessRecord {
    const known = this.#byName.get(`${pid}:${startTime}`);
    if (known !== undefined) return known;
    const live = this.#live.get(pid);
    if (live !== undefined && live.startTime === undefined) {
      const ticks = ticksFromBoottime(startTime, this.#options.procfs.clockTicksPerSecond);
      if (live.startTicks === undefined || live.startTicks === ticks) {
        this.#identify(live, startTime);
        return live;
      }
    }
    const record = this.#make(pid, bornAt);
    this.#identify(record, startTime);
    return record;
  }

  #identify(record: ProcessRecord, startTime: bigint): void {
    record.startTime = startTime;
    this.#byName.set(`${record.pid}:${startTime}`, record);
  }

  /** In the place of one whose end nobody saw. */
  #make(pid: number, bornAt: number): ProcessRecord {
    const before = this.#live.get(pid);
    if (before !== undefined) this.#end(before, unseenEnd(bornAt));
    const record = new ProcessRecord(this.#next++, pid, bornAt);
    this.#live.set(pid, record);
    this.#byNumber.set(record.number, record);
    return record;
  }

  #end(record: ProcessRecord, end: NonNullable<ProcessRecord['end']>): void {
    if (record.end !== undefined) return;
    record.end = end;
    if (this.#live.get(record.pid) === record) this.#live.delete(record.pid);
    this.#ended.push(record);
  }

  /** After a loss: who is gone has ended, as far as anybody knows. */
  #countAgain(now: number): void {
    for (const record of [...this.#live.values()]) {
      if (this.#stat(record.pid) === undefined) this.#end(record, unseenEnd(now));
    }
    for (const pid of this.#options.procfs.pids()) if (!this.#live.has(pid)) this.#fromProcfs(pid);
  }

  #fromProcfs(pid: number): void {
    const stat = this.#stat(pid);
    if (stat === undefined || this.#live.has(pid)) return;
    const { bootTimeMs, procfs } = this.#options;
    const startNs = boottimeFromTicks(stat.startTimeTicks, procfs.clockTicksPerSecond);
    const bornAt = bootTimeMs + Number(startNs) / 1e6;
    const record = this.#make(pid, bornAt);
    record.startTicks = stat.startTimeTicks;
    record.comm = stat.comm;
    record.ppid = stat.ppid;
    record.kernelThread = stat.kernelThread;
    record.parent = stat.ppid > 0 ? (this.#live.get(stat.ppid)?.number ?? 0) : 0;
  }

  #stat(pid: number) {
    try {
      return this.#options.procfs.stat(pid);
    } catch (error) {
      if (error instanceof ProcfsError) return undefined;
      throw error;
    }
  }

  #bornAt(startTime: bigint, now: number): number {
    return Math.min(this.#options.bootTimeMs + ms(startTime), now);
  }
}

/** The start as others are told it: what is known of it. */
export function startOf({ startTime, startTicks }: ProcessRecord): string {
  return String(startTime ?? startTicks ?? 0);
}

const ms = (nanoseconds: bigint): number => Number(nanoseconds / 1000n) / 1000;

const unseenEnd = (at: number) => ({ at, exitCode: undefined, signal: null, coreDumped: false });

function setCgroup(record: ProcessRecord, events: BriefEvents, index: number): void {
  const cgroup = events.cgroupAt(index);
  record.containerId = cgroup?.containerId;
  record.cgroup = cgroup?.path;
}
