/**
 * The pages that are open. Each has one connection, and gets ten times a second at most what is new since the last
 * time: curves, some of the events that it wants, and how many more there were. A page that does not take that gets
 * nothing until it does, and then a summary: nothing waits for it.
 */

import { activityRow } from '../store/activity.ts';
import { type EventFilter, type LineTest, lineTest } from '../store/event-filter.ts';
import type { LiveStore } from '../store/live-store.ts';
import type { PageConnection, Pages } from './pages.ts';

/** Between two times that pages are told something. What comes after a silence is told at once. */
const TICK_MS = 100;
/** Who did not take it gets a summary then. */
const AGAIN_MS = 500;
/** Bytes that a page has not taken: more would be a queue. */
const MAX_WAITING = 128 * 1024;
/** Lines of one tick; what is more is a number. */
const LINES_A_TICK = 50;
/** Characters of them: with whole command lines one may have two million. The last one is told however long it is. */
const LENGTH_A_TICK = 64 * 1024;
/** How far back a page that was away is told events. */
const LOOKED_AT = 5000;
/** CPU comes some seconds after its events. */
const CHANGING_SECONDS = 8;

interface Page {
  /** The last event that it was told, or that was counted as skipped. */
  at: number;
  passes: LineTest | undefined;
  activity: string;
  sampledUntil: number;
  isPaused: boolean;
}

export class LivePages implements Pages {
  readonly #store: LiveStore;
  readonly #pages = new Map<PageConnection, Page>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  /** By performance.now(). */
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(store: LiveStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#pages.size;
  }

  get unreadBytes(): number {
    return [...this.#pages.keys()].reduce((sum, each) => sum + each.getBufferedAmount(), 0);
  }

  [Symbol.dispose](): void {
    this.#stop();
    for (const page of this.#pages.keys()) page.close(1001, 'waggle ends');
    this.#pages.clear();
  }

  open(connection: PageConnection, hello: object): void {
    const { last } = this.#store.events;
    this.#pages.set(connection, {
      at: last,
      passes: undefined,
      activity: '',
      sampledUntil: 0,
      isPaused: false,
    });
    connection.send(JSON.stringify({ type: 'hello', ...hello }));
    this.#timer ??= setInterval(() => this.wake(), AGAIN_MS);
  }

  close(connection: PageConnection): void {
    this.#pages.delete(connection);
    if (this.#pages.size > 0) return;
    this.#stop();
  }

  want(connection: PageConnection, filter: EventFilter, after?: number): void {
    const page = this.#pages.get(connection);
    if (page === undefined) return;
    page.passes = lineTest(filter);
    if (after !== undefined) page.at = Math.min(after, this.#store.events.last);
  }

  pause(connection: PageConnection, isPaused: boolean): void {
    const page = this.#pages.get(connection);
    if (page !== undefined) page.isPaused = isPaused;
  }

  wake(): void {
    if (this.#pages.size === 0 || this.#soon !== undefined) return;
    const since = performance.now() - this.#toldAt;
    this.#soon = setTimeout(
      () => {
        this.#soon = undefined;
        this.tick();
      },
      Math.max(0, TICK_MS - since),
    );
  }

  tick(now = Date.now()): void {
    this.#toldAt = performance.now();
    const activity = this.#activity(now);
    for (const [connection, page] of this.#pages) {
      if (connection.getBufferedAmount() > MAX_WAITING) continue;
      const text = this.#news(page, activity, now);
      if (text !== undefined) connection.send(text);
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
  }

  #activity(now: number): string {
    const span = { from: now - CHANGING_SECONDS * 1000, to: now };
    return JSON.stringify(this.#store.activity.in(span).map(activityRow));
  }

  /** Undefined where there is none. */
  #news(page: Page, activity: string, now: number): string | undefined {
    const { events, samples, lostEvents } = this.#store;
    const sampledUntil = samples.to ?? 0;
    const hasEvents = !page.isPaused && page.at < events.last;
    if (!hasEvents && page.activity === activity && page.sampledUntil === sampledUntil)
      return undefined;
    const { lines, skipped } = hasEvents ? this.#linesFor(page) : { lines: [], skipped: 0 };
    page.activity = activity;
    page.sampledUntil = sampledUntil;
    return (
      `{"type":"tick","now":${now},"sampledUntil":${sampledUntil},"lostEvents":${lostEvents},` +
      `"last":${page.at},"skipped":${skipped},"activity":${activity},"events":[${lines.join(',')}]}`
    );
  }

  #linesFor(page: Page): { readonly lines: readonly string[]; readonly skipped: number } {
    const { events } = this.#store;
    let skipped = 0;
    if (events.last - page.at > LOOKED_AT) {
      skipped = events.last - page.at - LOOKED_AT;
      page.at = events.last - LOOKED_AT;
    }
    const lines: string[] = [];
    for (const { number, line } of events.after(page.at)) {
      page.at = number;
      if (page.passes === undefined || page.passes(line)) lines.push(`[${number},${line}]`);
    }
    const told = newest(lines);
    return { lines: told, skipped: skipped + lines.length - told.length };
  }
}

/** As many as one tick may have. */
function newest(lines: readonly string[]): readonly string[] {
  let from = lines.length;
  for (let length = 0; from > 0 && lines.length - from < LINES_A_TICK; from--) {
    length += lines[from - 1]?.length ?? 0;
    if (length > LENGTH_A_TICK && from < lines.length) break;
  }
  return lines.slice(from);
}
