// What was sampled since the last collection, and how a collection gets its names: stacks summed up for a
// profile, or one by one for collectRaw(). Naming takes its time, and sampling goes on meanwhile into the
// next collection.

import { hostname } from 'node:os';
import type { Profile } from '@waggle/formats';
import type { Frame } from './frames/frame-table.ts';
import type { SampledCode } from './mappings/jit-image.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import type { ProfilerConfig, ProfilerCounts } from './profiler-config.ts';
import { type FrameCount, toFrameCounts } from './stacks/raw-stacks.ts';
import { StackCollector } from './stacks/stack-collector.ts';
import type { ResolvedStack } from './stacks/stack-resolver.ts';
import type { Symbolizer } from './symbolization/symbolizer.ts';

type CollectionsConfig = Pick<ProfilerConfig, 'frequencyHz' | 'command' | 'rootFrames' | 'raw'>;
type CollectionCounts = Pick<ProfilerCounts, 'otherSamples' | 'earlySamples' | 'leftOutAddresses'>;

export class Collections {
  #collector: StackCollector;
  #raw: ResolvedStack[] = [];
  #startTime = new Date();
  #startedAt = performance.now();
  #endsAt = Number.POSITIVE_INFINITY;
  #lostBefore = 0;
  /** Frames of collections that are getting their names. */
  readonly #naming = new Set<() => Iterable<Frame>>();
  #otherSamples = 0;
  #earlySamples = 0;
  #isCoarse = false;

  readonly #config: CollectionsConfig;
  readonly #symbolizer: Symbolizer;
  readonly #jitMaps: JitMaps;

  constructor(config: CollectionsConfig, symbolizer: Symbolizer, jitMaps: JitMaps) {
    this.#config = config;
    this.#symbolizer = symbolizer;
    this.#jitMaps = jitMaps;
    this.#collector = new StackCollector(config.rootFrames);
  }

  /** The one that samples are added to now. */
  get current(): StackCollector {
    return this.#collector;
  }

  add(stack: ResolvedStack): void {
    this.#collector.add(stack);
    if (this.#config.raw === true) this.#raw.push(stack);
  }

  counts(): CollectionCounts {
    return {
      otherSamples: this.#otherSamples + this.#collector.otherSamples,
      earlySamples: this.#earlySamples + this.#collector.earlySamples,
      leftOutAddresses: this.#isCoarse || this.#collector.isCoarse,
    };
  }

  /** Nothing is sampled after that, by performance.now(). */
  endAt(time: number): void {
    this.#endsAt = time;
  }

  /**
   * Names and totals of all that was added since the last one. The next starts where this one ends.
   *
   * @param lost samples that were lost since the profiler's start
   */
  async collect(lost: number): Promise<Profile> {
    const collector = this.#collector;
    const startTime = this.#startTime;
    const startedAt = this.#startedAt;
    const now = performance.now();
    this.#collector = new StackCollector(this.#config.rootFrames);
    this.#startTime = new Date();
    this.#startedAt = now;
    const lostSamples = lost - this.#lostBefore;
    this.#lostBefore = lost;
    const stacks = await this.#named(
      () => collector.waiting(),
      () => collector.profileStacks(this.#symbolizer),
    );
    this.#otherSamples += collector.otherSamples;
    this.#earlySamples += collector.earlySamples;
    this.#isCoarse ||= collector.isCoarse;
    this.#jitMaps.forgetUnused();
    return {
      stacks,
      metadata: {
        host: hostname(),
        frequencyHz: this.#config.frequencyHz,
        startTime,
        durationSeconds: Math.max(Math.min(now, this.#endsAt) - startedAt, 0) / 1000,
        samples: collector.samples,
        lostSamples,
        ...(this.#config.command === undefined ? {} : { command: this.#config.command }),
      },
    };
  }

  /** Stacks one by one since the last collectRaw(). Empty unless `raw` was configured. */
  async collectRaw(): Promise<readonly FrameCount[]> {
    const raw = this.#raw;
    this.#raw = [];
    return this.#named(
      () => framesOf(raw),
      () => toFrameCounts(raw, this.#symbolizer),
    );
  }

  /** Generated code that was sampled and has no name yet. */
  *waitingCode(): Generator<SampledCode> {
    yield* namelessCode(this.#collector.waiting());
    yield* namelessCode(framesOf(this.#raw));
  }

  /** Frames that wait outside of the current collector: kept one by one, or in a collection that is named. */
  *heldFrames(): Generator<Frame> {
    yield* framesOf(this.#raw);
    for (const frames of this.#naming) yield* frames();
  }

  /**
   * With all that there is to say about generated code, as a collection that takes its own time. Files of
   * the frames are needed until then.
   */
  async #named<Result>(
    frames: () => Iterable<Frame>,
    name: () => Promise<Result>,
  ): Promise<Result> {
    this.#naming.add(frames);
    try {
      await this.#jitMaps.finish(namelessCode(frames()));
      this.#symbolizer.renewTime();
      return await name();
    } finally {
      this.#naming.delete(frames);
    }
  }
}

function* namelessCode(frames: Iterable<Frame>): Generator<SampledCode> {
  for (const frame of frames) if (frame.kind === 'jit' && frame.name === undefined) yield frame;
}

function* framesOf(stacks: readonly ResolvedStack[]): Generator<Frame> {
  for (const { frames } of stacks) for (const { frame } of frames) yield frame;
}
