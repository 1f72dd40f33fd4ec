/**
 * The last events, outside of the garbage collector's heap. Objects that live for some seconds are what it is
 * worst at: they grow old before they die, and a storm makes thousands a second. So numbers are in columns, records
 * in one ring of bytes, and an object is made of those that somebody looks at. What came as an object is there as
 * the text of what is shown of it.
 */

import { type BriefEvents, EventBytes } from '@waggle/core/plugins/brief-events';
import {
  hasFailed,
  KINDS,
  type LoggedEvent,
  type LoggedKind,
  type LoggedUsage,
  loggedOf,
} from './logged-event.ts';
import type { KnownPrograms } from './process-row.ts';

/** The last ones; what is older is forgotten. */
const MAX_EVENTS = 5000;
/** Of their records or texts; some 400 bytes each. Where they are longer there are fewer. */
const TEXT_BYTES = 3 * 1024 * 1024;
/** A longer one would push away too many others: of it the program is kept. */
const MAX_TEXT_BYTES = TEXT_BYTES / 16;
/** Of what is kept of it, each. */
const MAX_PART_UNITS = 4096;
/** UTF-8 of a UTF-16 unit. */
const MAX_BYTES_A_UNIT = 3;

const NO_USER = 0xffff_ffff;
const FAILED = 1;
const CUT = 2;
const IS_RECORD = 4;

type Texts = readonly [
  comm: string,
  parentComm: string | null,
  filename: string | null,
  argv: readonly string[],
  cwd: string | null,
  stdio: readonly string[] | null,
  environ: readonly string[] | null,
  outcome: string,
  usage: LoggedUsage | null,
];

/** Events have numbers, from 0 on; those from `first` until `total` are known. */
export class EventLog implements KnownPrograms {
  readonly #times = new Float64Array(MAX_EVENTS);
  /** Milliseconds; NaN where there is none. */
  readonly #lifetimes = new Float64Array(MAX_EVENTS);
  readonly #pids = new Uint32Array(MAX_EVENTS);
  readonly #ppids = new Uint32Array(MAX_EVENTS);
  readonly #uids = new Uint32Array(MAX_EVENTS);
  readonly #kinds = new Uint8Array(MAX_EVENTS);
  readonly #flags = new Uint8Array(MAX_EVENTS);
  readonly #starts = new Uint32Array(MAX_EVENTS);
  readonly #ends = new Uint32Array(MAX_EVENTS);
  /** Of records, which do not say it. */
  readonly #parentComms: (string | null)[] = new Array(MAX_EVENTS).fill(null);
  readonly #bytes = new Uint8Array(TEXT_BYTES);
  readonly #memory = { bytes: this.#bytes, view: new DataView(this.#bytes.buffer) };
  readonly #records = new EventBytes();
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  /** Where in the bytes the next one goes. */
  #at = 0;
  #first = 0;
  #total = 0;
  #lost = 0;

  /** Number of the oldest that is known. */
  get first(): number {
    return this.#first;
  }

  /** Events so far: the number of the next one. */
  get total(): number {
    return this.#total;
  }

  /** Events that the kernel made and nobody saw. */
  get lost(): number {
    return this.#lost;
  }

  /** @returns its number; undefined for what is not listed */
  add(events: BriefEvents, index: number): number | undefined {
    const kind = events.kindAt(index);
    if (kind === 'fork') return undefined;
    if (!events.isMade(index)) {
      const length = this.#records.lengthOf(events, index);
      if (length <= MAX_TEXT_BYTES) return this.#keepRecord(events, index, kind, length);
    }
    const event = events.at(index);
    if (event.event === 'lost') this.#lost += event.count;
    const logged = loggedOf(event);
    if (logged === undefined) return undefined;
    const text = textOf(logged);
    return text.length * MAX_BYTES_A_UNIT <= MAX_TEXT_BYTES
      ? this.#keep(logged, text)
      : this.#keepLarge(logged, text);
  }

  kindOf(number: number): LoggedKind {
    return KINDS[this.#kinds[this.#slot(number)] ?? 0] as LoggedKind;
  }

  pidOf(number: number): number {
    return this.#pids[this.#slot(number)] as number;
  }

  ppidOf(number: number): number {
    return this.#ppids[this.#slot(number)] as number;
  }

  hasFailed(number: number): boolean {
    return ((this.#flags[this.#slot(number)] ?? 0) & FAILED) !== 0;
  }

  /** @throws RangeError for one that is not known, or no longer */
  at(number: number): LoggedEvent {
    const slot = this.#slot(number);
    if (((this.#flags[slot] ?? 0) & IS_RECORD) !== 0) {
      const place = this.#starts[slot] as number;
      const event = this.#records.read(this.#memory, place, this.#parentComms[slot] ?? null);
      return { ...(loggedOf(event) as LoggedEvent), time: this.#times[slot] as number };
    }
    const bytes = this.#bytes.subarray(this.#starts[slot], this.#ends[slot]);
    const [comm, parentComm, filename, argv, cwd, stdio, environ, outcome, usage] = JSON.parse(
      this.#decoder.decode(bytes),
    ) as Texts;
    const uid = this.#uids[slot] as number;
    const lifetimeMs = this.#lifetimes[slot] as number;
    const flags = this.#flags[slot] as number;
    return {
      kind: KINDS[this.#kinds[slot] as number] as LoggedKind,
      time: this.#times[slot] as number,
      pid: this.#pids[slot] as number,
      ppid: this.#ppids[slot] as number,
      uid: uid === NO_USER ? undefined : uid,
      ...{ comm, parentComm, filename, argv, cwd, stdio, environ, outcome, usage },
      isCut: (flags & CUT) !== 0,
      failed: (flags & FAILED) !== 0,
      lifetimeMs: Number.isNaN(lifetimeMs) ? undefined : lifetimeMs,
    };
  }

  /** Undefined where it is not known, or no longer. */
  argvOf(number: number): readonly string[] | undefined {
    if (number < this.#first) return undefined;
    const { argv } = this.at(number);
    return argv.length === 0 ? undefined : argv;
  }

  /** The environment of a process when it last started a program before that time, where it is known. */
  environBefore(pid: number, time: number): readonly string[] | null {
    for (let number = this.#total - 1; number >= this.#first; number--) {
      if (this.pidOf(number) !== pid || this.kindOf(number) !== 'exec') continue;
      if ((this.#times[this.#slot(number)] as number) <= time) return this.at(number).environ;
    }
    return null;
  }

  #slot(number: number): number {
    if (!(number >= this.#first && number < this.#total))
      throw new RangeError(`event ${number} is not known`);
    return number % MAX_EVENTS;
  }

  /** Its length in bytes is what counts, which only long ones are asked for. */
  #keepLarge(event: LoggedEvent, text: string): number {
    if (Buffer.byteLength(text) <= MAX_TEXT_BYTES) return this.#keep(event, text);
    const short = (text: string) => text.slice(0, MAX_PART_UNITS);
    const cut: LoggedEvent = {
      ...event,
      ...{ comm: short(event.comm), parentComm: event.parentComm && short(event.parentComm) },
      ...{ argv: event.argv.slice(0, 1).map(short), outcome: short(event.outcome) },
      ...{ filename: null, cwd: null, stdio: null, environ: null, isCut: true },
    };
    return this.#keep(cut, textOf(cut));
  }

  #keep(event: LoggedEvent, text: string): number {
    const most = Math.min(text.length * MAX_BYTES_A_UNIT, MAX_TEXT_BYTES);
    const start = this.#roomFor(most);
    const room = this.#bytes.subarray(start, start + most);
    const end = start + this.#encoder.encodeInto(text, room).written;
    const { slot, number } = this.#next(start, end);
    this.#times[slot] = event.time;
    this.#lifetimes[slot] = event.lifetimeMs ?? Number.NaN;
    this.#pids[slot] = event.pid;
    this.#ppids[slot] = event.ppid;
    this.#uids[slot] = event.uid ?? NO_USER;
    this.#kinds[slot] = KINDS.indexOf(event.kind);
    this.#flags[slot] = (event.failed ? FAILED : 0) | (event.isCut ? CUT : 0);
    return number;
  }

  #keepRecord(events: BriefEvents, index: number, kind: LoggedKind, length: number): number {
    const start = this.#roomFor(length);
    this.#records.write(events, index, this.#memory, start);
    const { slot, number } = this.#next(start, start + length);
    const failed = kind === 'exit' ? hasFailed(events.endAt(index)) : kind === 'failed-exec';
    this.#times[slot] = events.timeMsAt(index);
    this.#pids[slot] = events.pidAt(index);
    this.#ppids[slot] = events.ppidAt(index);
    this.#kinds[slot] = KINDS.indexOf(kind);
    this.#flags[slot] = (failed ? FAILED : 0) | IS_RECORD;
    this.#parentComms[slot] = events.parentCommAt(index);
    return number;
  }

  /** Where so many bytes go; what was there is forgotten. */
  #roomFor(most: number): number {
    if (this.#at + most > TEXT_BYTES) {
      // What is behind it is older than what is before it.
      this.#forgetTexts(this.#at, TEXT_BYTES);
      this.#at = 0;
    }
    this.#forgetTexts(this.#at, this.#at + most);
    return this.#at;
  }

  /** The next event is there. */
  #next(start: number, end: number): { readonly slot: number; readonly number: number } {
    this.#at = end;
    if (this.#total - this.#first >= MAX_EVENTS) this.#first++;
    const number = this.#total++;
    const slot = number % MAX_EVENTS;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
    return { slot, number };
  }

  /** The oldest ones, as long as theirs are there. */
  #forgetTexts(from: number, until: number): void {
    while (this.#first < this.#total) {
      const start = this.#starts[this.#first % MAX_EVENTS] as number;
      if (start < from || start >= until) return;
      this.#first++;
    }
  }
}

function textOf(event: LoggedEvent): string {
  const { comm, parentComm, filename, argv, cwd, stdio, environ, outcome, usage } = event;
  const texts: Texts = [comm, parentComm, filename, argv, cwd, stdio, environ, outcome, usage];
  return JSON.stringify(texts);
}
