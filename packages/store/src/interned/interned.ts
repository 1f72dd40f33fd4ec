/**
 * Rows that others have by number: each content is stored once. The newest numbers are remembered, so that a build
 * that starts one compiler a thousand times asks the database once.
 */

import type { Database } from 'bun:sqlite';
import { digestOf } from './digest.ts';
import { Remembered } from './remembered.ts';

interface InternedTable {
  readonly name: string;
  /** Columns that are the content, in the order of the values. */
  readonly columns: readonly string[];
}

type Value = string | Uint8Array | null;

/** Hours after which it is noted again that a row is used, at most. */
export const NOTED_EVERY_HOURS = 6;
const HOUR_MS = 3_600_000;

export const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS);

export class Interned {
  readonly #find: ReturnType<Database['prepare']>;
  readonly #insert: ReturnType<Database['prepare']>;
  readonly #use: ReturnType<Database['prepare']>;
  readonly #now: () => number;
  readonly #remembered = new Remembered();
  /** Hour of the first of them: all were noted as used since. */
  #since = 0;

  /** @param now in ms since 1970 */
  constructor(database: Database, { name, columns }: InternedTable, now: () => number) {
    this.#now = now;
    const same = columns.map((column) => `${column} IS ?`).join(' AND ');
    this.#find = database.prepare(`SELECT id, used FROM ${name} WHERE digest = ? AND ${same}`);
    const marks = columns.map(() => ', ?').join('');
    this.#insert = database.prepare(
      `INSERT INTO ${name} (digest, used, ${columns.join(', ')}) VALUES (?, ?${marks})`,
    );
    this.#use = database.prepare(`UPDATE ${name} SET used = ? WHERE id = ?`);
  }

  /** @param key by which the content is told from others */
  idOf(key: string, values: readonly Value[]): bigint {
    const hour = hourOf(this.#now());
    // Or somebody set the clock.
    if (hour - this.#since >= NOTED_EVERY_HOURS || hour < this.#since) this.forget();
    const known = this.#remembered.find(key);
    if (known !== undefined) return BigInt(known);
    const digest = digestOf(key);
    const found = this.#find.get(digest, ...values) as Row | null;
    let id: bigint;
    if (found === null) id = BigInt(this.#insert.run(digest, hour, ...values).lastInsertRowid);
    else {
      id = found.id;
      if (hour > Number(found.used)) this.#use.run(hour, id);
    }
    this.#remember(key, id, hour);
    return id;
  }

  /** What was stored since the last commit is not there after all, or rows were deleted. */
  forget(): void {
    this.#remembered.clear();
  }

  #remember(key: string, id: bigint, hour: number): void {
    if (this.#remembered.isFull) this.forget();
    if (this.#remembered.size === 0) this.#since = hour;
    this.#remembered.add(key, Number(id));
  }
}

interface Row {
  readonly id: bigint;
  readonly used: bigint;
}
