/**
 * Until when everything that was sampled has been taken in: whoever ended before that is in no sample that
 * is still to come, and need not be known any more. It stands still where the host leaves no time to take
 * samples in, and nobody is forgotten meanwhile.
 */

export class TakenIn {
  #moment = Number.NEGATIVE_INFINITY;
  #switchedAt = Number.NEGATIVE_INFINITY;
  #switchedBefore = Number.NEGATIVE_INFINITY;

  readonly #now: () => number;

  /** @param now in ms since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** In ms since the epoch. */
  get until(): number {
    return this.#moment;
  }

  /** A round begins: programs count into the other map, and the one they counted into until the last is read. */
  beganRound(): void {
    this.#switchedBefore = this.#switchedAt;
    this.#switchedAt = this.#now();
  }

  /**
   * That map is read.
   * @param handedOver until when samples were taken in that userspace walks
   */
  endedRound(handedOver: number): void {
    this.#moment = Math.max(this.#moment, Math.min(this.#switchedBefore, handedOver));
  }
}
