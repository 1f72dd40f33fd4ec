// A session: the kernel's events on their way through the plugins, as one scoped resource. When
// its scope closes, whichever way, finalizers of plugins have run in reverse order and nothing of
// ours is left in the kernel.

import { writeSync } from 'node:fs';
import type { ProcessMetadataCache } from '@waggle/cache';
import { DrainLoop, EpollWakeup } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import type { FrameCount } from '@waggle/profiler';
import type * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Queue from 'effect/Queue';
import type * as Scope from 'effect/Scope';
import * as Stream from 'effect/Stream';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { type ReportProblem, RunningPlugin } from '../dispatch/running-plugin.ts';
import { Watchdog } from '../dispatch/watchdog.ts';
import { NotInComposition, SessionEnded, type WaggleError } from '../errors/errors.ts';
import { toWaggleError } from '../errors/from-native.ts';
import type { FollowedChange } from '../kernel/followed-cgroups.ts';
import type { AttachReport } from '../kernel/kernel-programs.ts';
import { EventReader, type EventTotals } from '../lifecycle/event-reader.ts';
import type { ProcessEvent } from '../lifecycle/process-event.ts';
import { planComposition } from '../plugin/composition.ts';
import { definePlugin, type Plugin } from '../plugin/plugin.ts';
import type { PluginReport } from '../plugin/plugin-report.ts';
import type { Service, ShapeOf } from '../plugin/service.ts';
import { Profiler, type Profiling } from '../plugins/cpu-profiler/index.ts';
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
/** Nobody wonders before that. */
const TELL_WAITING_MS = 1000;

export interface SessionReport {
  readonly programs: AttachReport;
  readonly events: EventTotals;
  readonly plugins: readonly PluginReport[];
}

/**
 * Methods that need the kernel throw SessionEnded once the scope of the session has closed; `report` and
 * `totals` then say how it was at the end.
 */
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
  /** Ends it without waiting for plugins: what they have not taken yet counts as undelivered. */
  abandon(): void;
  /** Reads and dispatches until stop(); then delivers the rest. Once. */
  readonly run: Effect.Effect<void>;
  /**
   * The same for those who do not use Effect: `observer` gets each batch, and what it returns is
   * waited for. Returns how to end it. @throws SessionEnded
   */
  subscribe(observer: (events: readonly ProcessEvent[]) => void | Promise<void>): () => void;
  /**
   * The profile since the last collection. Metadata of what ended since then is still there when it
   * returns, and until the next collection. Needs the profiler.
   */
  readonly collect: Effect.Effect<Profile, NotInComposition | SessionEnded>;
  /** The same, stack by stack. Needs a profiler with `raw`. */
  readonly collectRaw: Effect.Effect<readonly FrameCount[], NotInComposition | SessionEnded>;
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
  const tell = config.onPluginProblem ?? tellOnStderr;
  const reader = new EventReader(capture.native, capture.ring, capture.settings, (record) => {
    const change = capture.filter.cgroups.changeOf(record);
    if (change !== undefined) tellOfCgroup(change, tell);
  });
  const stopped = Promise.withResolvers<void>();
  const life = new SessionLife(reader);
  // Assigned once the plugins are set up, before any of them runs.
  let dispatcher!: Dispatcher;
  let pump: Pump | undefined;
  const cycle = new CollectionCycle(
    (endedBefore) => dispatcher.cycle(endedBefore),
    () => pump?.catchUp(),
  );
  const control: SessionControl = {
    stop: () => stopped.resolve(),
    setLifecycleTracking(on) {
      life.expectOpen('setLifecycleTracking');
      capture.settings.setLifecycleTracking(on);
    },
    setTarget(target) {
      life.expectOpen('setTarget');
      capture.filter.set(target);
    },
    setRateLimit(rateLimit) {
      life.expectOpen('setRateLimit');
      capture.filter.setRateLimit(rateLimit);
    },
    evictPendingExits: (endedBefore = Number.POSITIVE_INFINITY) => dispatcher.cycle(endedBefore),
    catchUp() {
      if (!life.ended) pump?.catchUp();
    },
    async collection(kinds, gather) {
      life.expectOpen('collection');
      return cycle.run(kinds, gather);
    },
    totals: () => life.totals(),
  };
  warnAboutAbsent(capture.programs.report, config, tell);
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
  // Added last, so that it comes first of all that is done at the end.
  yield* Effect.addFinalizer(() => Effect.sync(() => life.end()));
  return {
    ...control,
    abandon() {
      control.stop();
      running.abandon();
    },
    kernel: capture,
    events: streamOf(
      (observer) => (life.ended ? () => {} : running.subscribe(observer)),
      running.ended,
    ),
    subscribe(observer) {
      life.expectOpen('subscribe');
      return running.subscribe(observer);
    },
    processMetadata: services.get('process-metadata') as ProcessMetadataCache | undefined,
    service: <S extends Service>(key: S) => services.get(key.service) as ShapeOf<S> | undefined,
    run: Effect.promise(async () => {
      life.expectOpen('run');
      await running.run();
    }),
    collect: life.whileOpen(
      'collect',
      collected(services, (profiler) => cycle.run(['profile'], () => profiler.collect())),
    ),
    collectRaw: life.whileOpen(
      'collectRaw',
      collected(services, (profiler) => cycle.run(['stacks'], () => profiler.collectRaw())),
    ),
    report: () => ({
      programs: capture.programs.report,
      events: life.totals(),
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

/** Until its scope closes. Afterwards the kernel has nothing of it. */
class SessionLife {
  #last: EventTotals | undefined;

  constructor(private readonly reader: EventReader) {}

  get ended(): boolean {
    return this.#last !== undefined;
  }

  end(): void {
    this.#last = this.reader.totals();
  }

  totals(): EventTotals {
    return this.#last ?? this.reader.totals();
  }

  /** @throws SessionEnded */
  expectOpen(operation: string): void {
    if (this.ended) throw sessionEnded(operation);
  }

  whileOpen<T, E>(operation: string, effect: Effect.Effect<T, E>) {
    return Effect.suspend(
      (): Effect.Effect<T, E | SessionEnded> =>
        this.ended ? Effect.fail(sessionEnded(operation)) : effect,
    );
  }
}

/** Ring buffer to dispatcher. */
class Pump {
  readonly #ended = Promise.withResolvers<void>();
  readonly #abandoned = Promise.withResolvers<void>();
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
    const telling = setTimeout(() => this.#tellWaiting(), TELL_WAITING_MS);
    await this.#readRest();
    await Promise.race([
      this.dispatcher.drained(this.config.drainMs ?? DEFAULT_DRAIN_MS),
      this.#abandoned.promise,
    ]);
    clearTimeout(telling);
    await this.dispatcher.callEach('end');
    this.#ended.resolve();
  }

  /** Plugins are no longer waited for, those that write at the end neither. */
  abandon(): void {
    this.#abandoned.resolve();
    this.dispatcher.close();
  }

  #tellWaiting(): void {
    const tell = this.config.onPluginProblem ?? tellOnStderr;
    for (const { plugin, events } of this.dispatcher.waiting())
      tell({
        plugin,
        kind: 'warning',
        message: `ending: plugin "${plugin}" is still at work, with ${events} events before it; a second Ctrl-C gives them up`,
      });
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

/** Without the first, process groups tell who got a signal; without the other one, no line tells of it. */
const WITHOUT_EVENTS: ReadonlySet<string> = new Set(['signal', 'cgroup-rmdir']);

/** Once: the session works on with what there is, and /proc says the rest. */
function warnAboutAbsent(
  report: AttachReport,
  { cgroups = [] }: SessionConfig,
  tell: ReportProblem,
): void {
  for (const [hook, outcome] of Object.entries(report)) {
    if (outcome.state === 'attached' || WITHOUT_EVENTS.has(hook)) continue;
    if (hook === 'cgroup-mkdir' && cgroups.length === 0) continue;
    const missing =
      hook === 'cgroup-mkdir'
        ? 'a cgroup that is made again is not followed'
        : `there are no ${hook} events`;
    const reasons = outcome.reasons.map((reason) => reason.split('\n', 1)[0]).join('; ');
    tell({
      plugin: 'session',
      kind: 'warning',
      message: `${missing}: ${reasons}. The session goes on without them; \`waggle doctor\` shows more.`,
    });
  }
}

function tellOfCgroup({ path, exists }: FollowedChange, tell: ReportProblem): void {
  const what = exists
    ? 'was made again, and its processes are followed'
    : 'was removed; should it be made again, it is followed';
  tell({ plugin: 'session', kind: 'warning', message: `the cgroup ${path} ${what}` });
}

export const tellOnStderr: ReportProblem = ({ message }) => {
  try {
    // Not process.stderr: on Bun that makes a pipe non-blocking, for a command that shares it as well.
    writeSync(2, `waggle: ${message}\n`);
  } catch {
    // Nobody is there to be told.
  }
};

function sessionEnded(operation: string): SessionEnded {
  return new SessionEnded({
    operation,
    message: `${operation}() was called after the session had ended; call it earlier, or open another session`,
  });
}
