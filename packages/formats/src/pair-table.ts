/**
 * Pairs of whole numbers below 2^31, each once: a tree of millions of nodes by parent and frame costs some 20
 * bytes a node, where a key of its own for each would be a string and an object.
 */

const FIRST_ROWS = 1024;
/** Slots for each row at least, so that what is looked for is found within a few. */
const SLOTS_PER_ROW = 2;

export class PairTable {
  #first = new Int32Array(FIRST_ROWS);
  #second = new Int32Array(FIRST_ROWS);
  /** Open addressing: the row and 1 more, 0 where there is none. Their number is a power of two. */
  #slots = new Uint32Array(SLOTS_PER_ROW * FIRST_ROWS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Of each row, in order. They are valid until a row is added. */
  get columns(): { readonly first: Int32Array; readonly second: Int32Array } {
    const [first, second] = [this.#first, this.#second];
    return { first: first.subarray(0, this.#length), second: second.subarray(0, this.#length) };
  }

  /** The row of this pair, which is added when it is not there yet. */
  indexOf(first: number, second: number): number {
    const slot = this.#slotOf(first, second);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return known - 1;
    if (this.#length === this.#first.length) {
      this.#grow();
      return this.#add(this.#slotOf(first, second), first, second);
    }
    return this.#add(slot, first, second);
  }

  #add(slot: number, first: number, second: number): number {
    const row = this.#length++;
    this.#first[row] = first;
    this.#second[row] = second;
    this.#slots[slot] = row + 1;
    return row;
  }

  /** Where the pair is, or would be. */
  #slotOf(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = mixed(first, second) & mask;
    for (;;) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0 || (this.#first[row] === first && this.#second[row] === second)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const [first, second] = [this.#first, this.#second];
    this.#first = new Int32Array(2 * first.length);
    this.#second = new Int32Array(2 * first.length);
    this.#first.set(first);
    this.#second.set(second);
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let row = 0; row < first.length; row++)
      this.#slots[this.#slotOf(first[row] ?? 0, second[row] ?? 0)] = row + 1;
  }
}

/** All bits of both in the low ones: multipliers of MurmurHash3's finalizer. */
function mixed(first: number, second: number): number {
  let hash = Math.imul(first, 0x85ebca6b) ^ Math.imul(second, 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
