/**
 * A short text for each stack, equal for equal stacks, that sorts as the stacks do: the ranks of its
 * frames among all frames, two UTF-16 units each. The names themselves, once for each frame of each
 * stack, would be as long as the profile written out.
 */
import type { ProfileFrame, ProfileStack } from './profile.ts';

/** As many arguments as every engine takes in one call. */
const AT_ONCE = 8192;

export class StackKeys {
  /** Which of the different frames it is, in the order in which they were met. */
  readonly #indexes = new Map<ProfileFrame, number>();
  readonly #ranks: Uint32Array;

  /** @param sameness what two frames have in common when they are the same, and by which they sort. */
  constructor(
    stacks: readonly Pick<ProfileStack, 'frames'>[],
    sameness: (frame: ProfileFrame) => string,
  ) {
    const byKey = new Map<string, number>();
    for (const { frames } of stacks)
      for (const frame of frames) {
        if (this.#indexes.has(frame)) continue;
        const key = sameness(frame);
        let index = byKey.get(key);
        if (index === undefined) {
          index = byKey.size;
          byKey.set(key, index);
        }
        this.#indexes.set(frame, index);
      }
    this.#ranks = new Uint32Array(byKey.size);
    [...byKey.keys()].sort().forEach((key, rank) => {
      this.#ranks[byKey.get(key) ?? 0] = rank;
    });
  }

  /** How many frames are different, and so how many ranks there are, from 0 on. */
  get size(): number {
    return this.#ranks.length;
  }

  /** Of a frame that was among those: one number for all that are the same. */
  rankOf(frame: ProfileFrame): number {
    return this.#ranks[this.#indexes.get(frame) ?? 0] ?? 0;
  }

  /** Of a stack of frames that were among those. */
  of(frames: readonly ProfileFrame[]): string {
    return keyOfNumbers(frames, (frame) => this.rankOf(frame));
  }
}

/** Of whole numbers below 2^32, one for each; two units each, as short as it gets. */
export function keyOfNumbers<T>(all: readonly T[], numberOf: (one: T) => number): string {
  let key = '';
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const units: number[] = [];
    for (const one of all.slice(from, from + AT_ONCE)) {
      const number = numberOf(one);
      units.push(number >>> 16, number & 0xffff);
    }
    key += String.fromCharCode(...units);
  }
  return key;
}
