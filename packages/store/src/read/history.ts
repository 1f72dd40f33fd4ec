/** What a store knows of processes: what ran in a span, what failed, who was there at a moment. */

import type { Database } from 'bun:sqlite';
import { wordsOf } from '../interned/words.ts';
import { boundsOf, type HistorySpan, OVERLAPPING } from './bounds.ts';

export interface HistoryQuery extends HistorySpan {
  /** Failed execs, exits other than 0, ends by a signal; those that ended in the span. */
  readonly failed?: boolean | undefined;
  /** Name of a process. */
  readonly comm?: RegExp | undefined;
  /** No more than the newest so many; older ones are not read. */
  readonly newest?: number | undefined;
}

/** A process from birth to end. 64-bit numbers are bigint. */
export interface HistoryProcess {
  readonly event: 'process';
  readonly id: number;
  /** Row of the parent, if the store has it. */
  readonly parent: number | null;
  readonly pid: number;
  readonly ppid: number | null;
  /** Boot clock, ns. */
  readonly startTime: bigint;
  /** ns since 1970. */
  readonly startNs: bigint;
  /** Null while it runs. */
  readonly endNs: bigint | null;
  readonly comm: string;
  readonly argv: readonly string[] | null;
  readonly filename: string | null;
  readonly uid: number | null;
  readonly containerId: string | null;
  readonly cgroup: string | null;
  readonly execs: number;
  /** Null while it runs, and where nobody saw the end. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly coreDumped: boolean | null;
  readonly userNs: bigint | null;
  readonly systemNs: bigint | null;
  readonly maxRssBytes: bigint | null;
  readonly majorFaults: number | null;
  readonly readBytes: bigint | null;
  readonly writeBytes: bigint | null;
}

/** An exec that failed. */
export interface HistoryFailure {
  readonly event: 'failed-exec';
  /** ns since 1970. */
  readonly timeNs: bigint;
  readonly pid: number;
  readonly ppid: number | null;
  readonly startTime: bigint;
  readonly comm: string;
  /** Such as ENOENT. */
  readonly error: string;
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
  readonly uid: number | null;
  readonly containerId: string | null;
}

/** A process, or an exec that failed; told apart by `event`. */
export type HistoryEntry = HistoryProcess | HistoryFailure;

const FAILED = '(exitCode <> 0 OR signal IS NOT NULL)';

/** In the order of their time (births; ends where failures are asked for). */
export function* historyOf(database: Database, query: HistoryQuery): Generator<HistoryEntry> {
  const { newest } = query;
  if (newest === undefined) {
    yield* fitting(database, query, 'ASC');
    return;
  }
  const found: HistoryEntry[] = [];
  if (newest > 0)
    for (const entry of fitting(database, query, 'DESC')) {
      found.push(entry);
      if (found.length >= newest) break;
    }
  yield* found.reverse();
}

/** Who was there at a moment, parents before their children. */
export function processesAt(database: Database, timeNs: bigint): HistoryProcess[] {
  const rows = database
    .query(
      `SELECT * FROM processes WHERE id IN (${OVERLAPPING}) AND (endNs IS NULL OR endNs > ?1) ORDER BY startNs, id`,
    )
    .all(timeNs, timeNs);
  return (rows as Row[]).map(processOf);
}

type Order = 'ASC' | 'DESC';

function* fitting(database: Database, query: HistoryQuery, order: Order): Generator<HistoryEntry> {
  const { comm, failed = false } = query;
  const time = (entry: HistoryEntry) =>
    entry.event === 'failed-exec' ? entry.timeNs : failed ? (entry.endNs ?? 0n) : entry.startNs;
  const isFirst = (a: HistoryEntry, b: HistoryEntry) =>
    order === 'ASC' ? time(a) <= time(b) : time(a) > time(b);
  const all = [processesIn(database, query, order), failuresIn(database, query, order)] as const;
  for (const entry of merged(...all, isFirst))
    if (comm === undefined || comm.test(entry.comm)) yield entry;
}

function* processesIn(
  database: Database,
  query: HistoryQuery,
  order: Order,
): Generator<HistoryProcess> {
  const statement = query.failed
    ? database.query(
        `SELECT * FROM processes WHERE endNs >= ?1 AND endNs <= ?2 AND ${FAILED} ORDER BY endNs ${order}, id ${order}`,
      )
    : database.query(
        `SELECT * FROM processes WHERE ${query.sinceNs === undefined ? '?1 = ?1 AND startNs <= ?2' : `id IN (${OVERLAPPING})`} ORDER BY startNs ${order}, id ${order}`,
      );
  for (const row of statement.iterate(...boundsOf(query))) yield processOf(row as Row);
}

function* failuresIn(
  database: Database,
  query: HistoryQuery,
  order: Order,
): Generator<HistoryFailure> {
  const statement = database.query(
    `SELECT * FROM failed_execs WHERE timeNs >= ? AND timeNs <= ? ORDER BY timeNs ${order}, id ${order}`,
  );
  for (const row of statement.iterate(...boundsOf(query))) yield failureOf(row as Row);
}

function* merged(
  one: Iterator<HistoryEntry>,
  other: Iterator<HistoryEntry>,
  isFirst: (a: HistoryEntry, b: HistoryEntry) => boolean,
): Generator<HistoryEntry> {
  let [a, b] = [one.next(), other.next()];
  try {
    while (a.done !== true || b.done !== true) {
      if (b.done === true || (a.done !== true && isFirst(a.value, b.value))) {
        yield a.value;
        a = one.next();
      } else {
        yield b.value;
        b = other.next();
      }
    }
  } finally {
    // Statements that are not read to their end keep the database open.
    one.return?.();
    other.return?.();
  }
}

export type Row = Readonly<Record<string, string | bigint | null>>;

export function processOf(row: Row): HistoryProcess {
  return {
    event: 'process',
    id: Number(row.id),
    parent: numberOf(row.parent),
    pid: Number(row.pid),
    ppid: numberOf(row.ppid),
    startTime: timeOf(row.startTime),
    startNs: timeOf(row.startNs),
    endNs: typeof row.endNs === 'bigint' ? timeOf(row.endNs) : null,
    comm: textOf(row.comm) ?? '',
    argv: wordsOf(row.argv),
    filename: textOf(row.filename),
    uid: numberOf(row.uid),
    containerId: textOf(row.containerId),
    cgroup: textOf(row.cgroup),
    execs: Number(row.execs ?? 0),
    exitCode: numberOf(row.exitCode),
    signal: textOf(row.signal),
    coreDumped: row.coreDumped === null ? null : row.coreDumped === 1n,
    userNs: amountOf(row.userNs),
    systemNs: amountOf(row.systemNs),
    maxRssBytes: amountOf(row.maxRssBytes),
    majorFaults: numberOf(row.majorFaults),
    readBytes: amountOf(row.readBytes),
    writeBytes: amountOf(row.writeBytes),
  };
}

function failureOf(row: Row): HistoryFailure {
  return {
    event: 'failed-exec',
    timeNs: timeOf(row.timeNs),
    pid: Number(row.pid),
    ppid: numberOf(row.ppid),
    startTime: timeOf(row.startTime),
    comm: textOf(row.comm) ?? '',
    error: textOf(row.error) ?? '',
    filename: textOf(row.filename),
    argv: wordsOf(row.argv),
    uid: numberOf(row.uid),
    containerId: textOf(row.containerId),
  };
}

const numberOf = (value: string | bigint | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

const textOf = (value: string | bigint | null | undefined): string | null =>
  typeof value === 'string' ? value : null;

/** Years from 1970 to 2116. What is none was written by somebody else, or is damaged. */
const LAST_NS = 1n << 62n;
export const timeOf = (value: string | bigint | null | undefined): bigint =>
  typeof value === 'bigint' && value >= 0n && value < LAST_NS ? value : 0n;

const amountOf = (value: string | bigint | null | undefined): bigint | null =>
  typeof value === 'bigint' ? value : null;
