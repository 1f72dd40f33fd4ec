/**
 * Answers that cost something to make: ten pages that look at the same span cost as much as one.
 */

interface Entry {
  readonly answer: Promise<Uint8Array>;
  bytes: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ENTRIES = 64;

export class AnswerCache {
  /** The one that was asked for last is last. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** @param make is called once for all that ask meanwhile; a failure is not kept */
  async get(key: string, make: () => Promise<string | Uint8Array>): Promise<Uint8Array> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.answer;
    }
    const answer = make().then((made) =>
      typeof made === 'string' ? new TextEncoder().encode(made) : made,
    );
    const entry: Entry = { answer, bytes: 0 };
    this.#entries.set(key, entry);
    try {
      const made = await answer;
      entry.bytes = made.length;
      if (this.#entries.get(key) === entry) this.#bytes += made.length;
      this.#trim();
      return made;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  #trim(): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#bytes <= MAX_BYTES && this.#entries.size <= MAX_ENTRIES) return;
      this.#entries.delete(key);
      this.#bytes -= bytes;
    }
  }
}
