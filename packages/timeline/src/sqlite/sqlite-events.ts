/**
 * Events as tables of a SQLite database, one for each kind. Columns are called as the fields of JSON lines;
 * numbers are numbers, lists are JSON, `timeNs` is the time as a number to count with, and `seq` is the
 * order in which events came, over all tables. The caller opens the database: bun:sqlite's has this form.
 */

import { EVENT_NAMES, type EventName, type FieldType, fieldsOf } from '../events/fields.ts';
import { nanosecondsOf, type RecordedEvent } from '../events/recorded-event.ts';

type SqlValue = string | number | bigint | null;

export interface SqlStatement {
  run(...values: SqlValue[]): unknown;
}

export interface SqlDatabase {
  run(sql: string): unknown;
  prepare(sql: string): SqlStatement;
}

/** Of the tables; a later form has another. */
const VERSION = 1;
/** The largest INTEGER of SQLite; what is larger is text. */
const MAX_INTEGER = (1n << 63n) - 1n;
const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'TEXT',
  number: 'INTEGER',
  // None: an INTEGER column would round text of more than 63 bits to a double.
  u64: '',
  flag: 'INTEGER',
  list: 'TEXT',
};

/** What is looked for: who it was, what ran, when, and what failed. */
const INDEXES: readonly string[] = [
  'CREATE INDEX exec_process ON exec (pid, startTime)',
  'CREATE INDEX exec_comm ON exec (comm)',
  'CREATE INDEX exec_parent ON exec (ppid)',
  'CREATE INDEX exit_process ON exit (pid, startTime)',
  'CREATE INDEX exit_comm ON exit (comm)',
  'CREATE INDEX exit_failed ON exit (exitCode, signal) WHERE exitCode <> 0 OR signal IS NOT NULL',
  'CREATE INDEX fork_child ON fork (childPid, childStartTime)',
];

export class SqliteEvents {
  readonly #database: SqlDatabase;
  readonly #insert = new Map<EventName, SqlStatement>();
  #next = 0;
  #isOpen = false;

  /**
   * Makes the tables in an empty database.
   *
   * @throws Error of the database: a full disk, for example
   */
  constructor(database: SqlDatabase) {
    this.#database = database;
    database.run('BEGIN');
    database.run('CREATE TABLE recording (version INTEGER NOT NULL, complete INTEGER NOT NULL)');
    database.run(`INSERT INTO recording VALUES (${VERSION}, 0)`);
    for (const name of EVENT_NAMES) database.run(createTable(name));
    for (const index of INDEXES) database.run(index);
    database.run('COMMIT');
    for (const name of EVENT_NAMES) this.#insert.set(name, database.prepare(insertInto(name)));
  }

  /** @throws Error of the database; then nothing since the last commit is there. */
  add(event: RecordedEvent): void {
    if (!this.#isOpen) {
      this.#database.run('BEGIN');
      this.#isOpen = true;
    }
    const given = event as unknown as Readonly<Record<string, unknown>>;
    const values = fieldsOf(event.event).map(([field, { type }]) => sqlValue(given[field], type));
    const time = nanosecondsOf(event.time) ?? null;
    this.#insert.get(event.event)?.run(this.#next++, time, ...values);
  }

  /** @throws Error as add() */
  commit(): void {
    if (!this.#isOpen) return;
    this.#database.run('COMMIT');
    this.#isOpen = false;
  }

  /** After the last event: from now on it says of itself that it is whole. @throws Error as add() */
  complete(): void {
    this.commit();
    this.#database.run('UPDATE recording SET complete = 1');
  }
}

/** `failed_exec`: a name that needs no quotes. */
export function tableOf(name: EventName): string {
  return name.replace('-', '_');
}

function createTable(name: EventName): string {
  const columns = fieldsOf(name).map(([field, { type, required }]) =>
    [field, SQL_TYPES[type], required ? 'NOT NULL' : ''].join(' ').trim(),
  );
  return `CREATE TABLE ${tableOf(name)} (seq INTEGER PRIMARY KEY, timeNs INTEGER NOT NULL, ${columns.join(', ')})`;
}

function insertInto(name: EventName): string {
  const columns = ['seq', 'timeNs', ...fieldsOf(name).map(([field]) => field)];
  return `INSERT INTO ${tableOf(name)} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

function sqlValue(value: unknown, type: FieldType): SqlValue {
  if (value === null || value === undefined) return null;
  if (type === 'flag') return value ? 1 : 0;
  if (type === 'list') return JSON.stringify(value);
  if (type !== 'u64') return value as string | number;
  const number = BigInt(value as string);
  return number > MAX_INTEGER ? (value as string) : number;
}
