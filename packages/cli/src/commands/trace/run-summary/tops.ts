/** The largest of a stream, as many as are to be shown. */

export class Largest<Item> {
  readonly #limit: number;
  readonly #sizeOf: (item: Item) => number | bigint;
  /** Largest first. */
  readonly items: Item[] = [];

  constructor(limit: number, sizeOf: (item: Item) => number | bigint) {
    this.#limit = limit;
    this.#sizeOf = sizeOf;
  }

  add(item: Item): void {
    const { items } = this;
    const size = this.#sizeOf(item);
    const last = items.at(-1);
    if (items.length === this.#limit && last !== undefined && this.#sizeOf(last) >= size) return;
    const place = items.findIndex((other) => this.#sizeOf(other) < size);
    items.splice(place < 0 ? items.length : place, 0, item);
    if (items.length > this.#limit) items.pop();
  }
}

/** How many came in a second, at most. Events of several CPUs come a little out of order. */
export class PeakSecond {
  count = 0;
  /** Seconds since 1970, or of whatever clock the times are of. */
  second = 0;
  readonly #counts = new Map<number, number>();

  add(second: number): void {
    const count = (this.#counts.get(second) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= SECONDS_KEPT) {
      const [oldest] = this.#counts.keys();
      if (oldest !== undefined) this.#counts.delete(oldest);
    }
    this.#counts.set(second, count);
    if (count <= this.count) return;
    this.count = count;
    this.second = second;
  }
}

const SECONDS_KEPT = 4;
