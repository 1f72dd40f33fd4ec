/**
 * Tables of generated code, made of the call frame information in a jitdump when a stack leads through
 * it. Each function has its own, with a few rows; what was used last is kept. Whoever is watched writes
 * them, so what making them takes is bounded.
 */

import type { UnwoundCode } from '@waggle/symbols';
import { buildGeneratedCodeTable, UnwindError, type UnwindTable } from '@waggle/unwind';
import { LRUCache } from 'lru-cache';
import { MACHINE } from './deferred-record.ts';

/** A function of V8 with a hundred exits has 600 bytes. */
const MAX_FRAME_BYTES = 16 * 1024;
const MAX_TABLES = 1024;
const MAX_BYTES = 16 * 1024 * 1024;
/** Of each second, for making tables: some thousand of usual ones. */
const MS_PER_SECOND = 100;

interface Made {
  /** The section says where the code begins by how long it is. */
  readonly size: number;
  readonly table: UnwindTable | undefined;
}

export class GeneratedCodeTables {
  /** By section: a jitdump has each only once. */
  readonly #made = new LRUCache<Uint8Array, Made>({
    ...{ max: MAX_TABLES, maxSize: MAX_BYTES },
    sizeCalculation: ({ table }, ehFrame) =>
      Math.max(1, ehFrame.length + (table?.bytes.length ?? 0)),
  });
  #second = 0;
  #spentMs = 0;

  readonly #machine: number;
  readonly #now: () => number;

  constructor(machine = MACHINE, now: () => number = () => performance.now()) {
    this.#machine = machine;
    this.#now = now;
  }

  /** Its offsets are those from the code's beginning. Undefined where frame pointers are all there is. */
  of({ ehFrame, size }: UnwoundCode): UnwindTable | undefined {
    const known = this.#made.get(ehFrame);
    if (known !== undefined && known.size === size) return known.table;
    if (ehFrame.length > MAX_FRAME_BYTES || !this.#hasTime()) return undefined;
    const begun = this.#now();
    const table = this.#make(ehFrame, size);
    this.#spentMs += this.#now() - begun;
    this.#made.set(ehFrame, { size, table });
    return table;
  }

  #make(ehFrame: Uint8Array, size: number): UnwindTable | undefined {
    try {
      const table = buildGeneratedCodeTable(ehFrame, size, this.#machine);
      return table.rowCount === 0 ? undefined : table;
    } catch (error) {
      if (error instanceof UnwindError) return undefined;
      throw error;
    }
  }

  #hasTime(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) this.#spentMs = 0;
    this.#second = second;
    return this.#spentMs < MS_PER_SECOND;
  }
}
