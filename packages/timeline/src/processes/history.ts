/**
 * What ran when, put together from the events of a recording: processes with their images, failures, parents
 * and ends. Bounded: what is beyond the limits is counted, since a recording may come from anybody.
 */

import type { RecordedEvent } from '../events/recorded-event.ts';
import { BootClock } from './boot-clock.ts';

/** More than a page can show and a browser hold. */
const MAX_PROCESSES = 200_000;
/** Of all texts together, in UTF-16 code units. */
const MAX_TEXT = 128 << 20;
/** Of one command line; more of it is not read in a page. */
const MAX_ARGUMENTS = 4096;
/** Images and failures of one process. */
const MAX_MARKS = 1000;
/** That a place in time was wrong by: more than a clock is slewed between two exits. */
const STEP_NS = 1e7;

interface Mark {
  /** Nanoseconds since the beginning of the recording. */
  at: number;
}

export interface Image extends Readonly<Mark> {
  readonly comm: string;
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
  readonly isCut: boolean;
  readonly cwd: string | null;
  readonly environ: readonly string[] | null;
  /** Standard input, output and error. */
  readonly stdio: readonly string[] | null;
}

interface Failure extends Readonly<Mark> {
  readonly error: string;
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
}

interface End {
  readonly at: number;
  readonly exitCode: number;
  readonly signal: string | null;
  readonly coreDumped: boolean;
  readonly lifetimeNs: number;
  readonly userNs: number | null;
  readonly systemNs: number | null;
  readonly maxRssBytes: number | null;
  readonly majorFaults: number | null;
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
}

export interface ProcessRecord {
  readonly pid: number;
  /** Of its parent when it was last heard of: the key that `history.get` takes. */
  parent: string | undefined;
  comm: string;
  uid: number | null;
  containerId: string | null;
  readonly images: Image[];
  readonly failures: Failure[];
  /** When it was first heard of, in nanoseconds since the beginning of the recording. */
  firstSeen: number;
  /** Boot time in nanoseconds. */
  readonly startTime: number;
  end: End | undefined;
  /** There are events of it; of others it is only known that they are somebody's parents. */
  isRecorded: boolean;
}

export class ProcessHistory {
  /** Events that said that something is missing, added up. */
  lost = 0;
  /** Processes that there was no room for. */
  leftOut = 0;
  /** Of the last event since then. */
  lastAt = 0;
  readonly #clock = new BootClock();
  /** Placed since the last exit by the time of day alone. */
  #unsettled: Mark[] = [];
  /** Of the last exit. */
  #settledAt = 0;
  #text = 0;
  readonly #processes = new Map<string, ProcessRecord>();
  readonly #unknown = new Set<string>();

  /** Nanoseconds since the Unix epoch of the first event. */
  get beganAt(): bigint | undefined {
    return this.#clock.beganAt;
  }

  get processes(): ReadonlyMap<string, ProcessRecord> {
    return this.#processes;
  }

  add(event: RecordedEvent): void {
    const at = this.#clock.placeOf(event);
    if (event.event === 'exit') this.#settle(at);
    this.lastAt = Math.max(this.lastAt, at);
    switch (event.event) {
      case 'fork': {
        const forking = this.#processOf(event, at);
        if (event.childStartTime === null) return;
        const child = this.#process(keyOf(event.childPid, event.childStartTime), at, {
          pid: event.childPid,
          startTime: Number(event.childStartTime),
          comm: event.comm,
        });
        if (child === undefined) return;
        child.isRecorded = true;
        child.parent ??= keyOf(event.pid, event.startTime);
        child.uid ??= event.uid;
        if (forking !== undefined) forking.uid ??= event.uid;
        return;
      }
      case 'exec': {
        const process = this.#processOf(event, at);
        if (process === undefined) return;
        process.uid = event.uid;
        process.containerId = event.containerId;
        process.comm = event.comm;
        if (process.images.length >= MAX_MARKS) return;
        const image = {
          at,
          comm: event.comm,
          filename: event.filename,
          ...this.#arguments(event.argv, event.argvTruncated),
          cwd: event.cwd,
          environ: this.#bounded(event.environ),
          stdio: this.#bounded(event.stdio),
        };
        process.images.push(image);
        this.#place(image);
        return;
      }
      case 'failed-exec': {
        const process = this.#processOf(event, at);
        if (process === undefined || process.failures.length >= MAX_MARKS) return;
        process.uid ??= event.uid;
        const { argv } = this.#arguments(event.argv, event.argvTruncated);
        const failure = { at, error: event.error, filename: event.filename, argv };
        process.failures.push(failure);
        this.#place(failure);
        return;
      }
      case 'exit': {
        const lifetimeNs = Number(event.lifetimeNs);
        const process = this.#processOf(event, at);
        if (process === undefined) return;
        process.firstSeen = Math.min(process.firstSeen, at - lifetimeNs);
        process.uid = event.uid ?? process.uid;
        process.containerId ??= event.containerId;
        process.comm = event.comm;
        // Its exec was not seen, but what it ran is known.
        if (process.images.length === 0 && event.argv !== null)
          process.images.push({
            at: process.firstSeen,
            comm: event.comm,
            filename: event.filename,
            ...this.#arguments(event.argv, event.argvTruncated),
            cwd: null,
            environ: null,
            stdio: null,
          });
        const number = (numeral: string | null) => (numeral === null ? null : Number(numeral));
        process.end = {
          at,
          exitCode: event.exitCode,
          signal: event.signal,
          coreDumped: event.coreDumped ?? false,
          lifetimeNs,
          userNs: number(event.userNs),
          systemNs: number(event.systemNs),
          maxRssBytes: number(event.maxRssBytes),
          majorFaults: event.majorFaults,
          readBytes: number(event.readBytes),
          writeBytes: number(event.writeBytes),
        };
        return;
      }
      default:
        this.lost += event.count;
    }
  }

  /** When it began, in nanoseconds since the beginning of the recording; before it where negative. */
  startOf({ startTime, firstSeen }: ProcessRecord): number {
    return Math.min(this.#clock.placeOfBoot(startTime) ?? firstSeen, firstSeen);
  }

  /** Until the next exit says whether the clock was set meanwhile. */
  #place(mark: Mark): void {
    if (this.#unsettled.length < MAX_PROCESSES) this.#unsettled.push(mark);
  }

  /** An exit has its place for certain, and what came before it was not later. */
  #settle(at: number): void {
    if (this.lastAt > at + STEP_NS) {
      for (const mark of this.#unsettled) mark.at = Math.min(mark.at, at);
      this.lastAt = this.#settledAt;
    }
    this.#unsettled = [];
    this.#settledAt = Math.max(this.lastAt, at);
  }

  #processOf(
    event: Exclude<RecordedEvent, { readonly event: 'lost' | 'limited' | 'untracked' }>,
    at: number,
  ): ProcessRecord | undefined {
    const process = this.#process(keyOf(event.pid, event.startTime), at, {
      pid: event.pid,
      startTime: Number(event.startTime),
      comm: event.comm,
    });
    if (process === undefined) return undefined;
    process.isRecorded = true;
    const parent = keyOfId(event.parentProcessId);
    if (parent === undefined || process.parent !== undefined) return process;
    process.parent = parent.key;
    // Who was there before the recording has no events of its own.
    this.#process(parent.key, at, { ...parent, comm: event.parentComm ?? String(parent.pid) });
    return process;
  }

  #process(
    key: string,
    at: number,
    made: { readonly pid: number; readonly startTime: number; readonly comm: string },
  ): ProcessRecord | undefined {
    const known = this.#processes.get(key);
    if (known !== undefined) {
      known.firstSeen = Math.min(known.firstSeen, at);
      return known;
    }
    if (this.#processes.size >= MAX_PROCESSES || this.#text > MAX_TEXT) {
      // A set that may grow as large as what is kept, and no larger.
      if (this.#unknown.size < MAX_PROCESSES && !this.#unknown.has(key)) {
        this.#unknown.add(key);
        this.leftOut++;
      }
      return undefined;
    }
    const process: ProcessRecord = {
      pid: made.pid,
      startTime: made.startTime,
      comm: made.comm,
      parent: undefined,
      uid: null,
      containerId: null,
      images: [],
      failures: [],
      firstSeen: at,
      end: undefined,
      isRecorded: false,
    };
    this.#processes.set(key, process);
    return process;
  }

  #arguments(
    argv: readonly string[] | null,
    argvTruncated: boolean | null,
  ): Pick<Image, 'argv' | 'isCut'> {
    const bounded = this.#bounded(argv);
    const isCut = argvTruncated === true || bounded?.length !== argv?.length;
    return { argv: bounded, isCut };
  }

  #bounded(words: readonly string[] | null): readonly string[] | null {
    if (words === null) return null;
    const kept: string[] = [];
    let room = Math.min(MAX_ARGUMENTS, MAX_TEXT - this.#text);
    for (const word of words) {
      if (room <= 0) break;
      kept.push(word.length > room ? `${word.slice(0, room)}\u2026` : word);
      room -= word.length + 1;
      this.#text += Math.min(word.length, MAX_ARGUMENTS);
    }
    return kept;
  }
}

/** What a process is known by. */
function keyOf(pid: number, startTime: string): string {
  return `${pid}-${startTime}`;
}

/** From `BOOT-PID-START-EXEC`. */
function keyOfId(
  id: string | null,
): { readonly key: string; readonly pid: number; readonly startTime: number } | undefined {
  const match = /-(\d{1,10})-(\d{1,20})-\d+$/.exec(id ?? '');
  if (match === null) return undefined;
  const [, pid = '', start = ''] = match;
  return { key: `${pid}-${start}`, pid: Number(pid), startTime: Number(start) };
}
