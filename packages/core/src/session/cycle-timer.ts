/**
 * Cycles that start by time, where no collection starts them: who has ended is forgotten in each, but for
 * whom samples may still come of. A host that leaves no time to take samples in makes cycles late as well.
 */

/** By plugins, or by whoever has the session. */
export type CycleLength = number | 'manual';

export class CycleTimer {
  readonly #length: CycleLength;
  readonly #begin: (endedBefore: number) => void;
  readonly #takenInUntil: () => number;
  readonly #now: () => number;
  #begunAt: number;

  /**
   * @param begin a cycle, in which what ended before a moment (ms since 1970) is forgotten
   * @param takenInUntil a moment before which nobody who ended is asked about any more
   */
  constructor(
    length: CycleLength,
    begin: (endedBefore: number) => void,
    takenInUntil: () => number,
    now: () => number = () => performance.now(),
  ) {
    this.#length = length;
    this.#begin = begin;
    this.#takenInUntil = takenInUntil;
    this.#now = now;
    this.#begunAt = now();
  }

  beginIfDue(): void {
    if (this.#length === 'manual') return;
    const now = this.#now();
    if (now - this.#begunAt < this.#length) return;
    this.#begunAt = now;
    this.#begin(this.#takenInUntil());
  }
}
