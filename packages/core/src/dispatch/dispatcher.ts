/**
 * Brings events to plugins. The early phases run event by event, all plugins of one phase before
 * the next phase, since an exec and an exit in one batch must not see each other's state. Observers
 * have queues, served in turns with breaks for the event loop, where the ring buffer is read; they
 * may come later, and find what ended meanwhile by its identity until the cycle is over.
 */

import { EventBatch, type OwnEvent, type ProcessEvent } from '@waggle/events';
import type { HandlerResult } from '../plugin/handler-result.ts';
import { PHASES, type PluginHandlers, type QueueSettings } from '../plugin/plugin.ts';
import { type EventCall, eventCall } from './event-handler.ts';
import { type RecordHandlers, recordHandlersOf } from './record-handlers.ts';
import { isAsync, type RunningPlugin } from './running-plugin.ts';
import { SubscriberQueue } from './subscriber-queue.ts';
import type { Watchdog } from './watchdog.ts';

/** Longer than a fast plugin takes for a usual batch, shorter than the ring fills in. */
const TURN_MS = 8;

const DRAIN_LOOK_MS = 50;

export interface AttachedPlugin {
  readonly running: RunningPlugin;
  readonly handlers: PluginHandlers;
  readonly queue: QueueSettings;
  /** It has handlers for records of its sources. */
  readonly takesRecords?: boolean | undefined;
  /** Names of the events of its sources. */
  readonly ownEvents?: ReadonlySet<string> | undefined;
}

/** Of events and, where it asked for them, of those of sources. */
export type EventsObserver = (events: readonly (ProcessEvent | OwnEvent)[]) => HandlerResult;

interface EarlyHandler {
  readonly running: RunningPlugin;
  readonly call: EventCall;
  /** For what is no object yet. */
  readonly record: RecordHandlers['load'];
}

export class Dispatcher {
  readonly #plugins: readonly AttachedPlugin[];
  readonly #early: readonly EarlyHandler[];
  readonly #queues: SubscriberQueue[] = [];
  readonly #input: EventBatch[] = [];
  #inputEvents = 0;
  /** An early handler, or a full queue that blocks, is being waited for. */
  #stalled: Promise<void> | undefined;
  #scheduled = false;
  #closed = false;

  readonly #watchdog: Watchdog | undefined;

  /** @param plugins in the order of their plan. */
  constructor(plugins: readonly AttachedPlugin[], watchdog?: Watchdog) {
    this.#watchdog = watchdog;
    this.#plugins = plugins;
    this.#early = PHASES.filter((phase) => phase !== 'observe').flatMap((phase) =>
      plugins.flatMap(({ running, handlers }) => {
        const handler = handlers[phase];
        if (handler === undefined) return [];
        const { invalidate, load } = recordHandlersOf(handlers);
        const ofRecords = { flush: undefined, invalidate, load, observe: undefined };
        return [{ running, call: eventCall(handler), record: ofRecords[phase] }];
      }),
    );
    for (const { running, handlers, queue, takesRecords, ownEvents } of plugins) {
      const { observe, observeBatch } = handlers;
      // Records come in one order with events, where the plugin observes those one by one.
      if (observe !== undefined || takesRecords) {
        const event = observe === undefined ? undefined : eventCall(observe);
        const tells =
          recordHandlersOf(handlers).observe === undefined && observeBatch === undefined;
        const readUntil = tells ? handlers.readUntil : undefined;
        const observer = { event, takesRecords, ownEvents, readUntil };
        this.#queues.push(this.#queueOf(running, observer, queue));
      }
      const { observe: records } = recordHandlersOf(handlers);
      const { readUntil } = handlers;
      if (records !== undefined)
        this.#queues.push(this.#queueOf(running, { records, readUntil }, queue));
      else if (observeBatch !== undefined) {
        const batch = observeBatch as EventsObserver;
        this.#queues.push(this.#queueOf(running, { batch, ownEvents, readUntil }, queue));
      }
    }
  }

  /** Events that were taken and have not passed the early phases. */
  get backlog(): number {
    return this.#inputEvents;
  }

  /** One more observer, from now on, that is no plugin: a subscription to the events. */
  subscribe(
    running: RunningPlugin,
    observer: EventsObserver,
    options: QueueSettings,
    ownEvents?: 'all',
  ): () => void {
    const queue = this.#queueOf(running, { batch: observer, ownEvents }, options);
    this.#queues.push(queue);
    return () => {
      const index = this.#queues.indexOf(queue);
      if (index >= 0) this.#queues.splice(index, 1);
      running.abort();
      queue.abandon();
    };
  }

  /** Takes a batch; handles it at once unless something is being waited for. */
  push(given: EventBatch | readonly ProcessEvent[]): void {
    const batch = given instanceof EventBatch ? given : EventBatch.of(given);
    if (batch.length === 0 || this.#closed) {
      for (const queue of this.#queues) queue.refuse(batch);
      if (batch.readUntil !== undefined && !this.#closed) this.#readUntil(batch.readUntil);
      batch.release();
      return;
    }
    batch.retain();
    this.#input.push(batch);
    this.#inputEvents += batch.length;
    this.#work();
  }

  /**
   * Calls one of the handlers that come once, plugin by plugin. Rejects with what an essential plugin's
   * `start` threw.
   */
  async callEach(handler: 'start' | 'end'): Promise<void> {
    for (const { running, handlers } of this.#plugins) {
      if (running.stopped) continue;
      try {
        const result = this.#watched(running.name, () => handlers[handler]?.());
        if (isAsync(result)) await running.settle(result, handler === 'start' && running.essential);
      } catch (error) {
        if (handler === 'start' && running.essential) throw error;
        running.failed(error);
      }
    }
  }

  /** The session is to end. */
  stop(): void {
    this.#callAll(({ stop }) => stop?.());
  }

  /** A new cycle begins: what ended before that moment (Date.now()) may be forgotten. */
  cycle(endedBefore: number): void {
    this.#callAll(({ cycle }) => cycle?.(endedBefore));
  }

  /**
   * Resolves when every plugin has seen everything. Those that may miss events have `withinMs`
   * for it; those that may not are waited for as long as they get on.
   */
  async drained(withinMs: number): Promise<void> {
    const start = performance.now();
    let progressAt = start;
    let handled = -1;
    while (!this.#idle()) {
      const now = performance.now();
      const mustDeliver = this.#queues.filter((queue) => queue.blocks && !queue.idle);
      const sum = mustDeliver.reduce((total, queue) => total + queue.plugin.handled, 0);
      if (sum !== handled) progressAt = now;
      handled = sum;
      const since = mustDeliver.length > 0 ? progressAt : start;
      if (now - since >= withinMs) return;
      await Promise.race([this.#progress(), sleep(DRAIN_LOOK_MS)]);
    }
  }

  /** Who has not seen everything yet, and how many events are before it. */
  waiting(): readonly { readonly plugin: string; readonly events: number }[] {
    return this.#queues
      .filter((queue) => !queue.idle)
      .map((queue) => ({ plugin: queue.plugin.name, events: queue.queued + this.#inputEvents }));
  }

  /** Nothing is handled from now on; what is left counts as undelivered. */
  close(): void {
    this.#closed = true;
    for (const queue of this.#queues) {
      for (const batch of this.#input) queue.push(batch);
      queue.abandon();
    }
    this.#input.length = 0;
    this.#inputEvents = 0;
    for (const { running } of this.#plugins) running.abort();
  }

  #queueOf(
    running: RunningPlugin,
    observer: ConstructorParameters<typeof SubscriberQueue>[1],
    options: QueueSettings,
  ): SubscriberQueue {
    return new SubscriberQueue(running, observer, options, () => this.#work());
  }

  /** A handler that is synchronous and comes beside the events, of every plugin that has it. */
  #callAll(call: (handlers: PluginHandlers) => void): void {
    for (const { running, handlers } of this.#plugins) {
      if (running.stopped) continue;
      try {
        this.#watched(running.name, () => call(handlers));
      } catch (error) {
        running.failed(error);
      }
    }
  }

  #watched<Result>(name: string, call: () => Result): Result {
    return this.#watchdog === undefined ? call() : this.#watchdog.watch(name, call);
  }

  #idle(): boolean {
    return (
      this.#input.length === 0 &&
      this.#stalled === undefined &&
      this.#queues.every((queue) => queue.idle)
    );
  }

  async #progress(): Promise<void> {
    if (this.#stalled !== undefined) return this.#stalled;
    const busy = this.#queues.filter((queue) => !queue.idle);
    await Promise.race(busy.map((queue) => queue.changed()));
  }

  #work(): void {
    if (this.#closed) return;
    this.#takeInput();
    this.#serveQueues();
    if (this.#queues.some((queue) => queue.runnable)) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#work();
    });
  }

  #serveQueues(): void {
    for (const queue of this.#queues) {
      if (!queue.runnable) continue;
      this.#watchdog?.enter(queue.plugin.name);
      queue.run(performance.now() + TURN_MS);
      this.#watchdog?.leave();
    }
  }

  #takeInput(): void {
    while (this.#stalled === undefined) {
      // The queue's own progress wakes us again.
      if (this.#queues.some((queue) => queue.full)) return;
      const batch = this.#input[0];
      if (batch === undefined) return;
      this.#runEarly(batch, 0, 0);
      if (this.#stalled === undefined) this.#deliver();
    }
  }

  /** Behind everything that was taken. */
  #readUntil(bootTime: bigint): void {
    const last = this.#input.at(-1);
    if (last !== undefined) last.readUntil = bootTime;
    else for (const queue of this.#queues) queue.readUntil(bootTime);
  }

  #deliver(): void {
    const batch = this.#input.shift();
    if (batch === undefined) return;
    this.#inputEvents -= batch.length;
    const { readUntil } = batch;
    for (const queue of this.#queues) {
      queue.push(batch);
      if (readUntil !== undefined) queue.readUntil(readUntil);
    }
    batch.release();
  }

  /** From one place on, since an asynchronous handler may interrupt it anywhere. */
  #runEarly(batch: EventBatch, fromEvent: number, fromHandler: number): void {
    const handlers = this.#early;
    let first = fromHandler;
    for (let at = fromEvent; at < batch.length; at++) {
      const kind = batch.kindAt(at);
      if (kind === 'record' || kind === 'own') continue;
      for (let index = first; index < handlers.length; index++) {
        const handler = handlers[index];
        if (handler === undefined || handler.running.stopped) continue;
        const { call, record } = handler;
        if (!call.takes(kind)) continue;
        this.#watchdog?.enter(handler.running.name);
        try {
          if (record !== undefined && !batch.isMade(at)) {
            record(batch, at);
            continue;
          }
          const result = call.handle(batch.at(at) as ProcessEvent);
          if (isAsync(result)) {
            this.#stall(handler.running.settle(result), batch, at, index + 1);
            return;
          }
        } catch (error) {
          handler.running.failed(error);
        }
      }
      first = 0;
    }
    this.#watchdog?.leave();
  }

  #stall(settled: Promise<void>, batch: EventBatch, at: number, index: number): void {
    this.#stalled = settled.then(() => {
      this.#stalled = undefined;
      if (this.#closed) return;
      this.#runEarly(batch, at, index);
      // Still undefined unless the next handler has to be waited for as well.
      if (this.#stalled === undefined) this.#deliver();
      this.#work();
    });
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
