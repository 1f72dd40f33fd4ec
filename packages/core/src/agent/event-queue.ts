// Batches pushed on one side, events pulled one by one on the other: `for await` over a session.
// The pushing side waits until a batch was taken, so memory does not grow with a slow consumer.

import type { ProcessEvent } from '../lifecycle/process-event.ts';

export class EventQueue implements AsyncIterableIterator<ProcessEvent> {
  #batch: readonly ProcessEvent[] = [];
  #position = 0;
  #taken: (() => void) | undefined;
  #wanted: ((result: IteratorResult<ProcessEvent>) => void) | undefined;
  #ended = false;
  readonly #unsubscribe: () => void;

  constructor(
    subscribe: (observer: (events: readonly ProcessEvent[]) => Promise<void>) => () => void,
    ended: Promise<void>,
  ) {
    this.#unsubscribe = subscribe((events) => this.#push(events));
    ended.then(() => this.#end());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ProcessEvent>> {
    const event = this.#batch[this.#position];
    if (event !== undefined) {
      this.#position++;
      if (this.#position === this.#batch.length) this.#taken?.();
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  return(): Promise<IteratorResult<ProcessEvent>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #push(events: readonly ProcessEvent[]): Promise<void> {
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

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unsubscribe();
    this.#taken?.();
    this.#wanted?.({ done: true, value: undefined });
    this.#wanted = undefined;
  }
}
