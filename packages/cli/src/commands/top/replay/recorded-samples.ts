/** The profile of a store as a live view takes it: a second at a time, each with its share of the span that it is in. */

import type { ProfileStack } from '@waggle/formats';
import type { SampledPart, StoreReader } from '@waggle/store';
import type { RecordedSamples } from '@waggle/tui';
import { LRUCache } from 'lru-cache';

const SECOND_MS = 1000;
/** Longer than a span of the profile. */
const SPAN_NS = 60_000_000_000n;
/** Spans that are unpacked, around the moment. */
const KEPT_PARTS = 64;
/** Of all of these: some hundred times what a large host has. */
const MAX_STACKS = 500_000;

interface Part {
  readonly from: number;
  readonly to: number;
  readonly lost: number;
  readonly stacks: readonly ProfileStack[];
  readonly samples: number;
  /** Of one CPU, by pid. */
  readonly percents: ReadonlyMap<number, number>;
}

export class RecordedProfile {
  readonly #store: StoreReader;
  readonly #frequencyHz: number;
  readonly #parts = new LRUCache<bigint, Part>({
    max: KEPT_PARTS,
    maxSize: MAX_STACKS,
    sizeCalculation: ({ stacks }) => stacks.length + 1,
  });
  /** That the last moment was in. */
  #current: Part | undefined;

  /** @param frequencyHz as which all of it is shown, whatever it was at the time */
  constructor(store: StoreReader, frequencyHz: number) {
    this.#store = store;
    this.#frequencyHz = frequencyHz;
  }

  samples(from: number, to: number): RecordedSamples[] {
    const found: RecordedSamples[] = [];
    for (const part of this.#around(from, to)) {
      const length = Math.max(part.to - part.from, 1);
      const seconds = Math.max(Math.round(length / SECOND_MS), 1);
      const untilOf = (second: number) => part.from + (length * second) / seconds;
      // A part may be as long as its host slept: those of the window alone.
      let second = Math.max(Math.floor(((from - part.from) / length) * seconds), 1);
      while (second < seconds && untilOf(second) <= from) second++;
      for (; second <= seconds && untilOf(second) <= to; second++)
        if (untilOf(second) > from)
          found.push({
            until: untilOf(second),
            profile: this.#share(part, seconds, second === 1),
          });
    }
    return found;
  }

  /** Of one CPU, by pid, in the span that the moment is in; empty where nothing was sampled. */
  percentsAt(at: number): ReadonlyMap<number, number> {
    const isIn = ({ from, to }: Part) => from <= at && at <= to;
    if (this.#current === undefined || !isIn(this.#current))
      this.#current = this.#around(at, at).find(isIn);
    return this.#current?.percents ?? new Map();
  }

  #share({ stacks, samples, from, to, lost }: Part, seconds: number, isFirst: boolean) {
    return {
      stacks: stacks.map(({ frames, count }) => ({ frames, count: count / seconds })),
      metadata: {
        host: '',
        frequencyHz: this.#frequencyHz,
        startTime: new Date(from),
        durationSeconds: (to - from) / SECOND_MS / seconds,
        samples: samples / seconds,
        lostSamples: isFirst ? lost : 0,
      },
    };
  }

  #around(from: number, to: number): Part[] {
    const span = {
      sinceNs: BigInt(Math.floor(from)) * 1_000_000n - SPAN_NS,
      untilNs: BigInt(Math.ceil(to)) * 1_000_000n + SPAN_NS,
    };
    const parts: Part[] = [];
    let stacks = 0;
    for (const row of this.#store.samples(span)) {
      const part = this.#parts.get(row.toNs) ?? this.#unpacked(row);
      this.#parts.set(row.toNs, part);
      stacks += part.stacks.length;
      if (stacks <= MAX_STACKS && part.to >= from && part.from <= to) parts.push(part);
    }
    return parts;
  }

  #unpacked({ fromNs, toNs, frequencyHz, lost, entries }: SampledPart): Part {
    const [from, to] = [Number(fromNs) / 1e6, Number(toNs) / 1e6];
    const scale = this.#frequencyHz / Math.max(frequencyHz, 1);
    const stacks: ProfileStack[] = [];
    const percents = new Map<number, number>();
    let samples = 0;
    for (const { pid, stack, count } of entries) {
      const frames = this.#store.framesOf(stack);
      if (frames === undefined) continue;
      const scaled = count * scale;
      samples += scaled;
      stacks.push({
        frames: [{ name: String(pid), kind: 'process' }, ...frames],
        count: scaled,
      });
      const percent = (100 * count) / Math.max((frequencyHz * (to - from)) / SECOND_MS, 1);
      percents.set(pid, (percents.get(pid) ?? 0) + percent);
    }
    return { from, to, lost, stacks, samples, percents };
  }
}
