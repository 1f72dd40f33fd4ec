/**
 * Address ranges of which the later one wins. In a perf map, code that a JIT put in the place of
 * other code comes later; in DWARF, what is nested comes after what it is nested in. A batch of new
 * ranges is made disjoint by itself, then laid over what was there, so that growth costs what is
 * new plus one linear pass.
 */
import { orderByAddress } from './address-order.ts';

/** Ascending and disjoint ranges [start, end). */
export interface DisjointRanges {
  readonly count: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** The entry, an index into whatever columns the caller has. */
  readonly entry: Uint32Array;
}

export const NO_RANGES: DisjointRanges = {
  count: 0,
  start: new Float64Array(0),
  end: new Float64Array(0),
  entry: new Uint32Array(0),
};

/** Collects ranges in ascending order, joining what belongs to one entry and touches. */
class RangeBuilder {
  #count = 0;
  #start = new Float64Array(1024);
  #end = new Float64Array(1024);
  #entry = new Uint32Array(1024);

  add(start: number, end: number, entry: number): void {
    if (start >= end) return;
    const last = this.#count - 1;
    if (last >= 0 && this.#entry[last] === entry && this.#end[last] === start) {
      this.#end[last] = end;
      return;
    }
    if (this.#count === this.#entry.length) this.#grow();
    this.#start[this.#count] = start;
    this.#end[this.#count] = end;
    this.#entry[this.#count++] = entry;
  }

  #grow(): void {
    const size = this.#entry.length * 2;
    const widen = (column: Float64Array) => {
      const larger = new Float64Array(size);
      larger.set(column);
      return larger;
    };
    this.#start = widen(this.#start);
    this.#end = widen(this.#end);
    const entry = new Uint32Array(size);
    entry.set(this.#entry);
    this.#entry = entry;
  }

  finish(): DisjointRanges {
    const count = this.#count;
    return {
      count,
      start: this.#start.slice(0, count),
      end: this.#end.slice(0, count),
      entry: this.#entry.slice(0, count),
    };
  }
}

/** Entries from `first` on, in order of appearance; where they overlap the later one owns. */
export function resolveLatest(
  starts: ArrayLike<number>,
  ends: ArrayLike<number>,
  first: number,
  count: number,
): DisjointRanges {
  const high = new Uint32Array(count - first);
  const low = new Uint32Array(count - first);
  for (let i = 0; i < high.length; i++) {
    const start = starts[first + i] as number;
    high[i] = start / 0x1_0000_0000;
    low[i] = start;
  }
  const order = orderByAddress(high, low);
  const builder = new RangeBuilder();
  const open = new LatestFirst();
  let position = 0;
  const advance = (to: number) => {
    for (;;) {
      const entry = open.top;
      if (entry === undefined) break;
      const end = ends[entry] as number;
      if (end > position) {
        builder.add(position, Math.min(end, to), entry);
        // Still open at `to`; whatever opens there is decided next.
        if (end > to) break;
        position = end;
      }
      open.pop();
    }
    position = to;
  };
  for (const index of order) {
    const entry = first + index;
    advance(starts[entry] as number);
    open.push(entry);
  }
  advance(Number.POSITIVE_INFINITY);
  return builder.finish();
}

/** A binary heap with the highest entry, which came last, on top. */
class LatestFirst {
  readonly #heap: number[] = [];

  get top(): number | undefined {
    return this.#heap[0];
  }

  push(entry: number): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above >= entry) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) > (heap[child] as number)) child++;
      if ((heap[child] as number) <= last) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
  }
}

/** Both at once; where they overlap `top` owns. */
export function overlay(base: DisjointRanges, top: DisjointRanges): DisjointRanges {
  if (top.count === 0) return base;
  const builder = new RangeBuilder();
  let below = 0;
  /** How far the base range at `below` is used up. */
  let from = base.count > 0 ? (base.start[0] as number) : 0;
  const emitBase = (to: number) => {
    while (below < base.count) {
      const end = base.end[below] as number;
      const start = Math.max(from, base.start[below] as number);
      if (start >= to) return;
      builder.add(start, Math.min(end, to), base.entry[below] as number);
      if (end > to) return;
      below++;
    }
  };
  for (let i = 0; i < top.count; i++) {
    const start = top.start[i] as number;
    const end = top.end[i] as number;
    emitBase(start);
    builder.add(start, end, top.entry[i] as number);
    from = end;
    while (below < base.count && (base.end[below] as number) <= end) below++;
  }
  emitBase(Number.POSITIVE_INFINITY);
  return builder.finish();
}

/** The entry that owns `address`, or -1. */
export function entryAt(ranges: DisjointRanges, address: number): number {
  let low = 0;
  let high = ranges.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges.start[middle] as number) <= address) low = middle + 1;
    else high = middle;
  }
  const at = low - 1;
  return at >= 0 && address < (ranges.end[at] as number) ? (ranges.entry[at] as number) : -1;
}
