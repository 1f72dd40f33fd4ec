/**
 * Ring buffer to dispatcher: reads what the kernel made, as often as there is something, hands it on in
 * batches, and starts cycles by time. At the end it brings the plugins everything that was made by then.
 */

import type { EventReader, SourceRecords } from '@waggle/events';
import { DrainLoop, EpollWakeup } from '@waggle/ffi';
import type { Dispatcher, EventsObserver } from '../dispatch/dispatcher.ts';
import { RunningPlugin } from '../dispatch/running-plugin.ts';
import { definePlugin } from '../plugin/plugin.ts';
import { CycleTimer } from './cycle-timer.ts';
import type { KernelCapture } from './kernel-capture.ts';
import { reportOnStderr } from './notices.ts';
import type { SessionConfig } from './session-config.ts';

/** Events that wait for an early handler or a blocking plugin; then the ring holds the rest. */
const MAX_BACKLOG = 65_536;
/** Between looks under load. Longer than a look costs by far: small batches are what costs CPU. */
const BUSY_DELAY_MS = 25;
/** More of them in a millisecond are a storm: then events do not wait to be read together, or the ring would fill. */
const STORM_RECORDS_PER_MS = 8;
/** Three times what the fastest storm makes: a ring is read when it may be filled by a third. */
const STORM_BYTES_PER_MS = 40 * 1024;
/** Where events may wait longer, it is looked so often whether the ring has room for more of them. */
const ROOM_LOOK_MS = 250;
/** Of the ring: with more in it, it is read at once. */
const FILLED_SHARE = 1 / 16;
/** As if there had been a record: the next look comes soon, and no wake-up is asked for, which would come at once. */
const STILL_WAITING = 1;
/** A writer is interrupted for microseconds, on an overloaded machine for some milliseconds. */
const LAST_LOOK_MS = 1000;
const DEFAULT_CYCLE_MS = 250;
const DEFAULT_DRAIN_MS = 5000;
/** Nobody wonders before that. */
const REPORT_WAITING_MS = 1000;

export class EventPump {
  readonly #ended = Promise.withResolvers<void>();
  readonly #abandoned = Promise.withResolvers<void>();
  readonly #cycles: CycleTimer;

  readonly #capture: KernelCapture;
  readonly #reader: EventReader;
  readonly #sourceRecords: SourceRecords;
  readonly #dispatcher: Dispatcher;
  readonly #stopped: Promise<void>;
  readonly #config: SessionConfig;
  readonly #latencyMs: number;
  /** Between looks, unless there is a storm. */
  readonly #lookMs: number;
  /** More at once are of a storm. */
  readonly #fewRecords: number;
  #readAt = Number.NEGATIVE_INFINITY;
  /** Records that the last look found. */
  #found = 0;

  constructor(
    capture: KernelCapture,
    reader: EventReader,
    sourceRecords: SourceRecords,
    dispatcher: Dispatcher,
    stopped: Promise<void>,
    config: SessionConfig,
    takenInUntil: () => number,
  ) {
    this.#capture = capture;
    this.#reader = reader;
    this.#sourceRecords = sourceRecords;
    this.#dispatcher = dispatcher;
    this.#stopped = stopped;
    this.#config = config;
    this.#latencyMs = config.latencyMs ?? BUSY_DELAY_MS;
    const untilFull = Math.max(capture.ring.size / STORM_BYTES_PER_MS, BUSY_DELAY_MS);
    const isLong = this.#latencyMs > ROOM_LOOK_MS;
    this.#lookMs = isLong ? ROOM_LOOK_MS : Math.min(this.#latencyMs, untilFull);
    this.#fewRecords = (isLong ? BUSY_DELAY_MS : this.#lookMs) * STORM_RECORDS_PER_MS;
    const startedByPlugins =
      config.endedAreKnown !== false && config.plugins?.some(({ spec }) => spec.startsCycles);
    const { cycleMs = startedByPlugins ? 'manual' : DEFAULT_CYCLE_MS } = config;
    this.#cycles = new CycleTimer(cycleMs, (before) => dispatcher.cycle(before), takenInUntil);
  }

  /** Resolves when every plugin has had everything. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async run(): Promise<void> {
    const failed = Promise.withResolvers<never>();
    const loop = new DrainLoop({
      drain: () => (this.#isDue() ? this.#drain() : STILL_WAITING),
      busyDelayMs: (records) => (records > this.#fewRecords ? BUSY_DELAY_MS : this.#lookMs),
      wakeup: new EpollWakeup(this.#capture.native, [
        this.#capture.ring.map.fd,
        ...this.#sourceRecords.descriptors,
      ]),
      onError: failed.reject,
    });
    try {
      await Promise.race([this.#stopped, failed.promise]);
    } finally {
      loop.close();
    }
    const reporting = setTimeout(() => this.#reportWaiting(), REPORT_WAITING_MS);
    await this.#readRest();
    await Promise.race([
      this.#dispatcher.drained(this.#config.drainMs ?? DEFAULT_DRAIN_MS),
      this.#abandoned.promise,
    ]);
    clearTimeout(reporting);
    await this.#dispatcher.callEach('end');
    this.#ended.resolve();
  }

  /** Plugins are no longer waited for, those that write at the end neither. */
  abandon(): void {
    this.#abandoned.resolve();
    this.#dispatcher.close();
  }

  #reportWaiting(): void {
    const report = this.#config.onPluginProblem ?? reportOnStderr;
    for (const { plugin, events } of this.#dispatcher.waiting())
      report({
        plugin,
        kind: 'warning',
        message: `ending: plugin "${plugin}" is still at work, with ${events} events before it; a second Ctrl-C gives them up`,
      });
  }

  /** @param ownEvents those of plugins' sources too. */
  subscribe(observer: EventsObserver, ownEvents?: 'all'): () => void {
    const subscriber = new RunningPlugin(
      definePlugin({
        name: 'subscriber',
        handlerTimeoutMs: Number.POSITIVE_INFINITY,
        setup: () => ({}),
      }),
      this.#config.onPluginProblem ?? reportOnStderr,
    );
    const queue = { capacity: MAX_BACKLOG, whenFull: 'block' } as const;
    return this.#dispatcher.subscribe(subscriber, observer, queue, ownEvents);
  }

  /** What was made by now, unless the backlog is full: in a storm the ring is never empty. */
  catchUp(): void {
    const made = this.#reader.made();
    while (this.#drain() > 0 && this.#reader.accounted() < made);
  }

  /**
   * Everything that the kernel had made by now. A record that another CPU is still writing hides those
   * behind it, so an empty look is not the end: the kernel's own count is.
   */
  async #readRest(): Promise<void> {
    const made = this.#reader.made();
    const deadline = performance.now() + LAST_LOOK_MS;
    for (;;) {
      const batch = this.#reader.read();
      const count = batch.length;
      this.#dispatcher.push(batch);
      const isLate = performance.now() > deadline;
      // Who goes on making records, as sources of plugins may by the hundred thousand, is not waited for.
      if (count > 0 && !(isLate && this.#reader.accounted() >= made)) continue;
      if (isLate || this.#reader.accounted() >= made) break;
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
    this.#dispatcher.push(this.#reader.lastLosses());
  }

  /** Events have waited for each other long enough, or there is no room for many more. */
  #isDue(): boolean {
    if (this.#found > this.#fewRecords) return true;
    if (performance.now() - this.#readAt > this.#latencyMs - ROOM_LOOK_MS / 2) return true;
    const { ring } = this.#capture;
    return ring.available > ring.size * FILLED_SHARE;
  }

  #drain(): number {
    this.#readAt = performance.now();
    if (this.#dispatcher.backlog >= MAX_BACKLOG) return 0;
    const batch = this.#reader.read();
    this.#found = batch.length;
    this.#cycles.beginIfDue();
    this.#dispatcher.push(batch);
    return this.#found;
  }
}
