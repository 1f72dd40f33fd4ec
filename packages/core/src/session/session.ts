// A session: the kernel's events on their way through the plugins, as one scoped resource. When
// its scope closes, whichever way, finalizers of plugins have run in reverse order and nothing of
// ours is left in the kernel.

import type { ProcessMetadataCache } from '@waggle/cache';
import { DrainLoop, EpollWakeup } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import type * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Queue from 'effect/Queue';
import type * as Scope from 'effect/Scope';
import * as Stream from 'effect/Stream';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import {
  type PluginReport,
  type ReportProblem,
  RunningPlugin,
} from '../dispatch/running-plugin.ts';
import { Watchdog } from '../dispatch/watchdog.ts';
import { NotInComposition, type WaggleError } from '../errors/errors.ts';
import { toWaggleError } from '../errors/from-native.ts';
import type { AttachReport } from '../kernel/kernel-programs.ts';
import { EventReader, type EventTotals } from '../lifecycle/event-reader.ts';
import type { ProcessEvent } from '../lifecycle/process-event.ts';
import { planComposition } from '../plugin/composition.ts';
import { definePlugin, type Plugin } from '../plugin/plugin.ts';
import type { Service, ShapeOf } from '../plugin/service.ts';
import { Profiler, type Profiling } from '../profiler/cpu-profiler.ts';
import type { FrameCount } from '../profiler/raw-stacks.ts';
import { checkSessionConfig } from './check-config.ts';
import { CollectionCycle } from './collection-cycle.ts';
import { type KernelCapture, mergeKernelNeeds, openKernelCapture } from './kernel-capture.ts';
import type { SessionConfig } from './session-config.ts';
import type { SessionControl } from './session-service.ts';
import { setUpPlugins } from './set-up-plugins.ts';

/** Events that wait for an early handler or a blocking plugin; then the ring holds the rest. */
const MOST_BACKLOG = 65_536;
/** Between looks under load. Longer than a look costs by far: small batches are what costs CPU. */
const BUSY_DELAY_MS = 25;
/** A writer is interrupted for microseconds, on an overloaded machine for some milliseconds. */
const LAST_LOOK_MS = 1000;
const DEFAULT_CYCLE_MS = 250;
const DEFAULT_DRAIN_MS = 5000;

export interface SessionReport {
  readonly programs: AttachReport;
  readonly events: EventTotals;
  readonly plugins: readonly PluginReport[];
}

export interface Session extends SessionControl {
  readonly kernel: KernelCapture;
  /**
   * Batches of all events that are made, in order, from the moment of subscription on. Ends when
   * the session has stopped. A slow subscriber slows everybody: nothing is dropped.
   */
  readonly events: Stream.Stream<readonly ProcessEvent[]>;
  /** The cache, if a plugin of the composition keeps one. */
  readonly processMetadata: ProcessMetadataCache | undefined;
  /** What a plugin of the composition provides. */
  service<S extends Service>(key: S): ShapeOf<S> | undefined;
  /** Reads and dispatches until stop(); then delivers the rest. Once. */
  readonly run: Effect.Effect<void>;
  /**
   * The same for those who do not use Effect: `observer` gets each batch, and what it returns is
   * waited for. Returns how to end it.
   */
  subscribe(observer: (events: readonly ProcessEvent[]) => void | Promise<void>): () => void;
  /**
   * The profile since the last collection. Metadata of what ended since then is still there when it
   * returns, and until the next collection. Needs the profiler.
   */
  readonly collect: Effect.Effect<Profile, NotInComposition>;
  /** The same, stack by stack. Needs a profiler with `raw`. */
  readonly collectRaw: Effect.Effect<readonly FrameCount[], NotInComposition>;
  report(): SessionReport;
}

/**
 * Opens a session; from the moment it returns, every event that passes the filter is captured,
 * and `run` brings them to the plugins. Fails with any WaggleError but CommandNotStarted.
 */
export const openSession = Effect.fnUntraced(function* (
  config: SessionConfig,
): Effect.fn.Return<Session, WaggleError, Scope.Scope> {
  const plan = yield* Effect.try({
    try: () => {
      checkSessionConfig(config);
      return planComposition(config.plugins ?? []);
    },
    catch: toWaggleError,
  });
  const needs = mergeKernelNeeds(plan.map(({ spec }) => spec.kernel));
  const capture = yield* openKernelCapture(config, needs);
  const reader = new EventReader(capture.native, capture.ring, capture.settings);
  const stopped = Promise.withResolvers<void>();
  // Assigned once the plugins are set up, before any of them runs.
  let dispatcher!: Dispatcher;
  let pump: Pump | undefined;
  const cycle = new CollectionCycle(
    (endedBefore) => dispatcher.cycle(endedBefore),
    () => pump?.catchUp(),
  );
  const control: SessionControl = {
    stop: () => stopped.resolve(),
    setLifecycleTracking: (on) => capture.settings.setLifecycleTracking(on),
    setTarget: (target) => capture.filter.set(target),
    setRateLimit: (rateLimit) => capture.filter.setRateLimit(rateLimit),
    evictPendingExits: (endedBefore = Number.POSITIVE_INFINITY) => dispatcher.cycle(endedBefore),
    catchUp: () => pump?.catchUp(),
    collection: (kinds, gather) => cycle.run(kinds, gather),
    totals: () => reader.totals(),
  };
  const tell = config.onPluginProblem ?? tellOnStderr;
  warnAboutAbsent(capture.programs.report, tell);
  const { attached, services } = yield* setUpPlugins(
    plan,
    { kernel: capture, session: control },
    tell,
  );
  const watchdog = yield* watchdogOf(config, plan);
  dispatcher = new Dispatcher(attached, watchdog);
  yield* Effect.addFinalizer(() => Effect.sync(() => dispatcher.close()));
  yield* capture.begin();
  yield* Effect.tryPromise({ try: () => dispatcher.callEach('start'), catch: toWaggleError });
  // Before everything that is left to do: at high rates sampling leaves little time for that.
  stopped.promise.then(() => (services.get(Profiler.service) as Profiling | undefined)?.stop());
  const running = new Pump(capture, reader, dispatcher, stopped.promise, config);
  pump = running;
  return {
    ...control,
    kernel: capture,
    events: streamOf((observer) => running.subscribe(observer), running.ended),
    subscribe: (observer) => running.subscribe(observer),
    processMetadata: services.get('process-metadata') as ProcessMetadataCache | undefined,
    service: <S extends Service>(key: S) => services.get(key.service) as ShapeOf<S> | undefined,
    run: Effect.promise(() => running.run()),
    collect: collected(services, (profiler) => cycle.run(['profile'], () => profiler.collect())),
    collectRaw: collected(services, (profiler) =>
      cycle.run(['stacks'], () => profiler.collectRaw()),
    ),
    report: () => ({
      programs: capture.programs.report,
      events: reader.totals(),
      plugins: attached.map(({ running }) => running.report()),
    }),
  };
});

const watchdogOf = ({ watchdogMs }: SessionConfig, plan: readonly Plugin[]) =>
  watchdogMs === undefined
    ? Effect.undefined
    : Effect.acquireRelease(
        Effect.sync(
          () =>
            new Watchdog(
              plan.map(({ name }) => name),
              watchdogMs,
            ),
        ),
        (watchdog) => Effect.sync(() => watchdog[Symbol.dispose]()),
      );

/** Ring buffer to dispatcher. */
class Pump {
  readonly #ended = Promise.withResolvers<void>();
  #cycleStarted = performance.now();
  /** Who profiles collects, and has cycles of their own by that. */
  readonly #defaultCycleMs: number | 'manual';

  constructor(
    private readonly capture: KernelCapture,
    private readonly reader: EventReader,
    private readonly dispatcher: Dispatcher,
    private readonly stopped: Promise<void>,
    private readonly config: SessionConfig,
  ) {
    const profiles = config.plugins?.some(({ provides }) => provides === Profiler.service);
    this.#defaultCycleMs = profiles ? 'manual' : DEFAULT_CYCLE_MS;
  }

  /** Resolves when every plugin has had everything. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async run(): Promise<void> {
    const failed = Promise.withResolvers<never>();
    const loop = new DrainLoop({
      drain: () => this.#drain(),
      busyDelayMs: BUSY_DELAY_MS,
      wakeup: new EpollWakeup(this.capture.native, this.capture.ring.map.fd),
      onError: failed.reject,
    });
    try {
      await Promise.race([this.stopped, failed.promise]);
    } finally {
      loop.close();
    }
    await this.#readRest();
    await this.dispatcher.drained(this.config.drainMs ?? DEFAULT_DRAIN_MS);
    await this.dispatcher.callEach('end');
    this.#ended.resolve();
  }

  subscribe(observer: (events: readonly ProcessEvent[]) => void | Promise<void>): () => void {
    const subscriber = new RunningPlugin(
      definePlugin({
        name: 'subscriber',
        handlerTimeoutMs: Number.POSITIVE_INFINITY,
        setup: () => ({}),
      }),
      this.config.onPluginProblem ?? tellOnStderr,
    );
    const queue = { capacity: MOST_BACKLOG, whenFull: 'block' } as const;
    return this.dispatcher.subscribe(subscriber, observer, queue);
  }

  /** Until the ring is empty, or the backlog full. */
  catchUp(): void {
    while (this.#drain() > 0);
  }

  /**
   * Everything that the kernel had made by now. A record that another CPU is still writing hides those
   * behind it, so an empty look is not the end: the kernel's own count is.
   */
  async #readRest(): Promise<void> {
    const made = this.reader.made();
    const deadline = performance.now() + LAST_LOOK_MS;
    for (;;) {
      const events = this.reader.read();
      this.dispatcher.push(events);
      if (events.length > 0) continue;
      if (this.reader.accounted() >= made || performance.now() > deadline) break;
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
    this.dispatcher.push(this.reader.lastLosses());
  }

  #drain(): number {
    if (this.dispatcher.backlog >= MOST_BACKLOG) return 0;
    const events = this.reader.read();
    this.#cycleIfDue();
    this.dispatcher.push(events);
    return events.length;
  }

  #cycleIfDue(): void {
    const { cycleMs = this.#defaultCycleMs } = this.config;
    if (cycleMs === 'manual') return;
    const now = performance.now();
    if (now - this.#cycleStarted < cycleMs) return;
    this.#cycleStarted = now;
    this.dispatcher.cycle(Number.POSITIVE_INFINITY);
  }
}

/** What a profiler of the composition collects. */
function collected<T>(
  services: ReadonlyMap<string, unknown>,
  collect: (profiler: Profiling) => Promise<T>,
): Effect.Effect<T, NotInComposition> {
  return Effect.suspend(() => {
    const profiler = services.get(Profiler.service) as Profiling | undefined;
    if (profiler === undefined)
      return Effect.fail(
        new NotInComposition({
          service: Profiler.service,
          message: 'there is nothing to collect: add the plugin cpuProfiler() to the session',
        }),
      );
    return Effect.promise(() => collect(profiler));
  });
}

function streamOf(
  subscribe: Session['subscribe'],
  ended: Promise<void>,
): Stream.Stream<readonly ProcessEvent[]> {
  return Stream.callback<readonly ProcessEvent[]>(
    (queue: Queue.Queue<readonly ProcessEvent[], Cause.Done>) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          ended.then(() => Queue.endUnsafe(queue));
          return subscribe((events) =>
            Effect.runPromise(Effect.asVoid(Queue.offer(queue, events))),
          );
        }),
        (unsubscribe) => Effect.sync(unsubscribe),
      ),
    { bufferSize: 16 },
  );
}

/** Once: the session works on with what there is, and /proc says the rest. */
function warnAboutAbsent(report: AttachReport, tell: ReportProblem): void {
  for (const [hook, outcome] of Object.entries(report)) {
    if (outcome.state === 'attached') continue;
    const reasons = outcome.reasons.map((reason) => reason.split('\n', 1)[0]).join('; ');
    tell({
      plugin: 'session',
      kind: 'warning',
      message: `there are no ${hook} events: ${reasons}. The session goes on without them; \`waggle doctor\` shows more.`,
    });
  }
}

const tellOnStderr: ReportProblem = ({ message }) => {
  process.stderr.write(`waggle: ${message}\n`);
};
