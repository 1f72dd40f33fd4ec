/**
 * What the pictures show, in words and in order: for screen readers, braille and terminals without a cursor. Each
 * report says what is so now, and what has failed since the one before.
 */

import { printable, shortDuration, shortSize } from '@waggle/text';
import type { LoggedEvent } from '../model/logged-event.ts';
import type { ProcessRow } from '../model/process-row.ts';
import type { LiveData } from './live-data.ts';

export interface SpokenReportOptions {
  userName(uid: number): string;
  /** As it may be shown: arguments hidden where they may be secret. */
  commandText(argv: readonly string[]): string;
  passes(row: ProcessRow): boolean;
}

const MAX_PROCESSES = 5;
const MAX_FAILURES = 10;
/** Time over which samples tell a share; what is below is not said. */
const SAMPLED_MS = 5000;
const WORTH_SAYING_PERCENT = 1;

export class SpokenReport {
  readonly #data: LiveData;
  readonly #options: SpokenReportOptions;
  readonly #frequencyHz: number;
  /** Events that were there at the last report. */
  #reported = 0;

  constructor(data: LiveData, frequencyHz: number, options: SpokenReportOptions) {
    this.#data = data;
    this.#frequencyHz = frequencyHz;
    this.#options = options;
  }

  /** The lines of a report. Text of others is harmless in them. */
  lines(): string[] {
    const { now } = this.#data;
    const { cpuPercent, cpus, processes, execs, lostEvents, lostSamples } = this.#data.figures();
    const clock = new Date(now).toTimeString().slice(0, 8);
    const last = cpuPercent.at(-1);
    const cpu =
      last === undefined ? 'CPU not known yet' : `CPU ${Math.round(last)} of ${cpus * 100} percent`;
    const started = Math.round(execs.at(-1) ?? 0);
    const lost = lostEvents + lostSamples;
    return [
      `${clock}: ${cpu}, ${counted(processes, 'process', 'processes')}, ${counted(started, 'exec', 'execs')} a second`,
      ...(lost > 0 ? [`lost: ${lostEvents} events, ${lostSamples} samples`] : []),
      ...this.#busiest(now),
      ...this.#failures(),
    ];
  }

  #busiest(now: number): string[] {
    const samples = this.#data.measures.of('cpu');
    const sampled = samples.perProcess(SAMPLED_MS, now);
    const seconds = Math.min(SAMPLED_MS, samples.ageMs(now)) / 1000;
    const functions = samples.busiestFunctions(SAMPLED_MS, now);
    return this.#data.processes
      .rows(now)
      .filter((row) => row.end === undefined && this.#options.passes(row))
      .map((row) => {
        const counted = sampled.get(row.pid) ?? 0;
        const bySamples = (counted / (this.#frequencyHz * seconds)) * 100;
        return { row, counted, percent: Math.max(row.cpuPercent, bySamples) };
      })
      .filter(({ percent }) => percent >= WORTH_SAYING_PERCENT)
      .sort((a, b) => b.percent - a.percent || a.row.pid - b.row.pid)
      .slice(0, MAX_PROCESSES)
      .map(({ row, counted, percent }) => {
        const most = functions.get(row.pid);
        const where =
          most === undefined || counted === 0
            ? ''
            : `, most in ${printable(samples.table.frame(most.frame).name)} (${Math.round((most.count / counted) * 100)} percent of it)`;
        const user =
          row.uid === undefined ? '' : ` of ${printable(this.#options.userName(row.uid))}`;
        const memory = row.rssBytes > 0 ? `, memory ${shortSize(row.rssBytes)}` : '';
        return `${percent.toFixed(1)} percent: ${this.#nameOf(row.comm, row.argv)}, process ${row.pid}${user}${memory}${where}`;
      });
  }

  #failures(): string[] {
    const { events } = this.#data;
    const failed: number[] = [];
    for (let number = Math.max(this.#reported, events.first); number < events.total; number++)
      if (events.hasFailed(number)) failed.push(number);
    this.#reported = events.total;
    // The newest first, until there are enough: one that looks for a program along PATH fails alike in each folder.
    const times = new Map<string, number>();
    let more = 0;
    for (const number of failed.toReversed()) {
      const text = more > 0 ? '' : this.#failureText(events.at(number));
      const isTold = more === 0 && (times.size < MAX_FAILURES || times.has(text));
      if (isTold) times.set(text, (times.get(text) ?? 0) + 1);
      else more++;
    }
    return [
      ...(more > 0 ? [`${counted(more, 'failure', 'failures')} before these`] : []),
      ...[...times]
        .toReversed()
        .map(([text, count]) => (count > 1 ? `${text}, ${count} times` : text)),
    ];
  }

  #failureText({ outcome, comm, argv, pid, kind, lifetimeMs }: LoggedEvent): string {
    if (kind === 'lost') return `lost: ${outcome}`;
    const lived = lifetimeMs === undefined ? '' : `, after ${shortDuration(lifetimeMs)}`;
    return `failed with ${outcome}: ${this.#nameOf(comm, argv)}, process ${pid}${lived}`;
  }

  #nameOf(comm: string, argv: readonly string[] | undefined): string {
    return argv === undefined || argv.length === 0
      ? printable(comm)
      : this.#options.commandText(argv);
  }
}

const counted = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;
