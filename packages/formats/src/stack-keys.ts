/**
 * A short text for each stack, equal for equal stacks, that sorts as the stacks do: the ranks of its
 * frames among all frames, two UTF-16 units each. The names themselves, once for each frame of each
 * stack, would be as long as the profile written out.
 */
import type { ProfileFrame, ProfileStack } from './profile.ts';

/** As many arguments as every engine takes in one call. */
const AT_ONCE = 8192;

export class StackKeys {
  readonly #ranks = new Map<ProfileFrame, number>();

  /** @param sameness what two frames have in common when they are the same, and by which they sort. */
  constructor(
    stacks: readonly Pick<ProfileStack, 'frames'>[],
    sameness: (frame: ProfileFrame) => string,
  ) {
    const byKey = new Map<string, ProfileFrame[]>();
    const met = new Set<ProfileFrame>();
    for (const { frames } of stacks)
      for (const frame of frames) {
        if (met.has(frame)) continue;
        met.add(frame);
        const key = sameness(frame);
        const same = byKey.get(key);
        if (same === undefined) byKey.set(key, [frame]);
        else same.push(frame);
      }
    [...byKey.keys()].sort().forEach((key, rank) => {
      for (const frame of byKey.get(key) ?? []) this.#ranks.set(frame, rank);
    });
  }

  /** Of a stack of frames that were among those. */
  of(frames: readonly ProfileFrame[]): string {
    let key = '';
    for (let from = 0; from < frames.length; from += AT_ONCE) {
      const units: number[] = [];
      for (const frame of frames.slice(from, from + AT_ONCE)) {
        const rank = this.#ranks.get(frame) ?? 0;
        units.push(rank >>> 16, rank & 0xffff);
      }
      key += String.fromCharCode(...units);
    }
    return key;
  }
}
