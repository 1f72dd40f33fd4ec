/**
 * Pairs and triples of whole numbers, each once, known by the order in which they came: what a profile of
 * hours is made of. Columns and a hash table over them in typed arrays take some 30 bytes for each, where a
 * Map of strings takes ten times as much and is looked through by the collector.
 */

/** Rows, and slots for twice as many: a search looks at two or three. */
const FIRST_ROWS = 256;
const SLOTS_PER_ROW = 2;
const EMPTY = 0;

export class NumberTuples {
  #columns: Uint32Array;
  /** A row's number and one more. */
  #slots = new Uint32Array(FIRST_ROWS * SLOTS_PER_ROW);
  #rows = 0;

  readonly #width: 2 | 3;

  /** @param width numbers of each, 2 or 3 */
  constructor(width: 2 | 3) {
    this.#width = width;
    this.#columns = new Uint32Array(FIRST_ROWS * width);
  }

  get size(): number {
    return this.#rows;
  }

  /** Of memory. */
  get byteLength(): number {
    return this.#columns.byteLength + this.#slots.byteLength;
  }

  /** One number of a row; each is below 2^32. */
  at(row: number, column: number): number {
    return this.#columns[row * this.#width + column] as number;
  }

  /** The row, or undefined. */
  find(a: number, b: number, c = 0): number | undefined {
    const row = (this.#slots[this.#slotOf(a, b, c)] as number) - 1;
    return row < 0 ? undefined : row;
  }

  /** The row, made if there is none. */
  add(a: number, b: number, c = 0): number {
    const slot = this.#slotOf(a, b, c);
    const known = this.#slots[slot] as number;
    if (known !== EMPTY) return known - 1;
    const row = this.#rows++;
    this.#slots[slot] = this.#rows;
    if (this.#rows * this.#width > this.#columns.length) this.#columns = grown(this.#columns);
    const at = row * this.#width;
    this.#columns[at] = a;
    this.#columns[at + 1] = b;
    if (this.#width === 3) this.#columns[at + 2] = c;
    if (this.#rows * SLOTS_PER_ROW > this.#slots.length) this.#rehash();
    return row;
  }

  /** Where the row is, or would be. */
  #slotOf(a: number, b: number, c: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(a, b, c) & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0) return slot;
      const at = row * this.#width;
      const isEqual =
        this.#columns[at] === a &&
        this.#columns[at + 1] === b &&
        (this.#width === 2 || this.#columns[at + 2] === c);
      if (isEqual) return slot;
    }
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let row = 0; row < this.#rows; row++) {
      const c = this.#width === 3 ? this.at(row, 2) : 0;
      this.#slots[this.#slotOf(this.at(row, 0), this.at(row, 1), c)] = row + 1;
    }
  }
}

/** The same with room for twice as much. */
export function grown<Numbers extends Uint32Array | Float64Array>(numbers: Numbers): Numbers {
  const larger = new (numbers.constructor as new (length: number) => Numbers)(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

/** Rounds and last mix of MurmurHash3 (Appleby, public domain): the numbers are small and close together. */
function hash(a: number, b: number, c: number): number {
  let mixed = round(round(round(0, a), b), c);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function round(before: number, value: number): number {
  const scaled = Math.imul(value, 0xcc9e2d51);
  const mixed = before ^ Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
