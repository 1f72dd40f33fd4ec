/** Parts of what was sampled, added up to one profile. */

import type { Profile, ProfileFrame, ProfileStack } from '@waggle/formats';
import { toMs } from '../nanoseconds.ts';
import { MAX_ENTRIES, type ProfileEntry } from '../profiles/entries.ts';
import type { SampledPart } from './samples.ts';

export class SampleSum {
  /** By stack. */
  readonly #counts = new Map<number, number>();
  #first: SampledPart | undefined;
  #lost = 0;
  #seconds = 0;

  /** @param isWanted asked for each entry; all are wanted without it */
  add(part: SampledPart, isWanted?: (entry: ProfileEntry) => boolean): void {
    this.#first ??= part;
    this.#lost += part.lost;
    this.#seconds += Number(part.toNs - part.fromNs) / 1e9;
    for (const entry of part.entries)
      if (isWanted === undefined || isWanted(entry)) this.#add(entry);
  }

  #add({ stack, count }: ProfileEntry): void {
    const known = this.#counts.get(stack);
    if (known === undefined && this.#counts.size >= MAX_ENTRIES) this.#lost += count;
    else this.#counts.set(stack, (known ?? 0) + count);
  }

  /**
   * One after the other, so that others may have their turn in between; without those that are not there any more.
   *
   * @param framesOf a stack by its number, from its root on
   */
  *stacks(
    framesOf: (stack: number) => readonly ProfileFrame[] | undefined,
  ): Generator<ProfileStack> {
    for (const [stack, count] of this.#counts) {
      const frames = framesOf(stack);
      if (frames !== undefined) yield { frames, count };
    }
  }

  /**
   * @param stacks those of `stacks()` that it is to have
   * @param host its name
   * @returns undefined where no part was added
   */
  profile(stacks: readonly ProfileStack[], host: string): Profile | undefined {
    if (this.#first === undefined) return undefined;
    return {
      stacks,
      metadata: {
        host,
        frequencyHz: this.#first.frequencyHz,
        startTime: new Date(toMs(this.#first.fromNs)),
        durationSeconds: this.#seconds,
        samples: stacks.reduce((sum, { count }) => sum + count, 0),
        lostSamples: this.#lost,
      },
    };
  }
}
