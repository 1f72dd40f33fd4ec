/**
 * What ran, summed up: programs by runs, failures, lifetimes and CPU; who started them; the slowest and the failed
 * with their arguments. It takes no more memory on a host that runs for a month: programs beyond a number are summed
 * as others, lists are short, and arguments are cut.
 */

import type { ExecEvent, ExitEvent, FailedExecEvent, ProcessEvent } from '@waggle/core';
import { Largest, PeakSecond } from './tops.ts';

const PROGRAMS_MAX = 2000;
const STARTERS_MAX = 2000;
export const LIST_LENGTH = 10;
/** Of the arguments of a process in a list. */
const ARGV_CHARACTERS = 1000;
export const OTHERS = '[others]';

export interface ProgramSums {
  readonly program: string;
  /** That have ended. */
  runs: number;
  failed: number;
  totalNs: bigint;
  longestNs: bigint;
  userNs: bigint;
  systemNs: bigint;
  maxRssBytes: bigint;
}

interface Starter {
  readonly program: string;
  /** Programs that its processes have started. */
  started: number;
  /** Most in a second. */
  readonly peak: PeakSecond;
}

export type Ended = ExitEvent | FailedExecEvent;

export class RunSummary {
  readonly programs = new Map<string, ProgramSums>();
  readonly starters = new Map<string, Starter>();
  readonly slowest = new Largest<ExitEvent>(LIST_LENGTH, ({ lifetimeNs }) => lifetimeNs);
  /** The latest last. */
  readonly failures: Ended[] = [];
  readonly peak = new PeakSecond();
  execs = 0;
  ended = 0;
  failed = 0;
  failedExecs = 0;
  lost = 0;
  userNs = 0n;
  systemNs = 0n;
  /** Of the first and the last event, ns since 1970. */
  from: bigint | undefined;
  to: bigint | undefined;

  add(event: ProcessEvent): void {
    if (event.event === 'lost') {
      this.lost += event.count;
      return;
    }
    this.from ??= event.time;
    this.to = event.time;
    if (event.event === 'exec') this.#addExec(event);
    else if (event.event === 'exit') this.#addExit(event);
    else if (event.event === 'failed-exec') {
      this.failedExecs++;
      this.#addFailure(event);
    }
  }

  #addExec({ parentComm, time }: ExecEvent): void {
    const second = Number(time / 1_000_000_000n);
    this.execs++;
    this.peak.add(second);
    const starter = bounded(this.starters, parentComm ?? '?', STARTERS_MAX, (program) => ({
      ...{ program, started: 0, peak: new PeakSecond() },
    }));
    starter.started++;
    starter.peak.add(second);
  }

  #addExit(event: ExitEvent): void {
    const sums = bounded(this.programs, programOf(event), PROGRAMS_MAX, (program) => ({
      ...{ program, runs: 0, failed: 0, totalNs: 0n, longestNs: 0n },
      ...{ userNs: 0n, systemNs: 0n, maxRssBytes: 0n },
    }));
    const { lifetimeNs, userNs, systemNs, maxRssBytes } = event;
    this.ended++;
    sums.runs++;
    sums.totalNs += lifetimeNs;
    if (lifetimeNs > sums.longestNs) sums.longestNs = lifetimeNs;
    sums.userNs += userNs;
    sums.systemNs += systemNs;
    this.userNs += userNs;
    this.systemNs += systemNs;
    if (maxRssBytes > sums.maxRssBytes) sums.maxRssBytes = maxRssBytes;
    this.slowest.add(withShortArguments(event));
    if (event.exitCode === 0 && event.signal === null) return;
    this.failed++;
    sums.failed++;
    this.#addFailure(event);
  }

  #addFailure(event: Ended): void {
    this.failures.push(withShortArguments(event));
    if (this.failures.length > LIST_LENGTH) this.failures.shift();
  }
}

/** The program's name: of its path where that is known. */
function programOf({ filename, comm }: ExitEvent): string {
  return filename === null ? comm : filename.slice(filename.lastIndexOf('/') + 1);
}

function bounded<Value>(
  map: Map<string, Value>,
  key: string,
  limit: number,
  make: (key: string) => Value,
): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const name = map.size < limit ? key : OTHERS;
  const value = map.get(name) ?? make(name);
  map.set(name, value);
  return value;
}

function withShortArguments<Event extends Ended>(event: Event): Event {
  const { argv } = event;
  if (argv === null) return event;
  let left = ARGV_CHARACTERS;
  const kept = argv.findIndex((argument) => {
    left -= argument.length + 1;
    return left < 0;
  });
  if (kept < 0) return event;
  const last = argv[kept]?.slice(0, ARGV_CHARACTERS) ?? '';
  return { ...event, argv: [...argv.slice(0, kept), last], argvTruncated: true };
}
