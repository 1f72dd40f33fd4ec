/**
 * A recording that is collected now and then, since each sample is kept for itself: slices for those who want
 * samples one by one, and their sum for all others.
 */

import type { Session } from '@waggle/core/session';
import {
  codeKey,
  mergedStacks,
  type Profile,
  type ProfileLabels,
  type ProfileStack,
} from '@waggle/formats';
import * as Effect from 'effect/Effect';

/** How often it is looked. */
const LOOK_MS = 1000;
/** Of a slice. More of them have their names later, and so better; fewer take less memory. */
const SAMPLES = 10_000;

export interface SliceOptions {
  /** Samples so far. */
  readonly sampled: () => number;
  readonly onSlice: (slice: Profile) => void;
  /** Of stacks in the sum. */
  readonly labelsOf: (labels: ProfileLabels) => ProfileLabels | undefined;
}

export class ProfileSlices implements Disposable {
  readonly #session: Session;
  readonly #options: SliceOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #sum: Profile | undefined;
  #sampledBefore = 0;
  #collecting: Promise<unknown> = Promise.resolve();
  #isCollecting = false;

  constructor(session: Session, options: SliceOptions) {
    this.#session = session;
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** The last slice, and the sum of all. Once the session has been stopped. */
  async finish(): Promise<Profile> {
    this[Symbol.dispose]();
    await this.#collecting;
    this.#take(await Effect.runPromise(this.#session.collect));
    return this.#sum as Profile;
  }

  #look(): void {
    const sampled = this.#options.sampled();
    if (this.#isCollecting || sampled - this.#sampledBefore < SAMPLES) return;
    this.#sampledBefore = sampled;
    this.#isCollecting = true;
    this.#collecting = Effect.runPromise(this.#session.collect)
      .then((slice) => this.#take(slice))
      .finally(() => {
        this.#isCollecting = false;
      });
  }

  #take(slice: Profile): void {
    this.#options.onSlice(slice);
    const stacks = slice.stacks.map((stack): ProfileStack => {
      const { labels: given, ...rest } = stack;
      const labels = given && this.#options.labelsOf(given);
      return labels === undefined ? rest : { ...rest, labels };
    });
    this.#sum = sumOf(this.#sum, { ...slice, stacks });
  }
}

function sumOf(sum: Profile | undefined, slice: Profile): Profile {
  const stacks = mergedStacks(
    { ...slice, stacks: [...(sum?.stacks ?? []), ...slice.stacks] },
    { labels: true, sameness: codeKey },
  );
  if (sum === undefined) return { ...slice, stacks };
  const { metadata } = sum;
  return {
    ...slice,
    stacks,
    metadata: {
      ...metadata,
      durationSeconds: metadata.durationSeconds + slice.metadata.durationSeconds,
      samples: metadata.samples + slice.metadata.samples,
      lostSamples: metadata.lostSamples + slice.metadata.lostSamples,
    },
  };
}
