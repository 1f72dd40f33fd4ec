/**
 * What was allocated and not freed over time. A recording of days has no more moments than one of seconds: when
 * there are too many, every other one goes.
 */

export interface HeapMoment {
  /** After the beginning. */
  readonly seconds: number;
  readonly bytes: number;
  readonly blocks: number;
}

export class HeapTimeline {
  readonly #max: number;
  #moments: HeapMoment[] = [];
  #everySeconds: number;

  /** @param max moments that are kept; even */
  constructor(everySeconds: number, max: number) {
    this.#everySeconds = everySeconds;
    this.#max = max;
  }

  get moments(): readonly HeapMoment[] {
    return this.#moments;
  }

  /** Kept where it is due; the last one always. */
  add(moment: HeapMoment, isLast = false): void {
    if (!isLast && moment.seconds < (this.#moments.at(-1)?.seconds ?? 0) + this.#everySeconds)
      return;
    this.#moments.push(moment);
    if (this.#moments.length < this.#max) return;
    this.#moments = this.#moments.filter((_, index) => index % 2 === 1);
    this.#everySeconds *= 2;
  }
}
