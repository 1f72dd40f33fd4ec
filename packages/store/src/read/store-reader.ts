/** Reads a store, while an agent writes it or after. Any number of readers at once. */

import type { Database, Statement } from 'bun:sqlite';
import { type BigIntStats, statSync } from 'node:fs';
import type { Profile, ProfileFrame } from '@waggle/formats';
import { isDamage, StoreError, sqliteCode } from '../errors.ts';
import { type Bounds, PATIENT, setBounds } from '../schema/bounds.ts';
import { databaseFile, openForReading } from '../schema/open.ts';
import type { HistorySpan } from './bounds.ts';
import {
  type HistoryEntry,
  type HistoryProcess,
  type HistoryQuery,
  historyOf,
  processesAt,
  timeOf,
} from './history.ts';
import { lastMoment, nextMoment } from './next-moment.ts';
import { type ProfileQuery, profileOf } from './profiles.ts';
import {
  type ActivityStep,
  activityOf,
  type EarlierProgram,
  earlierProgramsOf,
  identitiesIn,
  type ProcessSpan,
  processesOf,
} from './replay.ts';
import { type SampledPart, samplesOf } from './samples.ts';
import { StackReader } from './stack-reader.ts';
import { gapsOf, type SpanSummary, type StoreGap, summaryOf } from './summary.ts';

export type SqlValue = string | number | bigint | null | Uint8Array;

export interface StoreReaderOptions {
  /**
   * The file of waggle's own library (`libraryPath` of @waggle/ffi), which bounds how long a question takes. A store may be
   * anybody's, and without it one whose pages lead back to themselves is read for ever.
   */
  readonly library?: string | undefined;
}

export interface SqlOptions {
  /** A person has asked, who knows what it takes: a minute for a row, and any number of them. */
  readonly patient?: boolean | undefined;
}

export class StoreReader implements Disposable {
  readonly #database: Database;
  /** Undefined where there are none. */
  readonly #bounds: Bounds | undefined;
  readonly #path: string;
  readonly #opened: BigIntStats | undefined;
  #stacks: StackReader | undefined;

  /** @throws StoreError */
  constructor(directory: string, { library }: StoreReaderOptions = {}) {
    const { database, bounds } = openForReading(directory, library);
    this.#database = database;
    this.#bounds = bounds;
    this.#path = databaseFile(directory);
    this.#opened = fileAt(this.#path);
  }

  /** Of the file that was opened, which is read on in any case: whether it is where it was. */
  get place(): 'there' | 'deleted' | 'replaced' {
    const now = fileAt(this.#path);
    if (now === undefined) return 'deleted';
    return now.ino === this.#opened?.ino && now.dev === this.#opened.dev ? 'there' : 'replaced';
  }

  /** What the store has: from its first process to what was last written; undefined for an empty one. ns since 1970. */
  get kept(): { readonly fromNs: bigint; readonly toNs: bigint } | undefined {
    const row = this.#database
      .query(
        "SELECT (SELECT min(startNs) FROM process WHERE endNs IS NOT NULL) AS first, (SELECT value FROM meta WHERE key = 'lastNs') AS last",
      )
      .get() as { readonly first: bigint | null; readonly last: bigint | null };
    if (row.last === null) return undefined;
    const toNs = timeOf(row.last);
    return { fromNs: row.first === null ? toNs : timeOf(row.first), toNs };
  }

  history(query: HistoryQuery): Generator<HistoryEntry> {
    return historyOf(this.#database, query);
  }

  /** @param timeNs since 1970 */
  at(timeNs: bigint): readonly HistoryProcess[] {
    return processesAt(this.#database, timeNs);
  }

  /** Who was there in a span, without their texts. */
  identities(span: HistorySpan): readonly ProcessSpan[] {
    return identitiesIn(this.#database, span);
  }

  /** Processes by their rows; those that are not there are left out. */
  processes(ids: readonly number[]): readonly HistoryProcess[] {
    return processesOf(this.#database, ids);
  }

  /** What processes were before they were what they are, by their rows. */
  earlierPrograms(ids: readonly number[]): readonly EarlierProgram[] {
    return earlierProgramsOf(this.#database, ids);
  }

  /** What began and ended, by steps of time. */
  activity(span: HistorySpan, stepNs: bigint): readonly ActivityStep[] {
    return activityOf(this.#database, span, stepNs);
  }

  /** The first moment from then on at which there is something; undefined where nothing is. ns since 1970 */
  nextMoment(fromNs: bigint): bigint | undefined {
    return nextMoment(this.#database, fromNs);
  }

  /** The last one until then. */
  lastMoment(untilNs: bigint): bigint | undefined {
    return lastMoment(this.#database, untilNs);
  }

  summary(span: HistorySpan): SpanSummary {
    return summaryOf(this.#database, span);
  }

  /** When no agent looked. */
  gaps(span: HistorySpan): readonly StoreGap[] {
    return gapsOf(this.#database, span);
  }

  /** Undefined where nothing was sampled. */
  profile(query: ProfileQuery, host: string): Profile | undefined {
    return profileOf(this.#database, query, host);
  }

  /** What was sampled in a span, part by part, the oldest first. */
  samples(span: HistorySpan): Generator<SampledPart> {
    return samplesOf(this.#database, span);
  }

  /** The frames of a stack of `samples`, from its root on; undefined for one that is not there. */
  framesOf(stack: number): readonly ProfileFrame[] | undefined {
    this.#stacks ??= new StackReader(this.#database);
    return this.#stacks.framesOf(stack);
  }

  /**
   * Rows of a question in SQL, one after the other. Nothing can be written by it.
   *
   * @throws StoreError `query`
   */
  *sql(
    question: string,
    { patient = false }: SqlOptions = {},
  ): Generator<Readonly<Record<string, SqlValue>>> {
    const bounds = patient ? this.#bounds : undefined;
    try {
      if (bounds !== undefined) setBounds(this.#database, PATIENT);
      if (isEmpty(question))
        throw new StoreError(
          'query',
          'there is no question: ask as in "SELECT comm, count(*) FROM processes GROUP BY comm"',
        );
      if (DBSTAT.test(question)) this.#refuseVirtualTables(question);
      const statement = this.#database.prepare(question);
      const rest = behind(statement.toString(), question);
      if (!isEmpty(rest))
        throw new StoreError(
          'query',
          `one question at a time: ${JSON.stringify(rest.trim())} would be left out`,
        );
      if (statement.columnNames.length === 0)
        throw new StoreError('query', 'a store is only read: ask with SELECT');
      for (const row of statement.iterate()) yield row as Readonly<Record<string, SqlValue>>;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (sqliteCode(error) === 'SQLITE_INTERRUPT') throw tooLong(error, patient);
      if (isDamage(error))
        throw new StoreError('damaged', String((error as Error).message), { cause: error });
      const { message } = error as { readonly message: string };
      if (message.startsWith('no such table'))
        throw new StoreError('query', `${message}; there are ${this.#tables().join(', ')}`, {
          cause: error,
        });
      const why = /readonly|read-only|not authorized/.test(message)
        ? `a store is only read (${message}): ask with SELECT`
        : message;
      throw new StoreError('query', why, { cause: error });
    } finally {
      if (bounds !== undefined) setBounds(this.#database, bounds);
    }
  }

  /** A question that uses one is good, but not where there are none. @throws StoreError */
  #refuseVirtualTables(question: string): void {
    try {
      // Bun's types leave its flags out.
      const prepare: (sql: string, values: undefined, flags: number) => Statement =
        this.#database.prepare.bind(this.#database);
      prepare(question, undefined, PREPARE_NO_VTAB).finalize();
    } catch (cause) {
      this.#database.prepare(question).finalize();
      throw new StoreError(
        'query',
        'dbstat is not read here, nor is its name written beside a table-valued function: it walks the pages of a table in one step, which nothing bounds; the sqlite3 command has it, on a copy of waggle.db',
        { cause },
      );
    }
  }

  #tables(): readonly string[] {
    const rows = this.#database
      .query(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY type DESC, name",
      )
      .all() as { readonly name: string }[];
    return rows.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/**
 * SQLite's table of pages, which goes through all pages of a table in one step: of one whose pages lead back to themselves for
 * ever. It is there by its name alone (its own flag, SQLITE_VTAB_DIRECTONLY, keeps views of the file from it).
 */
const DBSTAT = /dbstat/i;
/** SQLITE_PREPARE_NO_VTAB of sqlite3.h: no virtual table is there, and so its own are no tables. */
const PREPARE_NO_VTAB = 4;

function fileAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    // A folder that is no longer one, or may not be looked into, has no file either.
    return undefined;
  }
}

function tooLong(cause: unknown, patient: boolean): StoreError {
  const than = patient
    ? `${PATIENT.milliseconds / 1000} s of CPU time for one row`
    : 'a store of this size should';
  return new StoreError(
    'damaged',
    `the answer takes longer than ${than}: ask for less of it, or for a part at a time; if that is no help, its pages lead back to themselves, and it is damaged`,
    { cause },
  );
}

/** White space, comments and ends of statements are nothing. */
function isEmpty(sql: string): boolean {
  return sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').replaceAll(/[\s;]/g, '') === '';
}

/** What the engine has not taken in. @param taken as it has it, with values in the place of parameters */
function behind(taken: string, question: string): string {
  return question.startsWith(taken) ? question.slice(taken.length) : '';
}
