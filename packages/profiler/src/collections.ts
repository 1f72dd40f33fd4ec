/**
 * What was sampled since the last collection, and how a collection gets its names: stacks summed up for a
 * profile, or one by one for collectRaw(). Naming takes its time, and sampling goes on meanwhile into the
 * next collection.
 */

import { hostname } from 'node:os';
import type { Profile } from '@waggle/formats';
import type { Frame } from './frames/frame-table.ts';
import type { SampledCode } from './mappings/jit-image.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import type { ProfilerConfig, ProfilerCounts } from './profiler-config.ts';
import { addedValue, CPU_CLOCK, type StackEvent, valuesOf } from './sampling/stack-source.ts';
import { NumberedStacks } from './stacks/numbered-stacks.ts';
import { type FrameCount, toFrameCounts } from './stacks/raw-stacks.ts';
import { StackCollector } from './stacks/stack-collector.ts';
import type { ResolvedStack } from './stacks/stack-resolver.ts';
import type { Symbolizer } from './symbolization/symbolizer.ts';

type CollectionsConfig = Pick<
  ProfilerConfig,
  'frequencyHz' | 'command' | 'target' | 'rootFrames' | 'labels' | 'raw' | 'sources'
> & {
  /** What is counted, in the order of the profile's values. Default: samples of CPU time. */
  readonly events?: readonly StackEvent[] | undefined;
};
type CollectionCounts = Pick<ProfilerCounts, 'otherSamples' | 'earlySamples' | 'leftOutAddresses'>;

export class Collections {
  #collector: StackCollector;
  #raw: ResolvedStack[] = [];
  /** What stacks are about. */
  readonly #numbered = new NumberedStacks();
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
  readonly #events: readonly StackEvent[];
  readonly #symbolizer: Symbolizer;
  readonly #jitMaps: JitMaps;

  constructor(config: CollectionsConfig, symbolizer: Symbolizer, jitMaps: JitMaps) {
    this.#config = config;
    this.#events = config.events ?? [CPU_CLOCK];
    this.#symbolizer = symbolizer;
    this.#jitMaps = jitMaps;
    this.#collector = this.#newCollector();
  }

  #newCollector(): StackCollector {
    const { rootFrames, labels } = this.#config;
    const isAtTracepoint = (event: number) => this.#events[event]?.atTracepoint === true;
    return new StackCollector(rootFrames, labels, undefined, isAtTracepoint);
  }

  /** The one that samples are added to now. */
  get current(): StackCollector {
    return this.#collector;
  }

  add(stack: ResolvedStack): void {
    const { number } = stack;
    if (number !== undefined) {
      const { roots } = stack.owner ?? this.#collector.ownerOf(stack);
      for (const whole of this.#numbered.note(number, stack, roots)) this.#count(whole);
      return;
    }
    const whole = this.#numbered.whole(stack);
    if (whole !== undefined) this.#count(whole);
  }

  #count(stack: ResolvedStack): void {
    this.#collector.add(stack, addedValue(this.#events[stack.event], stack));
    if (this.#config.raw === true) this.#raw.push(stack);
  }

  counts(): CollectionCounts {
    return {
      otherSamples: this.#otherSamples + this.#collector.otherSamples,
      earlySamples: this.#earlySamples + this.#collector.earlySamples,
      leftOutAddresses: this.#isCoarse || this.#collector.isCoarse,
    };
  }

  /** Next to nothing was sampled before. */
  beginNow(): void {
    this.#startTime = new Date();
    this.#startedAt = performance.now();
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
    for (const stack of this.#numbered.takeWaiting()) this.#count(stack);
    for (const stack of this.#standing())
      this.#collector.add(stack, addedValue(this.#events[stack.event], stack));
    const collector = this.#collector;
    const startTime = this.#startTime;
    const startedAt = this.#startedAt;
    const now = performance.now();
    this.#collector = this.#newCollector();
    this.#startTime = new Date();
    this.#startedAt = now;
    const lostSamples = lost - this.#lostBefore;
    this.#lostBefore = lost;
    const stacks = await this.#named(
      () => collector.waiting(),
      () => collector.profileStacks(this.#symbolizer, this.#events.length),
    );
    this.#otherSamples += collector.otherSamples;
    this.#earlySamples += collector.earlySamples;
    this.#isCoarse ||= collector.isCoarse;
    this.#jitMaps.forgetUnused();
    const values = valuesOf(this.#events);
    return {
      stacks,
      values,
      metadata: {
        host: hostname(),
        frequencyHz: this.#config.frequencyHz,
        startTime,
        durationSeconds: Math.max(Math.min(now, this.#endsAt) - startedAt, 0) / 1000,
        samples: collector.samples,
        lostSamples,
        ...(this.#config.command === undefined ? {} : { command: this.#config.command }),
        ...(this.#config.target === undefined ? {} : { target: this.#config.target }),
      },
    };
  }

  /** Stacks one by one since the last collectRaw(). Empty unless `raw` was configured. */
  async collectRaw(): Promise<readonly FrameCount[]> {
    const raw = this.#config.raw === true ? [...this.#raw, ...this.#standing()] : [];
    this.#raw = [];
    return this.#named(
      () => framesOf(raw),
      () => toFrameCounts(raw, this.#symbolizer, this.#events),
    );
  }

  /** What sources have at this moment. */
  *#standing(): Generator<ResolvedStack> {
    for (const source of this.#config.sources ?? []) {
      const [own = CPU_CLOCK] = source.events;
      const first = this.#events.indexOf(own);
      for (const { event, number, count, weight } of source.standing?.() ?? [])
        yield { ...this.#numbered.stackOf(number), event: first + event, count, weight };
    }
  }

  /** Generated code that was sampled and has no name yet. */
  *waitingCode(): Generator<SampledCode> {
    yield* namelessCode(this.#collector.waiting());
    yield* namelessCode(this.#numbered.frames());
    yield* namelessCode(framesOf(this.#raw));
  }

  /** Frames that wait outside of the current collector: kept one by one, or in a collection that is named. */
  *heldFrames(): Generator<Frame> {
    yield* framesOf(this.#raw);
    yield* this.#numbered.frames();
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
