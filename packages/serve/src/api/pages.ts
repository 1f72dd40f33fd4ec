/** Pages that are open, each with one connection, over which it is told what it has not asked for. */

import type { EventFilter } from '../store/event-filter.ts';
import type { KeptHost } from '../store/kept-host.ts';

/** What of a connection is used; Bun's WebSocket is one. */
export interface PageConnection {
  send(text: string): number;
  getBufferedAmount(): number;
  close(code?: number, reason?: string): void;
}

export interface Pages extends Disposable {
  readonly size: number;
  /** That they were sent and have not taken, beyond what the kernel holds for them. */
  readonly unreadBytes: number;
  /** @param hello what it is told first */
  open(connection: PageConnection, hello: object): void;
  close(connection: PageConnection): void;
  /** Which events a page wants from now on, and after which it has them. */
  want(connection: PageConnection, filter: EventFilter, after?: number): void;
  /** There is something new. */
  wake(): void;
  /** It goes on without events until it wants them again. */
  pause(connection: PageConnection, isPaused: boolean): void;
}

/** How often it is looked whether an agent has written more of what is shown. */
const LOOK_MS = 5000;

/** Pages of a recording: they are told when there is more of it. */
export class RecordedPages implements Pages {
  readonly #store: KeptHost;
  readonly #pages = new Set<PageConnection>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #until = 0;

  constructor(store: KeptHost) {
    this.#store = store;
  }

  get size(): number {
    return this.#pages.size;
  }

  get unreadBytes(): number {
    return [...this.#pages].reduce((sum, each) => sum + each.getBufferedAmount(), 0);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const page of this.#pages) page.close(1001, 'waggle ends');
    this.#pages.clear();
  }

  open(connection: PageConnection, hello: object): void {
    this.#pages.add(connection);
    connection.send(JSON.stringify({ type: 'hello', ...hello }));
    if (this.#timer !== undefined) return;
    this.#until = this.#store.until(Date.now());
    this.#timer = setInterval(() => this.tick(), LOOK_MS);
  }

  close(connection: PageConnection): void {
    this.#pages.delete(connection);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  want(): void {}

  wake(): void {}

  pause(): void {}

  /** What cannot be read is told to who asks for it. */
  tick(): void {
    try {
      this.#tellMore();
    } catch {}
  }

  #tellMore(): void {
    const now = this.#store.until(Date.now());
    if (now === this.#until) return;
    this.#until = now;
    const { sampledUntil, lostEvents, events } = this.#store.status(now);
    const text = JSON.stringify({
      ...{ type: 'tick', now, sampledUntil, lostEvents },
      ...{ last: events, skipped: 0, activity: [], events: [] },
    });
    for (const page of this.#pages) page.send(text);
  }
}
