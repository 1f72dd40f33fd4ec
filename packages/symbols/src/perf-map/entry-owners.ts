/**
 * Which entry owns an address while entries are still being added: of those that overlap, the one that
 * was added last. A jitdump asks between any two entries, so what is known is not made anew for each:
 * batches of disjoint ranges are kept, newest last, and merged when one has outgrown half of the batch
 * before it (O'Neil et al., "The Log-Structured Merge-Tree", 1996); few new entries are just looked at.
 */
import { type DisjointRanges, entryAt, overlay, resolveLatest } from '../latest-ranges.ts';

export interface EntryColumns {
  readonly count: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** New entries that are searched one by one; making ranges of them would take longer. */
const MAX_UNRESOLVED = 64;
const RANGE_BYTES = 20;

export class EntryOwners {
  /** Each at most half as large as the one before it, so there are few. */
  readonly #batches: DisjointRanges[] = [];
  #resolved = 0;

  /** The entry, or -1. `entries` are those of the last call, and any that were added behind them. */
  ownerOf(address: number, entries: EntryColumns): number {
    const { count, start, end } = entries;
    if (count - this.#resolved > MAX_UNRESOLVED) this.#resolve(entries);
    for (let entry = count - 1; entry >= this.#resolved; entry--) {
      if (address >= (start[entry] as number) && address < (end[entry] as number)) return entry;
    }
    for (let at = this.#batches.length - 1; at >= 0; at--) {
      const entry = entryAt(this.#batches[at] as DisjointRanges, address);
      if (entry >= 0) return entry;
    }
    return -1;
  }

  get byteLength(): number {
    return this.#batches.reduce((total, { count }) => total + count * RANGE_BYTES, 0);
  }

  #resolve({ count, start, end }: EntryColumns): void {
    let newest = resolveLatest(start, end, this.#resolved, count);
    this.#resolved = count;
    for (;;) {
      const before = this.#batches.at(-1);
      if (before === undefined || newest.count * 2 < before.count) break;
      newest = overlay(before, newest);
      this.#batches.pop();
    }
    this.#batches.push(newest);
  }
}
