/**
 * Numbers of rows by what is in them, of the newest some thousands. A hash stands for the content, so that an agent keeps
 * as little for arguments of kilobytes as for a name, and nothing that a collector would look at: the table is as large
 * from the first entry on as it will be after months.
 */

const SLOTS = 1 << 15;
/** More in it, and looking takes long. */
const MAX_ENTRIES = 20_000;
/** Words of a slot: the hash's halves, the length. */
const WORDS = 3;

export class Remembered {
  readonly #words = new Uint32Array(SLOTS * WORDS);
  /** Numbers of rows; 0 for an empty slot. */
  readonly #ids = new Float64Array(SLOTS);
  /** Nobody who chooses what is stored knows which contents have one hash. */
  readonly #seed = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
  readonly #hash = new BigUint64Array(1);
  readonly #halves = new Uint32Array(this.#hash.buffer);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= MAX_ENTRIES;
  }

  find(key: string): number | undefined {
    const id = this.#ids[this.#slotOf(key)];
    return id === 0 ? undefined : id;
  }

  /** @throws RangeError where it is full */
  add(key: string, id: number): void {
    if (this.isFull) throw new RangeError(`${this.#size} numbers are remembered already`);
    const slot = this.#slotOf(key);
    if (this.#ids[slot] === 0) this.#size++;
    this.#ids[slot] = id;
    const at = slot * WORDS;
    this.#words[at] = this.#halves[0] ?? 0;
    this.#words[at + 1] = this.#halves[1] ?? 0;
    this.#words[at + 2] = key.length;
  }

  clear(): void {
    if (this.#size === 0) return;
    this.#ids.fill(0);
    this.#size = 0;
  }

  /** Where it is, or is to be put. */
  #slotOf(key: string): number {
    this.#hash[0] = Bun.hash.xxHash3(key, this.#seed);
    const low = this.#halves[0] ?? 0;
    const high = this.#halves[1] ?? 0;
    for (let slot = low % SLOTS; ; slot = (slot + 1) % SLOTS) {
      const at = slot * WORDS;
      if (this.#ids[slot] === 0) return slot;
      const isSame =
        this.#words[at] === low &&
        this.#words[at + 1] === high &&
        this.#words[at + 2] === key.length;
      if (isSame) return slot;
    }
  }
}
