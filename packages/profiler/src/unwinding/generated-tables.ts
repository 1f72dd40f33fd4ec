/**
 * Tables of generated code, made of the call frame information in a jitdump when a stack leads through
 * it. Each function has its own, with a few rows; what was used last is kept. Whoever is watched writes
 * them, so what making them takes is bounded.
 */

import type { UnwoundCode } from '@waggle/symbols';
import { buildGeneratedCodeTable, UnwindError, type UnwindTable } from '@waggle/unwind';
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
  readonly bytes: number;
}

export class GeneratedCodeTables {
  /** By section, in order of use: a jitdump has each only once. */
  readonly #made = new Map<Uint8Array, Made>();
  #bytes = 0;
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
    if (known !== undefined && known.size === size) {
      this.#made.delete(ehFrame);
      this.#made.set(ehFrame, known);
      return known.table;
    }
    if (ehFrame.length > MAX_FRAME_BYTES || !this.#hasTime()) return undefined;
    const begun = this.#now();
    const table = this.#make(ehFrame, size);
    this.#spentMs += this.#now() - begun;
    this.#remember(ehFrame, { size, table, bytes: ehFrame.length + (table?.bytes.length ?? 0) });
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

  #remember(ehFrame: Uint8Array, made: Made): void {
    this.#forget(ehFrame);
    this.#made.set(ehFrame, made);
    this.#bytes += made.bytes;
    for (const oldest of this.#made.keys()) {
      if (this.#made.size <= MAX_TABLES && this.#bytes <= MAX_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(ehFrame: Uint8Array): void {
    this.#bytes -= this.#made.get(ehFrame)?.bytes ?? 0;
    this.#made.delete(ehFrame);
  }
}
