// Hosts made of one recorded stream: `waggle trace --json > FILE`. Each has a boot, a rate, a phase, and arguments of
// its own, so that neither a store's compression nor its index sees one host a thousand times.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type LoggedEvent, logRecordOf } from '../src/records/log-record.ts';
import type { Draft } from '../src/schema/codec.ts';

type Line = Readonly<Record<string, unknown>> & {
  readonly event: string;
  readonly time: string;
  readonly pid: number;
  readonly startTime: string;
};

/** What the contract of `trace --json` has as text because JSON's numbers are too short for it. */
const LONG = ['startTime', 'lifetimeNs', 'userNs', 'systemNs', 'maxRssBytes', 'readBytes'];
const LOGGED = ['exec', 'exit', 'failed-exec'];

interface Recorded {
  /** Since the first, in ms. */
  readonly at: number;
  readonly line: Line;
}

/** A recording that goes round. */
export class Recording {
  readonly events: readonly Recorded[];
  readonly spanMs: number;

  constructor(path: string) {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line)
      .filter(({ event }) => LOGGED.includes(event));
    const [first] = lines;
    if (first === undefined) throw new Error(`${path} has no events: waggle trace --json > FILE`);
    const start = Date.parse(first.time);
    this.events = lines.map((line) => ({ at: Date.parse(line.time) - start, line }));
    this.spanMs = Math.max(...this.events.map(({ at }) => at)) + 1;
  }

  /** Events a second, as they were. */
  get rate(): number {
    return this.events.length / (this.spanMs / 1000);
  }
}

/** Around 1, with a long tail: half of the hosts between 0.5 and 2. */
function logNormal(): number {
  const normal =
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.exp(normal);
}

export class RecordedHost {
  readonly name: string;
  readonly bootId = randomBytes(16).toString('hex');
  readonly #recording: Recording;
  readonly #pace: number;
  #position: number;
  /** Of the recording's time, of which this host has seen so much. */
  #seen = 0;

  /** @param pace of a host in the middle: 1 is the recording's own */
  constructor(name: string, recording: Recording, pace: number) {
    this.name = name;
    this.#recording = recording;
    this.#pace = pace * logNormal();
    this.#position = Math.floor(Math.random() * recording.events.length);
  }

  get rate(): number {
    return this.#pace * this.#recording.rate;
  }

  /** What happens within the next `ms`, as log records at `now`. */
  *next(ms: number, now: number): Generator<Draft<'LogRecord'>> {
    const { events, spanMs } = this.#recording;
    let left = ms * this.#pace;
    for (;;) {
      const current = events[this.#position];
      const next = events[(this.#position + 1) % events.length];
      if (current === undefined || next === undefined) return;
      const gap = (next.at - current.at + spanMs) % spanMs;
      if (this.#seen + left < gap) {
        this.#seen += left;
        return;
      }
      left -= gap - this.#seen;
      this.#seen = 0;
      this.#position = (this.#position + 1) % events.length;
      yield this.#record(next.line, now);
    }
  }

  #record(line: Line, now: number): Draft<'LogRecord'> {
    const time = BigInt(Math.floor(now * 1e6)) + BigInt(Math.floor(Math.random() * 1e9));
    const event: Record<string, unknown> = { ...line, time, bootTime: BigInt(line.startTime) };
    for (const name of LONG) if (typeof line[name] === 'string') event[name] = BigInt(line[name]);
    // Another turn is another process.
    const turn = Math.floor(now * 1000).toString();
    for (const name of ['processId', 'parentProcessId', 'eventId'])
      if (typeof line[name] === 'string')
        event[name] = this.bootId + line[name].slice(32).replace(/-(\d+)-/, `-$1${turn}-`);
    if (Array.isArray(line.argv)) event.argv = line.argv.map(varied);
    event.cgroup = '/system.slice/simulated.service';
    return logRecordOf(event as unknown as LoggedEvent, () => undefined);
  }
}

/** Numbers in arguments are others' numbers: pids, temporary names, offsets. */
const varied = (argument: string): string =>
  argument.replace(/\d{3,}/g, (digits) =>
    String(Math.floor(Math.random() * 10 ** Math.min(digits.length, 15))),
  );
