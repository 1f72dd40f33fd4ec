/**
 * What was sampled, cycle by cycle: which stacks of which processes, and how often. What is a minute old is kept
 * in steps of five seconds, what is five minutes old in steps of fifteen, so that a quarter of an hour of a host
 * with many CPUs has room.
 */

import type { Profile, ProfileStack } from '@waggle/formats';
import { isMostlyIn, type Span } from './span.ts';
import { StackTable, splitOwner } from './stack-table.ts';

/** Samples of one cycle: three columns, one place for each stack of each process. */
export interface Slice extends Span {
  readonly samples: number;
  readonly lost: number;
  readonly owners: Int32Array;
  readonly stacks: Int32Array;
  readonly counts: Float64Array;
}

export interface SamplesOptions {
  readonly keepMs: number;
  /** Of slices and stacks together: beyond it the oldest go. */
  readonly maxBytes: number;
}

export interface SpanOfStacks {
  readonly stacks: readonly ProfileStack[];
  /** What the slices cover: as near to the span that was asked for as they allow. */
  readonly span: Span;
  readonly samples: number;
  readonly lost: number;
  /** Seconds in which somebody sampled, without gaps. */
  readonly seconds: number;
}

const AGES = [
  { olderThanMs: 300_000, stepMs: 15_000 },
  { olderThanMs: 60_000, stepMs: 5_000 },
] as const;

const BYTES_OF_ENTRY = 16;
const BYTES_OF_SLICE = 400;

export class Samples {
  readonly #options: SamplesOptions;
  #table = new StackTable();
  #slices: Slice[] = [];
  #bytes = 0;
  #coarseUntil = 0;

  constructor(options: SamplesOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes + this.#table.bytes;
  }

  get sliceCount(): number {
    return this.#slices.length;
  }

  /** Of the oldest slice; undefined before the first. */
  get from(): number | undefined {
    return this.#slices[0]?.from;
  }

  /** Of the newest. */
  get to(): number | undefined {
    return this.#slices.at(-1)?.to;
  }

  /**
   * @param profile of one cycle; the first frame of each stack names its process as `PID:START`
   * @param ownerOf its number, from then on; asked once for each process
   */
  add(profile: Profile, span: Span, ownerOf: (name: string) => number): void {
    const sums = new Sums();
    const numbers = new Map<string, number>();
    for (const stack of profile.stacks) {
      const { owner, frames } = splitOwner(stack);
      let number = 0;
      if (owner !== undefined) {
        number = numbers.get(owner) ?? ownerOf(owner);
        numbers.set(owner, number);
      }
      sums.add(number, this.#table.idOf(frames), stack.count);
    }
    const { samples, lostSamples } = profile.metadata;
    this.#push(sums.slice(span, samples, lostSamples));
    this.#forget(span.to);
    this.#coarsen(span.to);
  }

  /** What was sampled in a span. @param owns whose; everybody's without it */
  between(span: Span, owns?: (owner: number) => boolean): SpanOfStacks {
    const sums = new Map<number, number>();
    const covered = this.#in(span);
    let lost = 0;
    let samples = 0;
    for (const slice of covered) {
      lost += slice.lost;
      forEachEntry(slice, (owner, stack, count) => {
        if (owns !== undefined && !owns(owner)) return;
        sums.set(stack, (sums.get(stack) ?? 0) + count);
        samples += count;
      });
    }
    const stacks = [...sums].map(([stack, count]) => ({
      frames: this.#table.frames(stack),
      count,
    }));
    return {
      stacks,
      span: { from: covered[0]?.from ?? span.from, to: covered.at(-1)?.to ?? span.to },
      samples,
      lost,
      seconds: covered.reduce((sum, { from, to }) => sum + (to - from), 0) / 1000,
    };
  }

  /** Samples of each process in a span. */
  perOwner(span: Span): Map<number, number> {
    const sums = new Map<number, number>();
    for (const slice of this.#in(span))
      forEachEntry(slice, (owner, _, count) => sums.set(owner, (sums.get(owner) ?? 0) + count));
    return sums;
  }

  /** For each slice of a span, the samples of some processes. */
  over(span: Span, owns?: (owner: number) => boolean): (Span & { readonly samples: number })[] {
    return this.#slices
      .filter(({ from, to }) => to > span.from && from < span.to)
      .map((slice) => {
        let samples = 0;
        forEachEntry(slice, (owner, _, count) => {
          if (owns === undefined || owns(owner)) samples += count;
        });
        return { from: slice.from, to: slice.to, samples };
      });
  }

  /** Samples of processes that are no longer known are others' from now on: their parents'. */
  giveTo(heirs: ReadonlyMap<number, number>): void {
    for (const { owners } of this.#slices)
      for (let at = 0; at < owners.length; at++)
        owners[at] = heirs.get(owners[at] as number) ?? (owners[at] as number);
  }

  #in(span: Span): Slice[] {
    return this.#slices.filter((slice) => isMostlyIn(slice, span));
  }

  #push(slice: Slice): void {
    this.#slices.push(slice);
    this.#bytes += bytesOf(slice);
  }

  #forget(now: number): void {
    const oldest = now - this.#options.keepMs;
    let gone = 0;
    const limit = this.#options.maxBytes;
    while (
      gone < this.#slices.length - 1 &&
      ((this.#slices[gone] as Slice).to < oldest || this.#bytes > limit)
    )
      this.#bytes -= bytesOf(this.#slices[gone++] as Slice);
    this.#slices.splice(0, gone);
    if (this.bytes > limit) this.#forgetStacks();
  }

  /** Stacks that no slice has go; where that is not enough, the older half of the slices before them. */
  #forgetStacks(): void {
    this.#renumber();
    while (this.bytes > this.#options.maxBytes * 0.75 && this.#slices.length > 1) {
      this.#slices.splice(0, Math.ceil(this.#slices.length / 2));
      this.#bytes = this.#slices.reduce((sum, slice) => sum + bytesOf(slice), 0);
      this.#renumber();
    }
  }

  #renumber(): void {
    const used = this.#slices.flatMap(({ stacks }) => [...stacks]);
    const { table, renumbered } = this.#table.only(used);
    this.#table = table;
    for (const { stacks } of this.#slices)
      for (let at = 0; at < stacks.length; at++)
        stacks[at] = renumbered.get(stacks[at] as number) as number;
  }

  /** From time to time: slices that are old enough become one. */
  #coarsen(now: number): void {
    if (now < this.#coarseUntil) return;
    this.#coarseUntil = now + 5000;
    const kept: Slice[] = [];
    let group: Slice[] = [];
    const close = (): void => {
      if (group.length > 1) kept.push(merged(group));
      else kept.push(...group);
      group = [];
    };
    for (const slice of this.#slices) {
      const step = AGES.find(({ olderThanMs }) => slice.to < now - olderThanMs)?.stepMs ?? 0;
      const first = group[0];
      if (first !== undefined && !isOneStep(first, slice, step)) close();
      group.push(slice);
    }
    close();
    this.#slices = kept;
    this.#bytes = kept.reduce((sum, slice) => sum + bytesOf(slice), 0);
  }
}

/** Whether both lie in one step of the clock, so that the same slices meet whenever they are looked at. */
function isOneStep(first: Slice, next: Slice, step: number): boolean {
  return step > 0 && Math.ceil(first.to / step) === Math.ceil(next.to / step);
}

function forEachEntry(
  { owners, stacks, counts }: Slice,
  take: (owner: number, stack: number, count: number) => void,
): void {
  for (let at = 0; at < owners.length; at++)
    take(owners[at] as number, stacks[at] as number, counts[at] as number);
}

const bytesOf = ({ owners }: Slice): number => owners.length * BYTES_OF_ENTRY + BYTES_OF_SLICE;

/** Numbers of stacks are below this. */
const STACKS = 2 ** 24;

/** Counts by process and stack. */
class Sums {
  readonly #counts = new Map<number, number>();

  add(owner: number, stack: number, count: number): void {
    const key = owner * STACKS + stack;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  slice({ from, to }: Span, samples: number, lost: number): Slice {
    const keys = [...this.#counts.keys()];
    return {
      from,
      to,
      samples,
      lost,
      owners: Int32Array.from(keys, (key) => Math.floor(key / STACKS)),
      stacks: Int32Array.from(keys, (key) => key % STACKS),
      counts: Float64Array.from(this.#counts.values()),
    };
  }
}

function merged(slices: readonly Slice[]): Slice {
  const sums = new Sums();
  let samples = 0;
  let lost = 0;
  for (const slice of slices) {
    samples += slice.samples;
    lost += slice.lost;
    forEachEntry(slice, (owner, stack, count) => sums.add(owner, stack, count));
  }
  const span = { from: (slices[0] as Slice).from, to: (slices.at(-1) as Slice).to };
  return sums.slice(span, samples, lost);
}
