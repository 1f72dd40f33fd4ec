/**
 * The queue of one observing plugin, and its turn at the one thread that there is. Batches are
 * shared between queues and never copied. A turn ends when the queue is empty, when its time is up,
 * or when a handler returned something to wait for; so one slow plugin delays nobody for long.
 */

import {
  EventBatch,
  type OwnEvent,
  type OwnEventItem,
  type ProcessEvent,
  type SourceRecord,
} from '@waggle/events';
import type { HandlerResult, QueueSettings } from '../plugin/plugin.ts';
import type { EventCall } from './event-handler.ts';
import type { RecordHandlers } from './record-handlers.ts';
import { isAsync, type RunningPlugin } from './running-plugin.ts';

/** The clock is read between chunks of this many events, fewer where a chunk takes long. */
const MAX_PER_CHUNK = 256;
const LONG_CHUNK_MS = 1;

export interface Observer {
  /** Sees one event at a time. */
  readonly event?: EventCall | undefined;
  /** Takes records of the plugin's sources, among the events; without `event` nothing else. */
  readonly takesRecords?: boolean | undefined;
  /** Sees what is left of a batch. */
  readonly batch?: ((events: readonly (ProcessEvent | OwnEvent)[]) => HandlerResult) | undefined;
  /** Names of the events of sources that it sees. */
  readonly ownEvents?: ReadonlySet<string> | 'all' | undefined;
  /** The same as bytes where nobody made objects of them. */
  readonly records?: RecordHandlers['observe'];
  /** Told how far it has come. */
  readonly readUntil?: ((bootTime: bigint) => void) | undefined;
}

/** What of a batch is this plugin's: all of it, or what is at these indices. */
interface Share {
  readonly batch: EventBatch;
  readonly indices: readonly number[] | undefined;
  readonly length: number;
  /** With it everything that was made before that moment has been observed. */
  readUntil?: bigint;
}

export class SubscriberQueue {
  readonly #plugin: RunningPlugin;
  readonly #observer: Observer;
  readonly #capacity: number;
  readonly #blocks: boolean;
  readonly #wake: () => void;
  readonly #batches: Share[] = [];
  /** Events of the first batch that are done with. */
  #position = 0;
  #queued = 0;
  #waiting = false;
  #chunk = 1;
  #reportedDropping = false;
  #changed: (() => void)[] = [];
  /** What the observer is to be told when its handler has returned. */
  #reached: bigint | undefined;

  /** @param wake called when there is work again after an asynchronous handler returned. */
  constructor(plugin: RunningPlugin, observer: Observer, queue: QueueSettings, wake: () => void) {
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

  push(batch: EventBatch): void {
    const share = this.#shareOf(batch);
    if (share.length === 0) return;
    if (this.#plugin.stopped) {
      this.#plugin.undelivered += share.length;
      return;
    }
    batch.retain();
    this.#batches.push(share);
    this.#queued += share.length;
    if (!this.#blocks) this.#dropOldest();
  }

  /** Everything that was made before that moment has been pushed. */
  readUntil(bootTime: bigint): void {
    if (this.#observer.readUntil === undefined || this.#plugin.stopped) return;
    const last = this.#batches.at(-1);
    if (last !== undefined) {
      last.readUntil = bootTime;
      return;
    }
    this.#reached = bootTime;
    this.#tellReached();
  }

  /** A batch that comes too late. */
  refuse(batch: EventBatch): void {
    this.#plugin.undelivered += this.#shareOf(batch).length;
  }

  /** Records of sources are for those who take them, events for those who observe any. */
  #shareOf(batch: EventBatch): Share {
    const { takesRecords = false, event } = this.#observer;
    const isRecordsOnly = takesRecords && event === undefined;
    if (!batch.isMixed)
      return { batch, indices: undefined, length: isRecordsOnly ? 0 : batch.length };
    const indices: number[] = [];
    for (let index = 0; index < batch.length; index++)
      if (this.#isOurs(batch, index, isRecordsOnly)) indices.push(index);
    return { batch, indices, length: indices.length };
  }

  #isOurs(batch: EventBatch, index: number, isRecordsOnly: boolean): boolean {
    const { takesRecords = false, ownEvents } = this.#observer;
    switch (batch.kindAt(index)) {
      case 'record':
        return takesRecords && (batch.at(index) as SourceRecord).plugin === this.#plugin.name;
      case 'own':
        if (isRecordsOnly || ownEvents === undefined) return false;
        return ownEvents === 'all' || ownEvents.has((batch.at(index) as OwnEventItem).value.event);
      default:
        return !isRecordsOnly;
    }
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
    for (const { batch } of this.#batches.splice(0)) batch.release();
    this.#position = 0;
    this.#queued = 0;
    this.#reportChanged();
  }

  #runChunk(): void {
    const share = this.#batches[0];
    if (share === undefined) return;
    const { batch, records } = this.#observer;
    if (batch !== undefined || records !== undefined) {
      const from = this.#position;
      // Held until the handler has returned: the memory is the next batch's then.
      share.batch.retain();
      this.#advance(share, share.length - from);
      // Of events among records of sources there are objects already, or there will be.
      if (records !== undefined && share.indices === undefined)
        this.#call(() => records(share.batch, from));
      else if (records !== undefined)
        this.#call(() => records(EventBatch.of(eventsOf(share, from) as ProcessEvent[]), 0));
      else this.#call(() => batch?.(eventsOf(share, from)));
      share.batch.release();
      this.#tellReached();
      return;
    }
    const end = Math.min(this.#position + this.#chunk, share.length);
    let at = this.#position;
    // One try for many events: entering it for each would cost more than most handlers.
    try {
      while (at < end) {
        const index = share.indices === undefined ? at : (share.indices[at] ?? 0);
        at++;
        const result = this.#handle(share.batch, index);
        if (isAsync(result)) {
          this.#wait(this.#plugin.settle(result));
          break;
        }
      }
    } catch (error) {
      this.#plugin.failed(error);
    }
    this.#advance(share, at - this.#position);
    this.#tellReached();
  }

  #handle(batch: EventBatch, index: number): HandlerResult {
    const { event } = this.#observer;
    const kind = batch.kindAt(index);
    if (kind === 'record') return (batch.at(index) as SourceRecord).deliver() as HandlerResult;
    if (kind === 'own') return event?.handleOwn((batch.at(index) as OwnEventItem).value);
    return event?.takes(kind) ? event.handle(batch.at(index) as ProcessEvent) : undefined;
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
      else {
        this.#tellReached();
        this.#reportChanged();
      }
      this.#wake();
    });
  }

  /** Where nothing of it is still being waited for. */
  #tellReached(): void {
    const reached = this.#reached;
    if (reached === undefined || this.#waiting || this.#plugin.stopped) return;
    this.#reached = undefined;
    try {
      this.#observer.readUntil?.(reached);
    } catch (error) {
      this.#plugin.failed(error);
    }
  }

  #advance({ batch, length, readUntil }: Share, events: number): void {
    this.#plugin.handled += events;
    this.#queued -= events;
    this.#position += events;
    if (this.#position < length) return;
    this.#reached = readUntil ?? this.#reached;
    this.#batches.shift();
    this.#position = 0;
    batch.release();
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
      this.#batches.shift()?.batch.release();
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

function eventsOf(
  { batch, indices, length }: Share,
  from: number,
): readonly (ProcessEvent | OwnEvent)[] {
  const events: (ProcessEvent | OwnEvent)[] = [];
  for (let at = from; at < length; at++) {
    const item = batch.at(indices === undefined ? at : (indices[at] ?? 0));
    events.push(item.event === 'own' ? item.value : (item as ProcessEvent));
  }
  return events;
}
