/** What a replay of a store asks for, many times over: who is who in a short span, their images, and counts by time. */

import type { Database } from 'bun:sqlite';
import { wordsOf } from '../interned/words.ts';
import { boundedText } from '../schema/schema.ts';
import { boundsOf, type HistorySpan, OVERLAPPING } from './bounds.ts';
import { type HistoryProcess, processOf, type Row } from './history.ts';

/** Of a process what tells it from others, and when it was there. 64-bit numbers are bigint. */
export interface ProcessSpan {
  readonly id: number;
  /** Row of the parent, if the store has it. */
  readonly parent: number | null;
  readonly pid: number;
  /** Boot clock, ns. */
  readonly startTime: bigint;
  /** ns since 1970. */
  readonly startNs: bigint;
  /** Null while it runs. */
  readonly endNs: bigint | null;
}

/** A program that a process was until an exec made another of it. */
export interface EarlierProgram {
  /** Row of the process. */
  readonly process: number;
  /** When the next one took its place; ns since 1970. */
  readonly untilNs: bigint;
  readonly comm: string;
  readonly argv: readonly string[] | null;
  readonly filename: string | null;
}

/** What began, ended and was missed in a step of time. */
export interface ActivityStep {
  /** Since 1970; a multiple of the step. */
  readonly fromNs: bigint;
  readonly births: number;
  readonly execs: number;
  readonly ends: number;
  /** Ends other than 0, ends by a signal, failed execs. */
  readonly failures: number;
  /** Events that nobody saw. */
  readonly lost: number;
}

/** Ids in one question: their text is short, and they are few rows. */
const IDS_AT_ONCE = 500;

/** Who was there in a span. */
export function identitiesIn(database: Database, span: HistorySpan): ProcessSpan[] {
  const rows = database
    .query(
      `SELECT id, parent, pid, startTime, startNs, endNs FROM process WHERE id IN (${OVERLAPPING}) ORDER BY id`,
    )
    .all(...boundsOf(span));
  return (rows as Row[]).map((row) => {
    const { id, parent, pid, startTime, startNs, endNs } = processOf(row);
    return { id, parent, pid, startTime, startNs, endNs };
  });
}

/** Those that are there, in the order of their ids. */
export function processesOf(database: Database, ids: readonly number[]): HistoryProcess[] {
  return chunked(ids, (some) =>
    database.prepare(`SELECT * FROM processes WHERE id IN (${some}) ORDER BY id`).all(),
  ).map(processOf);
}

/** What processes were before they were what they are; the oldest first. */
export function earlierProgramsOf(database: Database, ids: readonly number[]): EarlierProgram[] {
  return chunked(ids, (some) =>
    database
      .prepare(
        `SELECT i.process, i.timeNs, ${boundedText('comm.value')} AS comm, ${boundedText('argv.value')} AS argv,
           ${boundedText('filename.value')} AS filename FROM image i
         LEFT JOIN text comm ON comm.id = i.comm LEFT JOIN text argv ON argv.id = i.argv LEFT JOIN text filename ON filename.id = i.filename
         WHERE i.process IN (${some}) ORDER BY i.process, i.timeNs`,
      )
      .all(),
  ).map(({ process, timeNs, comm, argv, filename }) => ({
    process: Number(process),
    untilNs: BigInt(timeNs ?? 0),
    comm: typeof comm === 'string' ? comm : '',
    argv: wordsOf(argv),
    filename: typeof filename === 'string' ? filename : null,
  }));
}

/** Steps in which nothing happened are left out. @param stepNs more than 0 */
export function activityOf(database: Database, span: HistorySpan, stepNs: bigint): ActivityStep[] {
  const steps = new Map<bigint, Record<keyof Omit<ActivityStep, 'fromNs'>, number>>();
  const add = (select: string, names: readonly (keyof Omit<ActivityStep, 'fromNs'>)[]): void => {
    const rows = database.query(select).all(...boundsOf(span), stepNs) as Row[];
    for (const { step, ...sums } of rows) {
      const at = BigInt(step ?? 0) * stepNs;
      const known = steps.get(at) ?? { births: 0, execs: 0, ends: 0, failures: 0, lost: 0 };
      for (const name of names) known[name] += Number(sums[name] ?? 0);
      steps.set(at, known);
    }
  };
  add(
    'SELECT startNs / ?3 AS step, count(*) AS births, sum(execs) AS execs FROM process WHERE startNs >= ?1 AND startNs <= ?2 GROUP BY 1',
    ['births', 'execs'],
  );
  add(
    `SELECT endNs / ?3 AS step, count(*) AS ends, sum(exitCode <> 0 OR signal IS NOT NULL) AS failures
     FROM process WHERE id IN (${OVERLAPPING}) AND endNs >= ?1 AND endNs <= ?2 GROUP BY 1`,
    ['ends', 'failures'],
  );
  add(
    'SELECT timeNs / ?3 AS step, count(*) AS failures FROM failure WHERE timeNs >= ?1 AND timeNs <= ?2 GROUP BY 1',
    ['failures'],
  );
  add(
    'SELECT timeNs / ?3 AS step, sum(count) AS lost FROM loss WHERE timeNs >= ?1 AND timeNs <= ?2 GROUP BY 1',
    ['lost'],
  );
  return [...steps]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([fromNs, counts]) => ({ fromNs, ...counts }));
}

function chunked(ids: readonly number[], ask: (some: string) => unknown[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const some = ids.slice(at, at + IDS_AT_ONCE).filter(Number.isSafeInteger);
    for (const row of ask(some.join())) rows.push(row as Row);
  }
  return rows;
}
