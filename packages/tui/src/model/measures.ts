/**
 * What stacks are counted by: samples of CPUs, or time. Each has samples of its own, and one is shown.
 */

import type { ProfileFrame, ProfileStack, ValueType } from '@waggle/formats';
import { Samples } from './samples.ts';

/** `cpu`: samples on the CPU. `off-cpu`: time off it. `wall`: both, as time. */
export type Measure = 'cpu' | 'off-cpu' | 'wall';

export const MEASURE_TITLES: Readonly<Record<Measure, string>> = {
  cpu: 'on the CPU',
  'off-cpu': 'off the CPU',
  wall: 'wall time',
};

/** What a count of a measure is, in a profile that is saved; undefined where it is samples. */
export function valueTypeOf(measure: Measure): ValueType | undefined {
  return measure === 'cpu' ? undefined : { type: measure, unit: 'microseconds' };
}

/** A count in words: `31 samples`, `1.25 s`. */
export function amountText(measure: Measure, count: number): string {
  if (measure === 'cpu') return `${Math.round(count)} samples`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} s`;
  return count >= 1000 ? `${(count / 1000).toFixed(1)} ms` : `${Math.round(count)} µs`;
}

export class Measures {
  readonly #all = new Map<Measure, Samples>();
  #shown: Measure = 'cpu';
  #keepsFrame: (frame: ProfileFrame) => boolean = () => true;
  #shows: (pid: number) => boolean = () => true;

  constructor(now: number) {
    this.#all.set('cpu', new Samples(now));
  }

  get shown(): Measure {
    return this.#shown;
  }

  /** Of what is shown. */
  get samples(): Samples {
    return this.of(this.#shown);
  }

  of(measure: Measure): Samples {
    const samples = this.#all.get(measure);
    if (samples === undefined) throw new RangeError(`${measure} is not measured`);
    return samples;
  }

  /** Shows another one. One that was not measured begins now; one of two that cost something ends. */
  show(measure: Measure, now: number): void {
    const { mode } = this.samples;
    for (const each of this.#all.keys())
      if (each !== 'cpu' && each !== measure) this.#all.delete(each);
    if (!this.#all.has(measure)) this.#all.set(measure, new Samples(now));
    this.#shown = measure;
    const samples = this.of(measure);
    samples.setScope(this.#shows);
    this.#applyFrames(samples);
    samples.setMode(mode);
  }

  /** @returns whether somebody wants them: a measure may have ended meanwhile */
  add(measure: Measure, stacks: readonly ProfileStack[], until: number): boolean {
    const samples = this.#all.get(measure);
    samples?.add({ stacks }, until);
    return samples !== undefined;
  }

  setScope(shows: (pid: number) => boolean): void {
    this.#shows = shows;
    for (const samples of this.#all.values()) samples.setScope(shows);
  }

  /** Which frames are shown; samples of the others are their callers'. */
  setFrames(keepsFrame: (frame: ProfileFrame) => boolean): void {
    this.#keepsFrame = keepsFrame;
    for (const samples of this.#all.values()) this.#applyFrames(samples);
  }

  #applyFrames(samples: Samples): void {
    samples.setFrames((frame) => this.#keepsFrame(samples.table.frame(frame)));
  }
}
