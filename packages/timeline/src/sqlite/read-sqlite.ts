/**
 * The tables of a recording back to JSON lines, in the order in which events came, so that they are read as a
 * recording is. The caller opens the database, read-only; tables and columns that are not known are left alone.
 */

import { EVENT_NAMES, type EventName, type FieldType, fieldsOf } from '../events/fields.ts';
import { tableOf } from './sqlite-events.ts';

/** What is asked of a database that is read: bun:sqlite's has this form. */
export interface ReadableDatabase {
  query(sql: string): {
    all(...values: string[]): unknown[];
    iterate(...values: string[]): IterableIterator<unknown>;
  };
}

/** Lines that are given at once. */
const LINES_A_PIECE = 512;
const MAGIC = 'SQLite format 3\0';

/** Whether a file begins as every SQLite database does. */
export function looksLikeDatabase(beginning: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(beginning.subarray(0, MAGIC.length)) === MAGIC;
}

/** Whether it was ended as it should; undefined where it is no recording of events. */
export function isCompleteRecording(database: ReadableDatabase): boolean | undefined {
  if (!tablesOf(database).has('recording')) return undefined;
  const [row] = database.query('SELECT complete FROM recording').all() as { complete?: unknown }[];
  return row === undefined ? undefined : Number(row.complete) === 1;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * The lines of `trace --json`, in pieces of bytes.
 *
 * @throws Error of the database: where it is damaged, for example
 */
export function* jsonLinesOfDatabase(database: ReadableDatabase): Generator<Uint8Array> {
  const tables = tablesOf(database);
  const encoder = new TextEncoder();
  const sources = EVENT_NAMES.filter((name) => tables.has(tableOf(name))).map((name) => ({
    name,
    rows: database.query(`SELECT * FROM ${tableOf(name)} ORDER BY seq`).iterate(),
    next: undefined as Row | undefined,
  }));
  const step = (source: (typeof sources)[number]): void => {
    const { done, value } = source.rows.next();
    source.next = done ? undefined : (value as Row);
  };
  sources.forEach(step);
  let lines: string[] = [];
  for (;;) {
    let first: (typeof sources)[number] | undefined;
    for (const source of sources)
      if (
        source.next !== undefined &&
        (first?.next === undefined || seqOf(source.next) < seqOf(first.next))
      )
        first = source;
    if (first?.next === undefined) break;
    lines.push(jsonOf(first.name, first.next));
    step(first);
    if (lines.length < LINES_A_PIECE) continue;
    yield encoder.encode(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) yield encoder.encode(`${lines.join('\n')}\n`);
}

const seqOf = ({ seq }: Row): number => Number(seq);

/** Tables alone: what a view is made of is somebody else's query. */
function tablesOf(database: ReadableDatabase): Set<string> {
  const rows = database.query("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return new Set((rows as { name: string }[]).map(({ name }) => name));
}

function jsonOf(name: EventName, row: Row): string {
  const fields = fieldsOf(name).flatMap(([field, { type }]) => {
    const value = row[field];
    return value === null || value === undefined
      ? []
      : [[field, columnValue(value, type)] as const];
  });
  return JSON.stringify({ event: name, ...Object.fromEntries(fields) });
}

function columnValue(value: unknown, type: FieldType): unknown {
  if (type === 'u64') return String(value);
  if (type === 'flag') return Number(value) !== 0;
  if (type === 'number') return Number(value);
  if (type !== 'list' || typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
