/**
 * Every entry that covers an address, whether or not a later one lies over it: what code was there at
 * an earlier time. Entries by their start, and with each the highest end of those below it in the tree
 * that halving makes of them (Cormen et al., "Introduction to Algorithms", interval trees). Made when
 * somebody asks, and again when many entries have come since; the few new ones are just looked at.
 */
import { orderByAddress } from '../address-order.ts';
import type { EntryColumns } from './entry-owners.ts';

/** A file is free to describe one address millions of times; of so many the rest is not looked at. */
const MAX_VISITED = 10_000;
const MIN_UNSORTED = 1024;

export class EntryHistory {
  #order = new Uint32Array(0);
  #highestEnd = new Float64Array(0);

  /** Calls `visit` with the entries that cover `address`, in no order. */
  covering(address: number, entries: EntryColumns, visit: (entry: number) => void): void {
    const { count, start, end } = entries;
    const sorted = this.#order.length;
    if (count - sorted > Math.max(MIN_UNSORTED, sorted / 4)) this.#sort(entries);
    let visited = 0;
    for (let entry = this.#order.length; entry < count; entry++) {
      if (address >= (start[entry] as number) && address < (end[entry] as number)) visit(entry);
    }
    const search = (low: number, high: number): void => {
      if (low >= high || visited >= MAX_VISITED) return;
      const middle = (low + high) >>> 1;
      if ((this.#highestEnd[middle] as number) <= address) return;
      search(low, middle);
      const entry = this.#order[middle] as number;
      if ((start[entry] as number) > address) return;
      if (address < (end[entry] as number)) {
        visited++;
        visit(entry);
      }
      search(middle + 1, high);
    };
    search(0, this.#order.length);
  }

  get byteLength(): number {
    return this.#order.byteLength + this.#highestEnd.byteLength;
  }

  #sort({ count, start, end }: EntryColumns): void {
    const high = Uint32Array.from({ length: count }, (_, at) => (start[at] as number) / 2 ** 32);
    const low = Uint32Array.from({ length: count }, (_, at) => (start[at] as number) % 2 ** 32);
    const order = orderByAddress(high, low);
    const highestEnd = new Float64Array(count);
    const fill = (from: number, to: number): number => {
      if (from >= to) return 0;
      const middle = (from + to) >>> 1;
      const own = end[order[middle] as number] as number;
      highestEnd[middle] = Math.max(own, fill(from, middle), fill(middle + 1, to));
      return highestEnd[middle] as number;
    };
    fill(0, count);
    this.#order = order;
    this.#highestEnd = highestEnd;
  }
}
