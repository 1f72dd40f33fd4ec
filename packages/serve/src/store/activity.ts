/**
 * What the curves above the page show: for each second, CPU and how much began, ended, failed and was lost.
 */

import type { Span } from './span.ts';

export interface ActivitySecond {
  /** Seconds since 1970. */
  readonly second: number;
  /** Milliseconds of all CPUs together; undefined until that second's samples have come. */
  cpuMs: number | undefined;
  execs: number;
  forks: number;
  exits: number;
  /** Exits other than 0, ends by signal, failed execs. */
  failures: number;
  lostEvents: number;
  lostSamples: number;
  /** That ran at its end. */
  processes: number;
}

export type EventCount = 'execs' | 'forks' | 'exits' | 'failures' | 'lostEvents';

export class Activity {
  readonly #keepMs: number;
  #seconds: ActivitySecond[] = [];

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** At `time`, in milliseconds since 1970. */
  count(what: EventCount, time: number, by = 1): void {
    const second = this.#at(time);
    if (second !== undefined) second[what] += by;
  }

  /** Samples of a cycle, spread over its seconds. */
  addCpu(span: Span, cpuMs: number, lostSamples: number): void {
    const length = Math.max(span.to - span.from, 1);
    for (let from = span.from; from < span.to; ) {
      const to = Math.min(span.to, (Math.floor(from / 1000) + 1) * 1000);
      const second = this.#at(from);
      const share = (to - from) / length;
      if (second !== undefined) second.cpuMs = (second.cpuMs ?? 0) + cpuMs * share;
      from = to;
    }
    const last = this.#at(span.to);
    if (last !== undefined && lostSamples > 0) last.lostSamples += lostSamples;
  }

  setProcesses(count: number, now: number): void {
    const second = this.#at(now);
    if (second !== undefined) second.processes = count;
  }

  in({ from, to }: Span): ActivitySecond[] {
    const [first, last] = [Math.floor(from / 1000), Math.floor(to / 1000)];
    return this.#seconds.filter(({ second }) => second >= first && second <= last);
  }

  forget(now: number): void {
    const oldest = Math.floor((now - this.#keepMs) / 1000);
    const gone = this.#seconds.findIndex(({ second }) => second >= oldest);
    if (gone > 0) this.#seconds.splice(0, gone);
  }

  /** Undefined for what is older than all that is kept. */
  #at(time: number): ActivitySecond | undefined {
    const wanted = Math.floor(time / 1000);
    const first = this.#seconds[0]?.second;
    const last = this.#seconds.at(-1);
    if (last === undefined || first === undefined) return this.#push(wanted, 0);
    if (wanted > last.second) {
      // Seconds in which nothing happened are there too; a clock that was set forward leaves a gap.
      const from = Math.max(last.second + 1, wanted - this.#keepMs / 1000);
      for (let second = from; second < wanted; second++) this.#push(second, last.processes);
      return this.#push(wanted, last.processes);
    }
    return this.#seconds.findLast(({ second }) => second === wanted);
  }

  #push(second: number, processes: number): ActivitySecond {
    const made: ActivitySecond = {
      second,
      cpuMs: undefined,
      execs: 0,
      forks: 0,
      exits: 0,
      failures: 0,
      lostEvents: 0,
      lostSamples: 0,
      processes,
    };
    this.#seconds.push(made);
    return made;
  }
}

/** The columns of a second, in their order. */
export const ACTIVITY_COLUMNS = [
  'second',
  'cpuMs',
  'execs',
  'forks',
  'exits',
  'failures',
  'lostEvents',
  'lostSamples',
  'processes',
] as const;

/** A second as others are sent it. */
export function activityRow(second: ActivitySecond): (number | null)[] {
  return ACTIVITY_COLUMNS.map((name) => {
    const value = second[name];
    return value === undefined ? null : Math.round(value * 10) / 10;
  });
}
