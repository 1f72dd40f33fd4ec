/**
 * A replay: the same views, fed from what was recorded, at a moment that keys move. Forward it goes the way that live data
 * take; anywhere else everything begins anew, some time before the moment, so that what had just ended is there too.
 */

import type { RecordedGap, Recording } from '../model/recording.ts';
import type { LiveData } from './live-data.ts';

/** A span of the profile that an agent keeps. */
export const STEP_MS = 10_000;
export const MINUTE_MS = 60_000;
/** What had just ended, or is among the events, is of that time before the moment. */
const BEFORE_MS = 30_000;
const SPEEDS = [1, 10, 60] as const;
/** What is fed at once has one time: so long is a value of the two lines of bars. */
const FED_MS = 1000;
/** Whoever is farther away is quicker there from anew. */
const MAX_FED_MS = 2 * MINUTE_MS;

/** Who is on the screen, and whether more is to be known of all. */
interface LookedAt {
  readonly pids: readonly number[];
  readonly all: boolean;
}

export class Replay {
  readonly #data: LiveData;
  readonly #recording: Recording;
  #at: number;
  #speed = 0;
  /** By performance.now(), until when it has played; undefined while it stands. */
  #playedAt: number | undefined;
  #gap: RecordedGap | undefined;
  #isBegun = false;
  #isPartial = false;
  #problem: string | undefined;

  /** @param at ms since 1970 */
  constructor(data: LiveData, recording: Recording, at: number) {
    this.#data = data;
    this.#recording = recording;
    this.#at = at;
  }

  /** The moment that is shown. */
  get at(): number {
    return this.#at;
  }

  get isPlaying(): boolean {
    return this.#playedAt !== undefined;
  }

  /** Recorded seconds in a second. */
  get speed(): number {
    return SPEEDS[this.#speed] ?? 1;
  }

  /** When the moment lies in one. */
  get gap(): RecordedGap | undefined {
    return this.#gap;
  }

  /** Of what is shown some could not be read. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  /** What has become of the recording since it was opened. */
  get fate(): string | undefined {
    return this.#recording.fate;
  }

  /** Why the moment that was wanted last is not there, or not whole: once. */
  takeProblem(): string | undefined {
    const problem = this.#problem;
    this.#problem = undefined;
    return problem;
  }

  play(isPlaying: boolean): void {
    this.#playedAt = isPlaying ? performance.now() : undefined;
  }

  faster(): void {
    this.#speed = (this.#speed + 1) % SPEEDS.length;
  }

  momentOf(text: string): number | undefined {
    return this.#recording.momentOf(text);
  }

  /**
   * Shows another moment; one before or behind all that is kept is the first or the last of it.
   *
   * @returns whether it is the moment that was wanted
   */
  seek(at: number, lookedAt: LookedAt): boolean {
    return this.#reading(() => this.#goTo(at, lookedAt)) ?? false;
  }

  /** Some times a second. @returns whether it has come to the end of what is kept and stands now */
  tick(lookedAt: LookedAt): boolean {
    // What cannot show its first moment is not shown at all.
    if (!this.#isBegun) this.#goTo(this.#at, lookedAt);
    if (this.#playedAt !== undefined)
      return this.#reading(() => this.#playOn(this.#playedAt ?? 0, lookedAt)) ?? false;
    // Of whom is on the screen now, more is to be known.
    this.#data.tick(this.#at, lookedAt.pids, lookedAt.all);
    return false;
  }

  /** A recording may be damaged in a part of it, or become so while it is shown. @returns undefined where it was */
  #reading<Result>(read: () => Result): Result | undefined {
    this.#problem = undefined;
    try {
      return read();
    } catch (error) {
      this.#problem = this.#recording.wordsOf?.(error);
      if (this.#problem === undefined) throw error;
      this.play(false);
      return undefined;
    }
  }

  #goTo(at: number, lookedAt: LookedAt): boolean {
    const { kept } = this.#recording;
    const wanted = at;
    const to = kept === undefined ? at : Math.min(Math.max(at, kept.from), kept.to);
    const { mode } = this.#data.samples;
    const before = Math.max(BEFORE_MS, mode.kind === 'window' ? mode.ms : 0);
    const from = this.#recording.beginFor(to, before);
    this.#recording.startAt(from);
    this.#data.restart(from);
    this.#at = from;
    this.#isBegun = true;
    this.#feed(to, lookedAt);
    return to === wanted;
  }

  #playOn(playedAt: number, lookedAt: LookedAt): boolean {
    const now = performance.now();
    const wanted = this.#at + (now - playedAt) * this.speed;
    const end = this.#recording.kept?.to ?? this.#at;
    this.#playedAt = now;
    this.#goOn(Math.min(wanted, end), lookedAt);
    if (wanted < end) return false;
    this.play(false);
    return true;
  }

  #goOn(to: number, lookedAt: LookedAt): void {
    if (to <= this.#at) return;
    // Behind a gap nobody knows when who ended in it.
    const hasGap = this.#recording.gaps(this.#at, to).some((gap) => gap.to <= to);
    if (hasGap || to - this.#at > MAX_FED_MS) this.#goTo(to, lookedAt);
    else this.#feed(to, lookedAt);
  }

  #feed(to: number, { pids, all }: LookedAt): void {
    this.#isPartial = true;
    const events = this.#recording.events(this.#at, to);
    const samples = this.#recording.samples(this.#at, to);
    let [event, sample] = [0, 0];
    while (this.#at < to) {
      const until = Math.min(this.#at + FED_MS, to);
      const first = event;
      while (event < events.length && timeOf(events[event]) <= until) event++;
      this.#data.addEvents(events.slice(first, event), until);
      for (; sample < samples.length && (samples[sample]?.until ?? to) <= until; sample++) {
        const part = samples[sample];
        if (part !== undefined) this.#data.addSamples(part.profile, part.until);
      }
      this.#recording.goTo(until);
      // Of some, in a gap and elsewhere, nobody saw the end.
      if (until === to) this.#data.processes.lookForEnded();
      this.#data.tick(until, pids, all);
      this.#at = until;
    }
    this.#gap = this.#recording
      .gaps(to, to)
      .find(({ from, to: until }) => from <= to && to < until);
    this.#isPartial = false;
  }
}

const timeOf = (event: { readonly time: bigint } | undefined): number =>
  Number((event?.time ?? 0n) / 1_000_000n);
