/**
 * What can still be read of a damaged database, row by row: forward until a broken page, then backward from the end.
 */

import { Database } from 'bun:sqlite';
import { bound, boundsOfFile, setBounds } from './bounds.ts';

const TABLES = [
  'text',
  'process',
  'image',
  'failure',
  'loss',
  'gap',
  'host',
  'cgroup_state',
  'frame',
  'stack',
  'profile',
];
/** Rows of a table that are read: more than a store of gigabytes has. */
const MAX_ROWS = 20_000_000;
const CHUNK = 1000;

/**
 * @param library waggle's own, which bounds how long a part of it is read
 * @returns how many rows were taken over
 */
export function salvage(path: string, into: Database, library?: string): number {
  let source: Database;
  try {
    source = new Database(path, { readonly: true, safeIntegers: true });
    if (bound(source, library)) setBounds(source, boundsOfFile(path));
    source.run('PRAGMA trusted_schema = OFF');
    source.run('PRAGMA cell_size_check = ON');
  } catch {
    return 0;
  }
  let rows = 0;
  try {
    salvageMeta(source, into);
    for (const table of TABLES) rows += salvageTable(source, table, into);
  } finally {
    source.close();
  }
  return rows;
}

/** When the last agent was there, and the numbers of boots, which rows of processes have. */
function salvageMeta(source: Database, into: Database): void {
  try {
    const rows = source.query(`SELECT key, value FROM meta LIMIT ${CHUNK}`).all() as {
      readonly key: unknown;
      readonly value: unknown;
    }[];
    const insert = into.query('INSERT OR IGNORE INTO meta VALUES (?, ?)');
    for (const { key, value } of rows)
      if (typeof key === 'string' && typeof value === 'bigint') insert.run(key, value);
  } catch {
    // Its page is damaged: as in a new store.
  }
}

function salvageTable(source: Database, table: string, into: Database): number {
  let taken = 0;
  const count = (rows: number) => {
    taken += rows;
  };
  for (const order of ['ASC', 'DESC'] as const) {
    try {
      copyRows(source, table, into, order, count);
      // All of it: nothing is broken here.
      if (order === 'ASC') return taken;
    } catch {
      // A broken page: what lies beyond it is reached from the other end.
    }
  }
  return taken;
}

type Row = Record<string, string | number | bigint | null | Uint8Array>;

function copyRows(
  source: Database,
  table: string,
  into: Database,
  order: 'ASC' | 'DESC',
  count: (rows: number) => void,
): void {
  let read = 0;
  let last: bigint | undefined;
  const comparison = order === 'ASC' ? '>' : '<';
  while (read < MAX_ROWS) {
    const where = last === undefined ? '' : `WHERE rowid ${comparison} ${last}`;
    const rows = readChunk(
      source,
      `SELECT rowid AS rowid_, * FROM ${table} ${where} ORDER BY rowid ${order}`,
    );
    if (rows.length === 0) return;
    read += rows.length;
    into.transaction(() => {
      // `id` is another name of it.
      for (const { rowid_: rowid, id: _, ...row } of rows) {
        const columns = Object.keys(row);
        const values = [rowid, ...Object.values(row)] as (string | bigint | null)[];
        const marks = values.map(() => '?').join(', ');
        const { changes } = into
          .query(`INSERT OR IGNORE INTO ${table} (rowid, ${columns.join(', ')}) VALUES (${marks})`)
          .run(...values);
        count(Number(changes));
      }
    })();
    const end = rows.at(-1)?.rowid_ as bigint;
    // A page in another's place: what follows it would be read again and again.
    if (last !== undefined && (order === 'ASC' ? end <= last : end >= last))
      throw new Error(`rows of ${table} are not in the order of their numbers`);
    last = end;
  }
}

/** As many rows as can be read of the next CHUNK; throws if there is none for damage. */
function readChunk(source: Database, select: string): Row[] {
  try {
    return source.query(`${select} LIMIT ${CHUNK}`).all() as Row[];
  } catch (error) {
    const rows = source.query(`${select} LIMIT 1`).all() as Row[];
    if (rows.length === 0) throw error;
    return rows;
  }
}
