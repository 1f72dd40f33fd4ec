// The tables that userspace has at hand for its own walks, and which files have none. The sampler has
// copies, so what was not used for longest is let go of: a host under builds executes new files on and on,
// each of which is walked here once, until its table is in the kernel. It is read again where it is needed.

import type { UnwindTable } from '@waggle/unwind';

/** More than the files of a walk and of all that wait; of small ones each takes 6 KB, most of it empty blocks. */
const MAX_TABLES = 512;
/** Of all of them. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Files without a table: their names. */
const MAX_WITHOUT = 4096;

export class ReadTables {
  /** By state of the file, in order of use. */
  readonly #tables = new Map<string, UnwindTable>();
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
    const table = this.#tables.get(state);
    if (table === undefined) return undefined;
    this.#tables.delete(state);
    this.#tables.set(state, table);
    return table;
  }

  /** @param table undefined where the file has none. The one that came last is always held. */
  set(state: string, table: UnwindTable | undefined): void {
    this.#drop(state);
    if (table === undefined) {
      this.#without.add(state);
      if (this.#without.size > MAX_WITHOUT) this.#drop(this.#without.values().next().value);
      return;
    }
    this.#tables.set(state, table);
    this.#bytes += table.bytes.length;
    for (const oldest of this.#tables.keys()) {
      const fits = this.#tables.size <= this.#maxTables && this.#bytes <= this.#maxBytes;
      if (fits || oldest === state) return;
      this.#drop(oldest);
    }
  }

  #drop(state: string | undefined): void {
    if (state === undefined) return;
    this.#bytes -= this.#tables.get(state)?.bytes.length ?? 0;
    this.#tables.delete(state);
    this.#without.delete(state);
  }
}
