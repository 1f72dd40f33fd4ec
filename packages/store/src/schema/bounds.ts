/**
 * Bounds on what SQLite does with a file that may be anybody's. Pages that each have the next one as all of their children
 * are rows without an end, and the thread that asks for them hears no signal. By waggle's own library, which SQLite loads
 * (packages/native/src/bound-sqlite.c); where it cannot, nothing is bounded.
 */

import type { Database } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { BOUND_SQLITE } from '@waggle/ffi';

/** What is beyond is an error, SQLITE_INTERRUPT. */
export interface Bounds {
  /** CPU time of this thread, for each row that is asked for. */
  readonly milliseconds: number;
  /** Of one answer. */
  readonly rows: number;
}

/** Ten times what the slowest row of a store takes: the first of all, in the order of their births. */
const MS_PER_BYTE = 0.0002;
const FEWEST_MS = 1000;
/** The least that a row of any table takes with the index by which it is found. */
const BYTES_PER_ROW = 8;
const FEWEST_ROWS = 10_000;

/** A person's question: whoever has asked it can end it. */
export const PATIENT: Bounds = { milliseconds: 60_000, rows: 1e12 };
/** Of what we have written ourselves. */
export const UNBOUNDED: Bounds = { milliseconds: 1e12, rows: 1e15 };

/** Before anything is asked: the schema is read with bounds, too. @returns whether there are any */
export function bound(database: Database, library: string | undefined): boolean {
  if (library === undefined) return false;
  try {
    database.loadExtension(library, BOUND_SQLITE);
    return true;
  } catch {
    return false;
  }
}

/** From now on, for what is asked of a connection that `bound` has bounded. */
export function setBounds(database: Database, { milliseconds, rows }: Bounds): void {
  database.query('SELECT waggle_bound(?, ?)').get(milliseconds, rows);
}

/** For what we ask: what its own pages have room for. Holes have no rows. */
export function boundsOfFile(path: string): Bounds {
  let bytes = 0;
  for (const suffix of ['', '-wal'])
    bytes += 512 * (statSync(path + suffix, { throwIfNoEntry: false })?.blocks ?? 0);
  return {
    milliseconds: Math.round(FEWEST_MS + bytes * MS_PER_BYTE),
    rows: Math.round(FEWEST_ROWS + bytes / BYTES_PER_ROW),
  };
}
