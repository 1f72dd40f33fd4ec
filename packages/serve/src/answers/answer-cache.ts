/**
 * Answers that cost something to make: ten pages that look at the same span cost as much as one.
 */

import { LRUCache } from 'lru-cache';

/** Who follows the host asks for another span each second: what is older than some seconds is asked for by few. */
const MAX_BYTES = 12 * 1024 * 1024;
const MAX_ENTRIES = 64;

type Make = () => Promise<string | Uint8Array>;

export class AnswerCache {
  readonly #answers = new LRUCache<string, Uint8Array, Make>({
    ...{ max: MAX_ENTRIES, maxSize: MAX_BYTES },
    sizeCalculation: (answer) => Math.max(1, answer.length),
    // Whoever has asked gets an answer, also where so many others were asked for meanwhile that it is not kept.
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _stale, { context: make }) => {
      const made = await make();
      return typeof made === 'string' ? new TextEncoder().encode(made) : made;
    },
  });

  /** Of all that are kept. */
  get bytes(): number {
    return this.#answers.calculatedSize;
  }

  /** @param make is called once for all that ask meanwhile; a failure is not kept, nor what is too large */
  async get(key: string, make: Make): Promise<Uint8Array> {
    return this.#answers.forceFetch(key, { context: make });
  }
}
