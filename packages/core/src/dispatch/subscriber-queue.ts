// The queue of one observing plugin, and its turn at the one thread that there is. Batches are
// shared between queues and never copied. A turn ends when the queue is empty, when its time is up,
// or when a handler returned something to wait for; so one slow plugin delays nobody for long.

import type { ProcessEvent } from '../events/process-event.ts';
import type { SourceRecord } from '../events/source-records.ts';
import type { HandlerResult, QueueOptions } from '../plugin/plugin.ts';
import type { HandleEvent } from './event-handler.ts';
import { isAsync, type RunningPlugin } from './running-plugin.ts';

/** The clock is read between chunks of this many events, fewer where a chunk takes long. */
const MAX_PER_CHUNK = 256;
const LONG_CHUNK_MS = 1;

export interface Observer {
  /** Sees one event at a time. */
  readonly event?: HandleEvent | undefined;
  /** Takes records of the plugin's sources, among the events; without `event` nothing else. */
  readonly takesRecords?: boolean | undefined;
  /** Sees what is left of a batch. */
  readonly batch?: ((events: readonly ProcessEvent[]) => HandlerResult) | undefined;
}

type Item = ProcessEvent | SourceRecord;

export class SubscriberQueue {
  readonly #plugin: RunningPlugin;
  readonly #observer: Observer;
  readonly #capacity: number;
  readonly #blocks: boolean;
  readonly #wake: () => void;
  readonly #batches: (readonly Item[])[] = [];
  /** Events of the first batch that are done with. */
  #position = 0;
  #queued = 0;
  #waiting = false;
  #chunk = 1;
  #reportedDropping = false;
  #changed: (() => void)[] = [];

  /** @param wake called when there is work again after an asynchronous handler returned. */
  constructor(
    plugin: RunningPlugin,
    observer: Observer,
    queue: Required<QueueOptions>,
    wake: () => void,
  ) {
    this.#plugin = plugin;
    this.#observer = observer;
    this.#capacity = queue.capacity;
    this.#blocks = queue.whenFull === 'block';
    this.#wake = wake;
  }

  get plugin(): RunningPlugin {
    return this.#plugin;
  }

  /** Something to do and nothing to wait for. */
  get runnable(): boolean {
    return this.#queued > 0 && !this.#waiting;
  }

  get idle(): boolean {
    return this.#queued === 0 && !this.#waiting;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Drops nothing, and is waited for. */
  get blocks(): boolean {
    return this.#blocks;
  }

  /** A blocking queue that has no room: nothing more may be pushed. */
  get full(): boolean {
    return this.#blocks && this.#queued >= this.#capacity;
  }

  /** What of a batch is this plugin's. */
  share({
    events,
    items,
  }: {
    readonly events: readonly ProcessEvent[];
    readonly items: readonly Item[];
  }): readonly Item[] {
    const { takesRecords = false, event } = this.#observer;
    if (!takesRecords || events === items) return event === undefined && takesRecords ? [] : events;
    const { name } = this.#plugin;
    return items.filter((item) =>
      item.event === 'record' ? item.plugin === name : event !== undefined,
    );
  }

  push(batch: readonly Item[]): void {
    if (batch.length === 0) return;
    if (this.#plugin.stopped) {
      this.#plugin.undelivered += batch.length;
      return;
    }
    this.#batches.push(batch);
    this.#queued += batch.length;
    if (!this.#blocks) this.#dropOldest();
  }

  /** Resolves when the queue has made progress, or its plugin was stopped. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.push(resolve);
    });
  }

  /** Works until `deadline` (performance.now()), at least one chunk. */
  run(deadline: number): void {
    let now = performance.now();
    const started = now;
    while (this.runnable && !this.#plugin.stopped) {
      this.#runChunk();
      const before = now;
      now = performance.now();
      if (now - before > LONG_CHUNK_MS) this.#chunk = Math.max(1, this.#chunk >> 1);
      else if (this.#chunk < MAX_PER_CHUNK) this.#chunk <<= 1;
      if (now >= deadline) break;
    }
    this.#plugin.busyMs += now - started;
    if (this.#plugin.stopped) this.abandon();
    this.#reportChanged();
  }

  /** Gives up what is queued. */
  abandon(): void {
    this.#plugin.undelivered += this.#queued;
    this.#batches.length = 0;
    this.#position = 0;
    this.#queued = 0;
    this.#reportChanged();
  }

  #runChunk(): void {
    const batch = this.#batches[0];
    if (batch === undefined) return;
    if (this.#observer.batch !== undefined) {
      // What a batch observer gets has no records in it: share() says so.
      const events = batch as readonly ProcessEvent[];
      const rest = this.#position === 0 ? events : events.slice(this.#position);
      this.#advance(batch, rest.length);
      this.#call(() => this.#observer.batch?.(rest));
      return;
    }
    const handle = this.#observer.event;
    const end = Math.min(this.#position + this.#chunk, batch.length);
    let at = this.#position;
    // One try for many events: entering it for each would cost more than most handlers.
    try {
      while (at < end) {
        const item = batch[at++];
        if (item === undefined) continue;
        const result = item.event === 'record' ? (item.deliver() as HandlerResult) : handle?.(item);
        if (isAsync(result)) {
          this.#wait(this.#plugin.settle(result));
          break;
        }
      }
    } catch (error) {
      this.#plugin.failed(error);
    }
    this.#advance(batch, at - this.#position);
  }

  #call(handler: () => HandlerResult): void {
    try {
      const result = handler();
      if (isAsync(result)) this.#wait(this.#plugin.settle(result));
    } catch (error) {
      this.#plugin.failed(error);
    }
  }

  #wait(settled: Promise<void>): void {
    this.#waiting = true;
    settled.then(() => {
      this.#waiting = false;
      if (this.#plugin.stopped) this.abandon();
      else this.#reportChanged();
      this.#wake();
    });
  }

  #advance(batch: readonly Item[], events: number): void {
    this.#plugin.handled += events;
    this.#queued -= events;
    this.#position += events;
    if (this.#position < batch.length) return;
    this.#batches.shift();
    this.#position = 0;
  }

  #dropOldest(): void {
    let excess = this.#queued - this.#capacity;
    if (excess <= 0) return;
    if (!this.#reportedDropping) this.#plugin.isDropping();
    this.#reportedDropping = true;
    this.#plugin.dropped += excess;
    this.#queued -= excess;
    while (excess > 0) {
      const left = (this.#batches[0]?.length ?? 0) - this.#position;
      if (left > excess) {
        this.#position += excess;
        return;
      }
      excess -= left;
      this.#batches.shift();
      this.#position = 0;
    }
  }

  #reportChanged(): void {
    if (this.#changed.length === 0) return;
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}
