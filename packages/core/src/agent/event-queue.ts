/**
 * Batches pushed on one side, events pulled one by one on the other: `for await` over a session. The
 * pushing side waits until a batch was taken, so memory does not grow with a slow consumer. Before anybody
 * iterates nobody is waited for: events are kept up to a bound, and what comes beyond it is counted
 * and told as lost.
 */

import type { LostEvent, OwnEvent, ProcessEvent } from '@waggle/events';
import { type CountByKind, EVENT_KINDS, type EventKind, noEvents, sumOf } from '@waggle/kernel';

/** Some megabytes; two seconds of a busy host. */
export const EARLY_EVENTS = 8192;

export class EventQueue<Own extends Pick<OwnEvent, 'event' | 'time'> = never>
  implements AsyncIterableIterator<ProcessEvent | Own>
{
  /** Kept before anybody iterated. */
  #early: (ProcessEvent | Own)[] = [];
  #earlyPosition = 0;
  #missed = noEvents();
  /** Events of sources among them, which have no kind. */
  #missedOwn = 0;
  #iterated = false;
  #batch: readonly (ProcessEvent | Own)[] = [];
  #position = 0;
  #taken: (() => void) | undefined;
  #wanted: ((result: IteratorResult<ProcessEvent | Own>) => void) | undefined;
  #ended = false;
  readonly #unsubscribe: () => void;

  readonly #room: number;

  constructor(
    subscribe: (
      observer: (events: readonly (ProcessEvent | Own)[]) => void | Promise<void>,
    ) => () => void,
    readonly ended: Promise<void>,
    room: number = EARLY_EVENTS,
  ) {
    this.#room = room;
    this.#unsubscribe = subscribe((events) => this.#push(events));
    ended.then(() => this.#end());
  }

  /** An iteration has begun. */
  get taken(): boolean {
    return this.#iterated;
  }

  /** An iteration goes on. */
  get iterated(): boolean {
    return this.#iterated && !this.#ended;
  }

  /** Events that came before the first iteration and found no room; none while nobody has iterated. */
  get missed(): CountByKind {
    return this.#iterated ? this.#missed : noEvents();
  }

  /** From now on the pushing side waits. */
  [Symbol.asyncIterator](): this {
    if (this.#iterated) return this;
    this.#iterated = true;
    const count = sumOf(this.#missed) + this.#missedOwn;
    const time = this.#early.at(-1)?.time;
    if (count > 0 && time !== undefined)
      this.#early.push({ event: 'lost', time, count, lost: { ...this.#missed } });
    return this;
  }

  next(): Promise<IteratorResult<ProcessEvent | Own>> {
    const event = this.#nextEarly() ?? this.#nextOfBatch();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  return(): Promise<IteratorResult<ProcessEvent | Own>> {
    this.#early = [];
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #nextEarly(): ProcessEvent | Own | undefined {
    const event = this.#early[this.#earlyPosition];
    if (event === undefined) return undefined;
    this.#earlyPosition++;
    if (this.#earlyPosition < this.#early.length) return event;
    this.#early = [];
    this.#earlyPosition = 0;
    return event;
  }

  #nextOfBatch(): ProcessEvent | Own | undefined {
    const event = this.#batch[this.#position];
    if (event === undefined) return undefined;
    this.#position++;
    if (this.#position === this.#batch.length) this.#taken?.();
    return event;
  }

  #push(events: readonly (ProcessEvent | Own)[]): void | Promise<void> {
    if (!this.#iterated) {
      this.#keep(events);
      return;
    }
    this.#batch = events;
    this.#position = 0;
    const taken = new Promise<void>((resolve) => {
      this.#taken = resolve;
    });
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted !== undefined) this.next().then(wanted);
    return taken;
  }

  /** The first ones, so that there is one gap, and a place to tell of it. */
  #keep(events: readonly (ProcessEvent | Own)[]): void {
    const room = this.#room - this.#early.length;
    for (const event of events.slice(0, room)) this.#early.push(event);
    for (const event of events.slice(room)) {
      if (isLost(event)) for (const kind of EVENT_KINDS) this.#missed[kind] += event.lost[kind];
      else if (isKind(event.event)) this.#missed[event.event]++;
      else this.#missedOwn++;
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    this.#taken?.();
    this.#wanted?.({ done: true, value: undefined });
    this.#wanted = undefined;
  }
}

function isLost(event: Pick<OwnEvent, 'event'>): event is LostEvent {
  return event.event === 'lost';
}

function isKind(name: string): name is EventKind {
  return (EVENT_KINDS as readonly string[]).includes(name);
}
