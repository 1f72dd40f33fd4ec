/** The curves of a store: as many steps as a page has room for, however long it is. */

import { type StoreReader, toMs, toNs } from '@waggle/store';
import type { ActivitySecond } from '../store/activity.ts';
import type { Gap, KeptActivity, Scope } from '../store/kept-host.ts';
import type { Span } from '../store/span.ts';
import { turns } from '../turns.ts';
import { type RecordedProcesses, WINDOW_MS } from './recorded-processes.ts';
import type { RecordedSamples } from './recorded-samples.ts';
import { spanInNs } from './span-in-ns.ts';
import { windowsOf } from './windows.ts';

/** Twice as many as pixels of a window. */
const MAX_STEPS = 2000;
/** Seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];
const DAY = 86_400;

export class RecordedActivity {
  readonly #reader: StoreReader;
  readonly #processes: RecordedProcesses;
  readonly #samples: RecordedSamples;

  constructor(reader: StoreReader, processes: RecordedProcesses, samples: RecordedSamples) {
    this.#reader = reader;
    this.#processes = processes;
    this.#samples = samples;
  }

  async in(span: Span, scope: Scope | undefined): Promise<KeptActivity> {
    const wanted = (span.to - span.from) / 1000 / MAX_STEPS;
    const step = STEPS.find((each) => each >= wanted) ?? Math.ceil(wanted / DAY) * DAY;
    const curve = new Curve(step);
    for (const { from, to, cpuMs, lost } of await this.#samples.curve(span, scope))
      curve.addCpu({ from, to }, span, cpuMs, lost);
    if (scope === undefined) await this.#addAll(curve, span, step);
    else await this.#addScope(curve, span, scope);
    const gaps: Gap[] = this.#reader
      .gaps(spanInNs(span))
      .map(({ fromNs, toNs, reason }) => ({ from: toMs(fromNs), to: toMs(toNs), reason }));
    return { step, seconds: curve.seconds(span), gaps };
  }

  async #addAll(curve: Curve, span: Span, step: number): Promise<void> {
    const pause = turns();
    for (const window of windowsOf(this.#reader, span, WINDOW_MS)) {
      const rows = this.#reader.activity(halfOpen(window), BigInt(step) * 1_000_000_000n);
      for (const { fromNs, births, execs, ends, failures, lost } of rows) {
        const row = curve.at(toMs(fromNs));
        row.forks += births;
        row.execs += execs;
        row.exits += ends;
        row.failures += failures;
        row.lostEvents += lost;
      }
      await pause();
    }
  }

  async #addScope(curve: Curve, span: Span, scope: Scope): Promise<void> {
    const pause = turns();
    for (const window of windowsOf(this.#reader, span, WINDOW_MS)) {
      const isIn = (ms: number): boolean => ms > window.from && ms <= window.to;
      const ids = this.#processes
        .in(window)
        .map(({ id }) => id)
        .filter(scope.has);
      for (const row of this.#reader.processes(ids)) {
        const [bornAt, endAt] = [toMs(row.startNs), row.endNs === null ? 0 : toMs(row.endNs)];
        if (isIn(bornAt)) {
          curve.at(bornAt).forks++;
          curve.at(bornAt).execs += row.execs;
        }
        if (!isIn(endAt)) continue;
        curve.at(endAt).exits++;
        if (row.signal !== null || (row.exitCode ?? 0) !== 0) curve.at(endAt).failures++;
      }
      await pause();
    }
  }
}

/** What is at both ends of two windows counts once. */
const halfOpen = ({ from, to }: Span) => ({ sinceNs: toNs(from), untilNs: toNs(to) - 1n });

class Curve {
  readonly #step: number;
  readonly #rows = new Map<number, ActivitySecond>();

  /** @param step seconds */
  constructor(step: number) {
    this.#step = step;
  }

  /** @param ms since 1970 */
  at(ms: number): ActivitySecond {
    const second = Math.floor(ms / 1000 / this.#step) * this.#step;
    const known = this.#rows.get(second);
    if (known !== undefined) return known;
    const row: ActivitySecond = {
      ...{ second, cpuMs: undefined, execs: 0, forks: 0, exits: 0, failures: 0 },
      ...{ lostEvents: 0, lostSamples: 0, processes: 0 },
    };
    this.#rows.set(second, row);
    return row;
  }

  /** Spread over its steps, those that are shown: a part may be as long as its host slept. */
  addCpu(span: Span, shown: Span, cpuMs: number, lost: number): void {
    const length = Math.max(span.to - span.from, 1);
    const stepMs = this.#step * 1000;
    const end = Math.min(span.to, shown.to);
    for (let from = Math.max(span.from, shown.from - stepMs); from < end; ) {
      const to = Math.min(end, (Math.floor(from / stepMs) + 1) * stepMs);
      const row = this.at(from);
      row.cpuMs = (row.cpuMs ?? 0) + (cpuMs * (to - from)) / length;
      from = to;
    }
    if (lost > 0) this.at(span.to).lostSamples += lost;
  }

  seconds({ from, to }: Span): ActivitySecond[] {
    const first = from / 1000 - this.#step;
    return [...this.#rows.values()]
      .filter(({ second }) => second > first && second <= to / 1000)
      .sort((a, b) => a.second - b.second);
  }
}
