/**
 * Forks and execs of this cycle that the cache was not told of. Nearly all of these processes exec and end
 * before anybody asks who they are: so their records are kept as bytes, with where each is found, and become
 * entries when somebody asks the cache for anything, or when they outlive the cycle.
 */

import { execRecord, exitRecord, forkRecord, recordHeader, u53 } from '@waggle/bpf';
import type { ProcessUsage } from '@waggle/cache';
import {
  ARGV_CUT,
  EventBatch,
  type EventContext,
  type ExecEvent,
  type ForkEvent,
  usageAt,
} from '@waggle/events';
import { CommNames } from './comm-names.ts';

const AT = recordHeader.offset;
const FORK = forkRecord.offset;
const EXEC = execRecord.offset;

/** What a process has used: said by an event, or by the exit record that is kept at that place. */
type UsageSource = ProcessUsage | number | undefined;

/** A process: pids come again, start times do not. Nanoseconds, as near as a double has them. */
interface ProcessKey {
  readonly pid: number;
  readonly start: number;
}

/** Which image an index means is the same until clear(). */
export class RecentImages {
  /** The latest of each pid. */
  readonly #latest = new Map<number, number>();
  readonly #events = new EventBatch();
  /** The one that had the pid before, or -1. */
  readonly #earlier: number[] = [];
  readonly #pids: number[] = [];
  readonly #starts: number[] = [];
  readonly #execIds: number[] = [];
  readonly #comms: string[] = [];
  /** Which image says what it runs: itself if it was executed, or if only the cache knows its parent. */
  readonly #sources: number[] = [];
  /** 0: it runs, as far as is known. Milliseconds since 1970. */
  readonly #exitedAt: number[] = [];
  readonly #usages: UsageSource[] = [];
  /** Executed over, before it did anything by which it may be known. */
  readonly #isNothing: boolean[] = [];
  readonly #hasForked: boolean[] = [];
  /** It was not born in this cycle: the cache may have an earlier image of it. */
  readonly #isOlder: boolean[] = [];
  readonly #names = new CommNames();

  get length(): number {
    return this.#pids.length;
  }

  /** Bytes of records. */
  get bytes(): number {
    return this.#events.bytes;
  }

  /** The image that a process runs, or -1. */
  find(pid: number, start: number): number {
    let index = this.#latest.get(pid) ?? -1;
    while (index >= 0 && this.#starts[index] !== start) index = this.#earlier[index] ?? -1;
    return index;
  }

  /** Whom a fork has made. */
  addForkRecord(batch: EventBatch, at: number): void {
    const { memory } = batch;
    const { view } = memory;
    const place = batch.placeAt(at);
    const parent = this.find(
      view.getUint32(place + AT.tgid, true),
      u53(view, place + AT.start_boottime),
    );
    const execId = u53(view, place + AT.exec_id);
    this.#copy(batch, at);
    this.#add(
      view.getUint32(place + FORK.child_tgid, true),
      u53(view, place + FORK.child_start_boottime),
      execId,
      this.#names.at(memory, place + AT.comm),
      this.#sourceOf(parent, execId),
    );
  }

  addExecRecord(batch: EventBatch, at: number): void {
    const { memory } = batch;
    const { view } = memory;
    const place = batch.placeAt(at);
    const pid = view.getUint32(place + AT.tgid, true);
    const start = u53(view, place + AT.start_boottime);
    const before = this.#overwrite(pid, start);
    this.#copy(batch, at);
    const comm = this.#names.at(memory, place + AT.comm);
    this.#add(pid, start, u53(view, place + AT.exec_id), comm, this.length);
    this.#carryOver(before);
  }

  addFork(event: ForkEvent): void {
    const parent = this.find(event.pid, Number(event.startTime));
    this.#events.addMade({ ...event });
    const { childPid, childStartTime, execId, comm } = event;
    this.#add(childPid, Number(childStartTime), execId, comm, this.#sourceOf(parent, execId));
  }

  /** A child that others held back, with what it has done since its birth. */
  addBorn(others: RecentImages, index: number): void {
    const child = this.length;
    this.addFork(others.eventOf(index) as ForkEvent);
    this.#hasForked[child] = others.#hasForked[index] === true;
  }

  /** The event may be changed afterwards: secrets are blacked out, and not for the cache. */
  addExec(event: ExecEvent): void {
    const start = Number(event.startTime);
    const before = this.#overwrite(event.pid, start);
    this.#events.addMade({ ...event });
    this.#add(event.pid, start, event.execId, event.comm, this.length);
    this.#carryOver(before);
  }

  /** Every image of that process has ended. */
  markExited(latest: number, now: number, usage: UsageSource): void {
    for (const index of this.imagesOf(latest)) {
      this.#exitedAt[index] = now;
      this.#usages[index] = usage;
    }
  }

  /** All that the process of the image has been in this cycle, the oldest first. */
  imagesOf(latest: number): number[] {
    return this.#imagesOfPid(latest, true);
  }

  /** The images of the processes that had its pid before, the oldest first. */
  earlierOwnersOf(latest: number): number[] {
    return this.#imagesOfPid(latest, false);
  }

  /** Keeps the bytes of an exit record, which say what the process has used. */
  keepUsage({ memory }: EventBatch, place: number): number {
    return this.#events.append(memory.bytes, place, place + exitRecord.size);
  }

  /** What the process of the image has used, once it has ended. */
  usageOf(index: number): ProcessUsage | undefined {
    const usage = this.#usages[index];
    return typeof usage === 'number' ? usageAt(this.#events.memory.view, usage) : usage;
  }

  keyOf(index: number): ProcessKey {
    return { pid: this.#pids[index] ?? 0, start: this.#starts[index] ?? 0 };
  }

  execIdOf(index: number): number {
    return this.#execIds[index] ?? 0;
  }

  commOf(index: number): string {
    return this.#comms[index] ?? '';
  }

  /** The image whose fork or exec says what this one runs. */
  sourceOf(index: number): number {
    return this.#sources[index] ?? index;
  }

  exitedAt(index: number): number {
    return this.#exitedAt[index] ?? 0;
  }

  /** The cache may have an entry of the process. */
  isOlder(index: number): boolean {
    return this.#isOlder[index] === true;
  }

  hasEnded(pid: number, start: number): boolean {
    return this.exitedAt(this.find(pid, start)) > 0;
  }

  /** Nobody can have seen it: there is no need of an entry. */
  isNothing(index: number): boolean {
    return this.#isNothing[index] === true && this.#hasForked[index] !== true;
  }

  /** The process runs another image by now. */
  isOver(index: number): boolean {
    const { pid, start } = this.keyOf(index);
    return this.find(pid, start) !== index;
  }

  eventOf(index: number): ForkEvent | ExecEvent {
    return this.#events.at(index) as ForkEvent | ExecEvent;
  }

  isFork(index: number): boolean {
    return this.#events.kindAt(index) === 'fork';
  }

  /** Exact. */
  identityOf(index: number): { readonly pid: number; readonly startBoottimeNs: bigint } {
    const pid = this.#pids[index] ?? 0;
    if (this.#events.isMade(index)) {
      const event = this.eventOf(index);
      const startBoottimeNs = event.event === 'fork' ? event.childStartTime : event.startTime;
      return { pid, startBoottimeNs };
    }
    const { view } = this.#events.memory;
    const at = this.isFork(index) ? FORK.child_start_boottime : AT.start_boottime;
    return { pid, startBoottimeNs: view.getBigUint64(this.#events.placeAt(index) + at, true) };
  }

  /** Copies the program of an exec to an exit that is no object; false where only objects will do. */
  copyProgram(index: number, batch: EventBatch, at: number): boolean {
    if (this.#events.isMade(index)) return false;
    const { bytes, view } = this.#events.memory;
    const place = this.#events.placeAt(index);
    const filenameAt = place + EXEC.payload;
    const filenameBytes = view.getUint32(place + EXEC.filename_length, true);
    const argvBytes = view.getUint32(place + EXEC.argv_length, true);
    const copy = batch.append(bytes, filenameAt, filenameAt + filenameBytes + argvBytes);
    batch.setProgram(at, {
      filenameAt: copy,
      filenameEnd: copy + filenameBytes,
      argvAt: copy + filenameBytes,
      argvEnd: copy + filenameBytes + argvBytes,
      argvTruncated: (view.getUint16(place + AT.flags, true) & ARGV_CUT) !== 0,
    });
    return true;
  }

  clear(): void {
    this.#latest.clear();
    this.#events.clear();
    for (const column of [this.#pids, this.#starts, this.#execIds, this.#comms]) column.length = 0;
    for (const column of [this.#sources, this.#exitedAt, this.#isNothing]) column.length = 0;
    for (const column of [this.#hasForked, this.#isOlder, this.#earlier]) column.length = 0;
    this.#usages.length = 0;
  }

  #imagesOfPid(latest: number, isSameProcess: boolean): number[] {
    const start = this.#starts[latest];
    const images: number[] = [];
    for (let index = latest; index >= 0; index = this.#earlier[index] ?? -1)
      if ((this.#starts[index] === start) === isSameProcess) images.unshift(index);
    return images;
  }

  #copy(batch: EventBatch, at: number): void {
    const { context, memory } = batch;
    const place = batch.placeAt(at);
    // What an entry is made of depends on neither clock nor boot.
    this.#events.context ??= context as EventContext;
    const length = memory.view.getUint32(place + AT.size, true);
    this.#events.add(batch.typeAt(at), memory, place, length, batch.cgroupAt(at));
  }

  #add(pid: number, start: number, execId: number, comm: string, source: number): void {
    const index = this.#pids.length;
    this.#earlier.push(this.#latest.get(pid) ?? -1);
    this.#latest.set(pid, index);
    this.#pids.push(pid);
    this.#starts.push(start);
    this.#execIds.push(execId);
    this.#comms.push(comm);
    this.#sources.push(source);
    this.#exitedAt.push(0);
    this.#usages.push(undefined);
    this.#isNothing.push(false);
    this.#hasForked.push(false);
    this.#isOlder.push(false);
  }

  /** A child runs what its parent ran at the fork. */
  #sourceOf(parent: number, execId: number): number {
    if (parent < 0 || this.#execIds[parent] !== execId) return this.length;
    this.#hasForked[parent] = true;
    return this.#sources[parent] ?? this.length;
  }

  /** A process that has only been born so far runs a program now. */
  #overwrite(pid: number, start: number): number {
    const before = this.find(pid, start);
    if (before >= 0 && this.isFork(before)) this.#isNothing[before] = true;
    return before;
  }

  /** What stays over an exec. Of one that is told after the end, too. */
  #carryOver(before: number): void {
    const latest = this.length - 1;
    this.#isOlder[latest] = before < 0 || this.#isOlder[before] === true;
    this.#exitedAt[latest] = before < 0 ? 0 : this.exitedAt(before);
    this.#usages[latest] = before < 0 ? undefined : this.#usages[before];
  }
}
