/**
 * A bounded look for entries whose process is gone, when room is needed: a few checks per call,
 * going round the table from where the last call stopped. A whole sweep on a hot call would read
 * /proc as many times as there are entries; many small ones get round just as well.
 */
import type { EntryTable, Slot } from './entry-table.ts';
import type { Clock } from './options.ts';

const DEFAULT_PROBES = 8;
/** After a look that found nothing, the next is due when this many ms have passed. */
const PAUSE_MS = 100;
/** Entries passed over without a check per call, as a multiple of the checks. */
const STEPS_PER_PROBE = 4;

export class Pruner {
  readonly #table: EntryTable;
  readonly #clock: Clock;
  readonly #probes: number;
  #at: MapIterator<Slot> | undefined;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(table: EntryTable, clock: Clock, probes: number = DEFAULT_PROBES) {
    this.#table = table;
    this.#clock = clock;
    this.#probes = probes;
  }

  /** `evictIfDead` checks one slot and returns whether it evicted it. */
  run(evictIfDead: (slot: Slot) => boolean): void {
    const now = this.#clock.now();
    // A clock that was set back ends the pause too.
    if (now < this.#pausedUntil && now >= this.#pausedUntil - PAUSE_MS) return;
    let probes = this.#probes;
    let steps = Math.min(this.#table.size, this.#probes * STEPS_PER_PROBE);
    let found = false;
    while (probes > 0 && steps > 0) {
      steps--;
      const slot = this.#next();
      if (slot === undefined) break;
      if (slot.pending !== undefined) continue;
      probes--;
      if (evictIfDead(slot)) found = true;
    }
    this.#pausedUntil = found ? Number.NEGATIVE_INFINITY : now + PAUSE_MS;
  }

  #next(): Slot | undefined {
    const next = this.#at?.next();
    if (next !== undefined && !next.done) return next.value;
    this.#at = this.#table.heads();
    const first = this.#at.next();
    return first.done ? undefined : first.value;
  }
}
