/**
 * Which events pass a filter, the newest of them. Each is asked once, when it is new: a picture is drawn some
 * times a second, and most events are on many of them.
 */

import type { EventLog } from '../model/event-log.ts';

/** What is listed at most. */
const LISTED = 2000;

export class MatchingEvents {
  /** Numbers, the oldest first. */
  #numbers: number[] = [];
  #asked = 0;
  #filter = '';
  #events: EventLog | undefined;

  get length(): number {
    return this.#numbers.length;
  }

  /** Number of the one with so many newer ones; undefined where there are not so many. */
  at(index: number): number | undefined {
    return index < 0 ? undefined : this.#numbers[this.#numbers.length - 1 - index];
  }

  /** How many of them are newer; -1 for what is none of them. */
  indexOf(number: number): number {
    const found = this.#numbers.lastIndexOf(number);
    return found < 0 ? -1 : this.#numbers.length - 1 - found;
  }

  /** @param filter what `passes` depends on, in words: where it is another one all are asked again */
  update(events: EventLog, filter: string, passes: (number: number) => boolean): void {
    // Another log has events of the same numbers: a replay went elsewhere.
    if (filter !== this.#filter || events !== this.#events) {
      this.#filter = filter;
      this.#events = events;
      this.#numbers = [];
      this.#asked = 0;
    }
    for (let number = Math.max(this.#asked, events.first); number < events.total; number++)
      if (passes(number)) this.#numbers.push(number);
    this.#asked = events.total;
    const known = this.#numbers.findIndex((number) => number >= events.first);
    const old = known < 0 ? this.#numbers.length : known;
    const excess = Math.max(old, this.#numbers.length - LISTED);
    if (excess > 0) this.#numbers.splice(0, excess);
  }
}
