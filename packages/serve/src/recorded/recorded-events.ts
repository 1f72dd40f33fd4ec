/**
 * The events that rows of a store tell of, as lines of `trace --json`: births, programs, ends, failures, losses. When a
 * process began its first program is not kept: it is taken to have been at once.
 */

import {
  type EarlierProgram,
  type HistoryFailure,
  type HistoryProcess,
  type HistoryProgram,
  momentsOf,
  type StoreReader,
  toMs,
} from '@waggle/store';
import { stringifyJson } from '@waggle/text';
import type { EventLine } from '../store/event-lines.ts';
import { hiddenArguments } from '../store/hidden-arguments.ts';
import type { Span } from '../store/span.ts';
import type { RecordedProcesses } from './recorded-processes.ts';
import { spanInNs } from './span-in-ns.ts';
import { numberOf, timeOf } from './store-problem.ts';
import { windowsBackOf } from './windows.ts';

const FIRST_WINDOW_MS = 30_000;
const MIN_WINDOW_MS = 1000;
const MAX_WINDOW_MS = 6 * 3_600_000;
/** Events of a window; where there are fewer the next one is longer, where there are more, shorter. */
const FEW = 300;
const MANY = 20_000;
/** Numbers of lines, the same whenever they are read: of a row, or of a moment, and what of it. */
const KINDS = 8;
const MOMENTS = 1n << 44n;
const numberAt = (ns: bigint, kind: number): number => Number(ns % MOMENTS) * KINDS + kind;
const NUMBERS = { fork: 0, exec: 1, exit: 2 } as const;
const [FAILED, LOST, LATER_EXEC] = [3, 4, 5] as const;

interface NumberedMoment {
  readonly number: number;
  readonly timeNs: bigint;
  readonly fields: () => object;
}

export class RecordedEvents {
  readonly #reader: StoreReader;
  readonly #processes: RecordedProcesses;
  readonly #reveal: boolean;

  constructor(reader: StoreReader, processes: RecordedProcesses, reveal: boolean) {
    this.#reader = reader;
    this.#processes = processes;
    this.#reveal = reveal;
  }

  /** The newest first; read as far as somebody reads on. */
  *of(span: Span): Iterable<EventLine> {
    let length = FIRST_WINDOW_MS;
    for (const window of windowsBackOf(this.#reader, span, () => length)) {
      const moments = this.#in(window);
      for (const { number, timeNs, fields } of moments)
        yield { number, time: toMs(timeNs), line: stringifyJson(fields()) };
      if (moments.length < FEW) length = Math.min(length * 2, MAX_WINDOW_MS);
      if (moments.length > MANY) length = Math.max(length / 2, MIN_WINDOW_MS);
    }
  }

  /** After the beginning of the window, until and with its end; the newest first. */
  #in(window: Span): NumberedMoment[] {
    const { sinceNs = 0n, untilNs = 0n } = spanInNs(window);
    const isIn = (ns: bigint | null): boolean => ns !== null && ns > sinceNs && ns <= untilNs;
    const there = this.#processes.in(window);
    const earlier = Map.groupBy(
      this.#reader.earlierPrograms(there.map(({ id }) => id)),
      ({ process }) => process,
    );
    const changed = there.filter(
      ({ id, startNs, endNs }) =>
        isIn(startNs) ||
        isIn(endNs) ||
        (earlier.get(id)?.some(({ untilNs: at }) => isIn(at)) ?? false),
    );
    const rows = this.#reader.processes(changed.map(({ id }) => id));
    const parents = new Map(rows.map((row) => [row.id, row]));
    const missing = new Set<number>();
    for (const { parent } of rows) if (parent !== null && !parents.has(parent)) missing.add(parent);
    for (const row of this.#reader.processes([...missing])) parents.set(row.id, row);
    const moments: NumberedMoment[] = [];
    for (const row of rows)
      moments.push(...this.#momentsOf(row, parents.get(row.parent ?? -1), earlier.get(row.id)));
    for (const entry of this.#reader.history({ sinceNs, untilNs, failed: true }))
      if (entry.event === 'failed-exec') moments.push(this.#failure(entry));
    moments.push(...this.#losses(sinceNs, untilNs));
    return moments
      .filter(({ timeNs }) => isIn(timeNs))
      .sort((a, b) => Number(b.timeNs - a.timeNs) || b.number - a.number);
  }

  #momentsOf(
    row: HistoryProcess,
    parent: HistoryProcess | undefined,
    earlier: readonly EarlierProgram[] = [],
  ): NumberedMoment[] {
    // Whose birth nobody saw has no parent.
    const told = momentsOf(row, earlier).filter(
      ({ kind }) => kind !== 'fork' || parent !== undefined,
    );
    return told.map(({ kind, timeNs, program, index }) => ({
      number: index > 0 ? numberAt(timeNs, LATER_EXEC) : row.id * KINDS + NUMBERS[kind],
      timeNs,
      fields: () => {
        if (kind === 'exec') return this.#exec(row, program, timeNs);
        return kind === 'exit' ? this.#exit(row, timeNs) : forkOf(row, parent ?? row);
      },
    }));
  }

  #exec(row: HistoryProcess, { comm, argv, filename }: HistoryProgram, timeNs: bigint): object {
    const { uid, containerId } = row;
    const { event, time, ...who } = whoOf('exec', row, timeNs);
    return { event, time, ...who, comm, filename, argv: this.#shown(argv), uid, containerId };
  }

  #exit(row: HistoryProcess, endNs: bigint): object {
    const { filename, argv, uid, containerId, exitCode, signal, coreDumped, majorFaults } = row;
    return {
      ...whoOf('exit', row, endNs),
      ...{ filename, argv: this.#shown(argv), uid, containerId, exitCode, signal, coreDumped },
      lifetimeNs: String(endNs - row.startNs),
      userNs: textOf(row.userNs),
      systemNs: textOf(row.systemNs),
      maxRssBytes: textOf(row.maxRssBytes),
      majorFaults,
      readBytes: textOf(row.readBytes),
      writeBytes: textOf(row.writeBytes),
    };
  }

  #failure(failure: HistoryFailure): NumberedMoment {
    const { timeNs, error, filename, argv, uid, containerId } = failure;
    return {
      number: numberAt(timeNs, FAILED),
      timeNs,
      fields: () => ({
        ...whoOf('failed-exec', failure, timeNs),
        error,
        // A whole command line that was taken for a path fails like this.
        filename: this.#reveal ? filename : (/^\S*/.exec(filename ?? '')?.[0] ?? null),
        argv: this.#shown(argv),
        ...{ uid, containerId },
      }),
    };
  }

  *#losses(sinceNs: bigint, untilNs: bigint): Iterable<NumberedMoment> {
    for (const row of this.#reader.sql(
      `SELECT rowid AS id, timeNs, count FROM loss WHERE timeNs > ${sinceNs} AND timeNs <= ${untilNs}`,
    )) {
      const timeNs = timeOf(row.timeNs, 'loss.timeNs');
      const count = numberOf(row.count, 'loss.count');
      yield {
        number: Number(row.id) * KINDS + LOST,
        timeNs,
        fields: () => ({ event: 'lost', time: timeText(timeNs), count }),
      };
    }
  }

  #shown(argv: readonly string[] | null): readonly string[] | null {
    return argv === null || this.#reveal ? argv : hiddenArguments(argv);
  }
}

function whoOf(
  event: string,
  { pid, ppid, startTime, comm }: HistoryProcess | HistoryFailure,
  timeNs: bigint,
) {
  const time = timeText(timeNs);
  return { event, time, pid, tid: pid, ppid, startTime: String(startTime), comm };
}

function forkOf(row: HistoryProcess, parent: HistoryProcess): object {
  return {
    ...whoOf('fork', parent, row.startNs),
    childPid: row.pid,
    childStartTime: String(row.startTime),
    uid: row.uid,
  };
}

const textOf = (value: bigint | null): string | null => (value === null ? null : String(value));

const SECOND = 1_000_000_000n;

/** RFC 3339 in UTC, with nanoseconds. */
function timeText(ns: bigint): string {
  const seconds = new Date(Number(ns / SECOND) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(ns % SECOND).padStart(9, '0')}Z`;
}
