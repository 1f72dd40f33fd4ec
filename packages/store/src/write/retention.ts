/**
 * What is too old, or too much, goes: some thousand rows at a time, so that writing never waits long.
 */

import type { Database } from 'bun:sqlite';
import { hourOf, NOTED_EVERY_HOURS } from '../interned/interned.ts';
import { toMs, toNs } from '../nanoseconds.ts';

export interface RetentionLimits {
  /** Age in ms. */
  readonly keepMs: number;
  /** Of the database's pages that are in use. */
  readonly maxBytes: number;
}

/** Rows of each table in one step: some ms of work. */
const ROWS = 2000;
/** Pages that are given back to the file system in one step. */
const PAGES = 512;
/** Texts, frames and stacks that are looked at in one step. */
const LOOKED_AT = 5000;
/** Of the kept time, what goes where the store is too large. */
const SHARE = 20n;

const TIMED = [
  { table: 'failure', time: 'timeNs' },
  { table: 'profile', time: 'toNs' },
  { table: 'loss', time: 'timeNs' },
  { table: 'gap', time: 'toNs' },
  { table: 'host', time: 'timeNs' },
  { table: 'cgroup_state', time: 'timeNs' },
  { table: 'image', time: 'timeNs' },
] as const;
const INTERNED = ['text', 'frame', 'stack'] as const;

export class Retention {
  readonly #database: Database;
  readonly #next = new Map<string, bigint>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Bytes of pages that are in use. */
  get bytes(): number {
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count');
    return pages * this.#pragma('page_size');
  }

  /**
   * One step, in a transaction of its own.
   *
   * @param now in ms since 1970
   * @returns whether there is more to do at once
   */
  step({ keepMs, maxBytes }: RetentionLimits, now: number): boolean {
    const oldest = toNs(now - keepMs);
    const cutoff = this.bytes > maxBytes ? this.#laterThan(oldest) : oldest;
    let deleted = 0;
    this.#database.transaction(() => {
      deleted += this.#delete(
        'DELETE FROM process WHERE id IN (SELECT id FROM process WHERE startNs < ?1 AND endNs < ?1 ORDER BY startNs LIMIT ?2)',
        cutoff,
      );
      for (const { table, time } of TIMED)
        deleted += this.#delete(
          `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${time} < ?1 ORDER BY ${time === 'toNs' || table === 'failure' ? time : 'rowid'} LIMIT ?2)`,
          cutoff,
        );
      const hour = hourOf(toMs(cutoff)) - NOTED_EVERY_HOURS - 1;
      for (const table of INTERNED) deleted += this.#deleteUnused(table, hour);
    })();
    this.#database.run(`PRAGMA incremental_vacuum(${PAGES})`);
    return deleted >= ROWS;
  }

  /** A moment before which so much lies that it is worth a step. */
  #laterThan(oldest: bigint): bigint {
    const row = this.#database
      .query('SELECT min(startNs) AS first, max(startNs) AS last FROM process')
      .get() as { readonly first: bigint | null; readonly last: bigint | null };
    if (row.first === null || row.last === null) return oldest;
    const ended = this.#database
      .query('SELECT startNs FROM process WHERE endNs IS NOT NULL ORDER BY startNs LIMIT 1')
      .get() as { readonly startNs: bigint } | null;
    const first = ended?.startNs ?? row.first;
    const later = first + (row.last - first) / SHARE + 1n;
    return later > oldest ? later : oldest;
  }

  #delete(sql: string, cutoff: bigint): number {
    return Number(this.#database.query(sql).run(cutoff, ROWS).changes);
  }

  /** What runs on and on has been written long ago. */
  #deleteUnused(table: (typeof INTERNED)[number], hour: number): number {
    const from = this.#next.get(table) ?? 0n;
    const { last } = this.#database
      .query(
        `SELECT max(id) AS last FROM (SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT ${LOOKED_AT})`,
      )
      .get(from) as { readonly last: bigint | null };
    if (last === null) {
      this.#next.set(table, 0n);
      return 0;
    }
    this.#next.set(table, last);
    const alive =
      table === 'text'
        ? `AND id NOT IN (SELECT v FROM (${['comm', 'argv', 'filename', 'container', 'cgroup']
            .map((column) => `SELECT ${column} AS v FROM process WHERE endNs IS NULL`)
            .join(' UNION ')}) WHERE v IS NOT NULL)`
        : '';
    return Number(
      this.#database
        .query(`DELETE FROM ${table} WHERE id > ? AND id <= ? AND used < ? ${alive}`)
        .run(from, last, hour).changes,
    );
  }

  #pragma(name: string): number {
    const row = this.#database.query(`PRAGMA ${name}`).get() as Readonly<Record<string, unknown>>;
    return Number(row[name]);
  }
}
