/**
 * The tables that userspace has at hand for its own walks, and which files have none. The sampler has
 * copies, so what was not used for longest is let go of: a host under builds executes new files on and on,
 * each of which is walked here once, until its table is in the kernel; and what nobody has used for some time.
 * It is read again where it is needed.
 */

import type { UnwindTable } from '@waggle/unwind';

/** More than the files of a walk and of all that wait; of small ones each takes 6 KB, most of it empty blocks. */
const MAX_TABLES = 512;
/** Of all of them. */
const MAX_BYTES = 32 * 1024 * 1024;
/** The kernel has its copy by then, and what was sampled before has been walked. */
const UNUSED_MS = 30_000;
/** Files without a table: their names. */
const MAX_WITHOUT = 4096;

interface ReadTable {
  readonly table: UnwindTable;
  /** By performance.now(). */
  usedAt: number;
}

export class ReadTables {
  /** By state of the file, in order of use. */
  readonly #tables = new Map<string, ReadTable>();
  readonly #without = new Set<string>();
  #bytes = 0;

  readonly #maxTables: number;
  readonly #maxBytes: number;

  constructor(maxTables = MAX_TABLES, maxBytes = MAX_BYTES) {
    this.#maxTables = maxTables;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of all tables that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many are held. */
  get size(): number {
    return this.#tables.size;
  }

  /** Whether it is known what there is of a file in this state: get() says what. */
  has(state: string): boolean {
    return this.#tables.has(state) || this.#without.has(state);
  }

  /** Undefined where the file has none, and where has() says that nothing is known. */
  get(state: string): UnwindTable | undefined {
    const read = this.#tables.get(state);
    if (read === undefined) return undefined;
    this.#tables.delete(state);
    this.#tables.set(state, read);
    read.usedAt = performance.now();
    return read.table;
  }

  /** Lets go of the tables that were not asked for in half a minute. */
  dropUnused(now = performance.now()): void {
    for (const [state, { usedAt }] of this.#tables) {
      if (now - usedAt < UNUSED_MS) return;
      this.#drop(state);
    }
  }

  /** @param table undefined where the file has none. The one that came last is always held. */
  set(state: string, table: UnwindTable | undefined): void {
    this.#drop(state);
    if (table === undefined) {
      this.#without.add(state);
      if (this.#without.size > MAX_WITHOUT) this.#drop(this.#without.values().next().value);
      return;
    }
    this.#tables.set(state, { table, usedAt: performance.now() });
    this.#bytes += table.bytes.length;
    for (const oldest of this.#tables.keys()) {
      const fits = this.#tables.size <= this.#maxTables && this.#bytes <= this.#maxBytes;
      if (fits || oldest === state) return;
      this.#drop(oldest);
    }
  }

  #drop(state: string | undefined): void {
    if (state === undefined) return;
    this.#bytes -= this.#tables.get(state)?.table.bytes.length ?? 0;
    this.#tables.delete(state);
    this.#without.delete(state);
  }
}
