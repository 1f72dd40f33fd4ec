/**
 * The tables that userspace has at hand for its own walks, and which files have none. The sampler has
 * copies, so what was not used for longest is let go of: a host under builds executes new files on and on,
 * each of which is walked here once, until its table is in the kernel; and what nobody has used for some time.
 * It is read again where it is needed.
 */

import type { UnwindTable } from '@waggle/unwind';
import { LRUCache } from 'lru-cache';

export interface ReadTableLimits {
  readonly tables: number;
  /** Of all of them. */
  readonly bytes: number;
  /** The kernel has its copy by then, and what was sampled before has been walked. */
  readonly unusedMs: number;
}

/** More than the files of a walk and of all that wait; of small ones each takes 6 KB, most of it empty blocks. */
const USUAL: ReadTableLimits = { tables: 512, bytes: 32 * 1024 * 1024, unusedMs: 30_000 };
/** Of what is sampled for hours: a table is read from the disk again where stacks wait for it. */
export const FEW_TABLES: ReadTableLimits = {
  ...{ tables: 128, bytes: 4 * 1024 * 1024, unusedMs: 10_000 },
};
/** Files without a table: their names. */
const MAX_WITHOUT = 4096;

/** What is known of a file. */
interface Read {
  /** Undefined where it has none. */
  readonly table: UnwindTable | undefined;
}

const NONE: Read = { table: undefined };

export class ReadTables {
  /** By state of the file. */
  readonly #tables: LRUCache<string, Read>;
  /** By its size, which grows as it fills: as `max` it would take its room at once. */
  readonly #without = new LRUCache<string, Read>({
    maxSize: MAX_WITHOUT,
    sizeCalculation: () => 1,
  });

  constructor(limits: Partial<ReadTableLimits> = {}, now = () => performance.now()) {
    const { tables, bytes, unusedMs } = { ...USUAL, ...limits };
    this.#tables = new LRUCache({
      ...{ max: tables, maxSize: bytes, ttl: unusedMs, updateAgeOnGet: true },
      // The one that came last is always held, alone if it must be.
      sizeCalculation: ({ table }) => Math.min(Math.max(1, table?.bytes.length ?? 0), bytes),
      // Without timers of its own.
      ...{ perf: { now }, ttlResolution: 0 },
    });
  }

  /** Bytes of all tables that are held. */
  get bytes(): number {
    return this.#tables.calculatedSize;
  }

  /** How many are held. */
  get size(): number {
    return this.#tables.size;
  }

  /** Undefined where nothing is known of a file in this state. */
  get(state: string): Read | undefined {
    return this.#tables.get(state) ?? this.#without.get(state);
  }

  /** Lets go of the tables that nobody has asked for. */
  dropUnused(): void {
    this.#tables.purgeStale();
  }

  /** @param table undefined where the file has none. The one that came last is always held. */
  set(state: string, table: UnwindTable | undefined): void {
    const [its, others] =
      table === undefined ? [this.#without, this.#tables] : [this.#tables, this.#without];
    others.delete(state);
    its.set(state, table === undefined ? NONE : { table });
  }
}
