/**
 * Turns symbols that may nest, overlap, alias and lack a size into disjoint address ranges with
 * one owner each, so that a lookup is one binary search however the table was made. A sweep over
 * ascending starts keeps the open symbols on a stack, innermost on top; every symbol is pushed and
 * popped once.
 */
import { orderByAddress } from './address-order.ts';
import { RANK_COUNT, RANK_FIRST_FUNCTION, regionAt, type SymbolColumns } from './symbol-reader.ts';

/** Disjoint, ascending ranges [start, start + length) and the symbol that owns each. */
export interface SymbolRanges {
  readonly count: number;
  readonly start: Float64Array;
  readonly length: Uint32Array;
  /** Distance from the owner's start to the range's: 0 unless something covers the beginning. */
  readonly lead: Uint32Array;
  /** The owner's size as recorded, 0 if it has none. */
  readonly size: Uint32Array;
  readonly name: Uint32Array;
}

export function resolveRanges(symbols: SymbolColumns): SymbolRanges {
  const order = orderByAddress(symbols.high, symbols.low);
  const starts = new Float64Array(order.length + 1);
  for (let i = 0; i < order.length; i++) {
    const symbol = order[i] as number;
    starts[i] = (symbols.high[symbol] as number) * 0x1_0000_0000 + (symbols.low[symbol] as number);
  }
  starts[order.length] = Number.POSITIVE_INFINITY;
  const sweep = new Sweep(symbols);
  const best = new Int32Array(RANK_COUNT);
  for (let from = 0; from < order.length; ) {
    const start = starts[from] as number;
    let to = from + 1;
    sweep.advance(start);
    if (starts[to] !== start) {
      sweep.open(order[from] as number, start, starts[to] as number);
    } else {
      best.fill(-1);
      for (to = from; starts[to] === start; to++) {
        const symbol = order[to] as number;
        const rank = symbols.rank[symbol] as number;
        const rival = best[rank] as number;
        if (rival < 0 || isBetter(symbols, symbol, rival)) best[rank] = symbol;
      }
      const next = starts[to] as number;
      // Functions first, since labels ask whether one is open; within each the best comes last.
      for (let i = 0; i < RANK_COUNT; i++) {
        const symbol = best[(i + RANK_FIRST_FUNCTION) % RANK_COUNT] as number;
        if (symbol >= 0) sweep.open(symbol, start, next);
      }
    }
    from = to;
  }
  return sweep.finish();
}

/** Between aliases of equal rank: the longer, then the one with fewer leading underscores. */
function isBetter(symbols: SymbolColumns, a: number, b: number): boolean {
  const difference = (symbols.size[a] as number) - (symbols.size[b] as number);
  if (difference !== 0) return difference > 0;
  return underscores(symbols, a) < underscores(symbols, b);
}

/** Leading underscores; beyond eight nobody tells them apart. */
function underscores(symbols: SymbolColumns, symbol: number): number {
  let offset = symbols.name[symbol] as number;
  for (const names of symbols.names) {
    if (offset < names.length) {
      let count = 0;
      while (count < 8 && names[offset + count] === 0x5f) count++;
      return count;
    }
    offset -= names.length;
  }
  return 0;
}

/** Open symbols, the innermost and best on top. Parallel arrays: an object each would cost more. */
class OpenSymbols {
  readonly #symbols: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #depth = 0;

  push(symbol: number, start: number, end: number): void {
    const at = this.#depth++;
    this.#symbols[at] = symbol;
    this.#starts[at] = start;
    this.#ends[at] = end;
  }

  /** Drops those on top that end at `position` or before; whether one is left. */
  reaches(position: number): boolean {
    while (this.#depth > 0 && (this.#ends[this.#depth - 1] as number) <= position) this.#depth--;
    return this.#depth > 0;
  }

  get symbol(): number {
    return this.#symbols[this.#depth - 1] as number;
  }

  get start(): number {
    return this.#starts[this.#depth - 1] as number;
  }

  get end(): number {
    return this.#ends[this.#depth - 1] as number;
  }
}

class Sweep {
  readonly #symbols: SymbolColumns;
  readonly #functions = new OpenSymbols();
  /** These answer only where no function does. */
  readonly #labels = new OpenSymbols();
  #position = 0;
  #count = 0;
  #capacity = 1024;
  #last = -1;
  #start = new Float64Array(this.#capacity);
  #length = new Uint32Array(this.#capacity);
  #lead = new Uint32Array(this.#capacity);
  #size = new Uint32Array(this.#capacity);
  #name = new Uint32Array(this.#capacity);

  constructor(symbols: SymbolColumns) {
    this.#symbols = symbols;
  }

  /** Opens a symbol at `start`, up to which the sweep has advanced; the next one is at `next`. */
  open(symbol: number, start: number, next: number): void {
    const size = this.#symbols.size[symbol] as number;
    const isFunction = (this.#symbols.rank[symbol] as number) >= RANK_FIRST_FUNCTION;
    // A bare label inside a function is a place in it: it must not own the padding behind it.
    if (!isFunction && size === 0 && this.#functions.reaches(start)) return;
    let end = start + size;
    if (size === 0) {
      // Without code around it nothing bounds the symbol, and it is left out.
      end = Math.min(next, regionAt(this.#symbols.regions, start)?.end ?? start);
    }
    if (end > start) (isFunction ? this.#functions : this.#labels).push(symbol, start, end);
  }

  /** Emits the owners of everything from the current position up to `to`. */
  advance(to: number): void {
    while (this.#position < to) {
      const inFunction = this.#functions.reaches(this.#position);
      if (!inFunction && !this.#labels.reaches(this.#position)) break;
      const owner = inFunction ? this.#functions : this.#labels;
      const until = Math.min(owner.end, to);
      this.#emit(owner.symbol, owner.start, until);
      this.#position = until;
    }
    this.#position = to;
  }

  #emit(symbol: number, symbolStart: number, until: number): void {
    const previous = this.#count - 1;
    const from = this.#position;
    if (this.#last === symbol) {
      const start = this.#start[previous] as number;
      // Still the same owner: something opened, but nothing came between.
      if (start + (this.#length[previous] as number) === from) {
        this.#length[previous] = clamp(until - start);
        return;
      }
    }
    if (this.#count === this.#capacity) this.#grow();
    const at = this.#count++;
    this.#last = symbol;
    this.#start[at] = from;
    this.#length[at] = clamp(until - from);
    this.#lead[at] = clamp(from - symbolStart);
    this.#size[at] = this.#symbols.size[symbol] as number;
    this.#name[at] = this.#symbols.name[symbol] as number;
  }

  #grow(): void {
    this.#capacity *= 2;
    const widen = (column: Uint32Array) => {
      const larger = new Uint32Array(this.#capacity);
      larger.set(column);
      return larger;
    };
    const start = new Float64Array(this.#capacity);
    start.set(this.#start);
    this.#start = start;
    this.#length = widen(this.#length);
    this.#lead = widen(this.#lead);
    this.#size = widen(this.#size);
    this.#name = widen(this.#name);
  }

  finish(): SymbolRanges {
    this.advance(Number.POSITIVE_INFINITY);
    const count = this.#count;
    return {
      count,
      start: this.#start.slice(0, count),
      length: this.#length.slice(0, count),
      lead: this.#lead.slice(0, count),
      size: this.#size.slice(0, count),
      name: this.#name.slice(0, count),
    };
  }
}

function clamp(length: number): number {
  return Math.min(length, 0xffff_ffff);
}
