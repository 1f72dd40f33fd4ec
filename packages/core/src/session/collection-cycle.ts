/**
 * When a cycle starts: a collection is one, and what ended in it is known until the next. A cycle
 * starts when its collection begins to gather, not when it has named what it gathered: whoever is
 * sampled meanwhile belongs to the next collection, and so do those who end.
 */

/** What is collected apart: each accumulates until it is asked for. */
export type CollectionKind = 'profile' | 'stacks';

export class CollectionCycle {
  readonly #evict: (endedBefore: number) => void;
  readonly #catchUp: () => void;
  readonly #now: () => number;
  /** When the last collection of each kind that was ever collected began. */
  readonly #starts = new Map<CollectionKind, number>();

  /**
   * @param evict forgets what ended before a moment of `now`
   * @param catchUp takes in the events until this moment
   */
  constructor(
    evict: (endedBefore: number) => void,
    catchUp: () => void,
    now: () => number = Date.now,
  ) {
    this.#evict = evict;
    this.#catchUp = catchUp;
    this.#now = now;
  }

  /** Runs a collection as a cycle. Fails as `gather` does; then its cycle has not started. */
  async run<T>(kinds: readonly CollectionKind[], gather: () => Promise<T>): Promise<T> {
    // What any kind still has samples of stays known.
    if (this.#starts.size > 0) this.#evict(Math.min(...this.#starts.values()));
    const startedAt = this.#now();
    const result = await gather();
    // Execs and exits up to this moment, so that whoever was sampled is known.
    this.#catchUp();
    for (const kind of kinds) this.#starts.set(kind, startedAt);
    return result;
  }
}
