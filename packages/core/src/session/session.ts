/**
 * A session: the kernel's events on their way through the plugins, as one scoped resource. When
 * its scope closes, whichever way, finalizers of plugins have run in reverse order and nothing of
 * ours is left in the kernel.
 */

import type { ProcessMetadataCache } from '@waggle/cache';
import {
  EventReader,
  type EventTotals,
  type OwnEvent,
  type ProcessEvent,
  SourceRecords,
} from '@waggle/events';
import type { Profile } from '@waggle/formats';
import type { AttachReport } from '@waggle/kernel';
import type { FrameCount } from '@waggle/profiler';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import type * as Stream from 'effect/Stream';
import { Dispatcher, type EventsObserver } from '../dispatch/dispatcher.ts';
import { Watchdog } from '../dispatch/watchdog.ts';
import { PluginMissing, type SessionEnded, type WaggleError } from '../errors/errors.ts';
import type { Plugin } from '../plugin/plugin.ts';
import { planPlugins } from '../plugin/plugin-graph.ts';
import type { PluginReport } from '../plugin/plugin-report.ts';
import type { Service, ShapeOf } from '../plugin/service.ts';
import { checkSessionConfig } from './check-config.ts';
import { CollectionCycle } from './collection-cycle.ts';
import { startDebugLog } from './debug-log.ts';
import { EventPump } from './event-pump.ts';
import { streamOf } from './event-stream.ts';
import { toWaggleError } from './from-native.ts';
import { type KernelCapture, needsOf, openKernelCapture } from './kernel-capture.ts';
import { reportCgroup, reportOnStderr, warnAboutAbsent } from './notices.ts';
import { SessionPluginSources } from './plugin-sources.ts';
import { Collector, ProcessMetadata, type ProfileCollector } from './roles.ts';
import type { SessionConfig } from './session-config.ts';
import { sessionControl } from './session-control.ts';
import { SessionLife } from './session-life.ts';
import type { SessionControl } from './session-service.ts';
import { setUpPlugins } from './set-up-plugins.ts';

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
  /** With the events of plugins' sources. @throws SessionEnded */
  subscribeAll(
    observer: (events: readonly (ProcessEvent | OwnEvent)[]) => void | Promise<void>,
  ): () => void;
  /**
   * The profile since the last collection. Metadata of what ended since then is still there when it
   * returns, and until the next collection. Needs the profiler.
   */
  readonly collect: Effect.Effect<Profile, PluginMissing | SessionEnded>;
  /** The same, stack by stack. Needs a profiler with `raw`. */
  readonly collectRaw: Effect.Effect<readonly FrameCount[], PluginMissing | SessionEnded>;
  report(): SessionReport;
}

/**
 * Opens a session; from the moment it returns, every event that passes the filter is captured,
 * and `run` brings them to the plugins. Fails with any WaggleError but CommandNotStarted.
 */
export const openSession = Effect.fnUntraced(function* (
  config: SessionConfig,
): Effect.fn.Return<Session, WaggleError, Scope.Scope> {
  const { plan, needs } = yield* Effect.try({
    try: () => {
      startDebugLog(process.env.WAGGLE_LOG);
      checkSessionConfig(config);
      const plugins = planPlugins(config.plugins ?? []);
      return { plan: plugins, needs: needsOf(plugins) };
    },
    catch: toWaggleError,
  });
  const capture = yield* openKernelCapture(config, needs);
  const reportProblem = config.onPluginProblem ?? reportOnStderr;
  const sourceRecords = yield* Effect.acquireRelease(
    Effect.sync(() => new SourceRecords()),
    (records) => Effect.sync(() => records[Symbol.dispose]()),
  );
  const reader = new EventReader(
    capture.native,
    capture.ring,
    capture.settings,
    (record) => {
      const change = capture.filter.cgroups.changeOf(record);
      if (change !== undefined) reportCgroup(change, reportProblem);
    },
    sourceRecords,
    () => capture.sources.recordTypes.map(({ type }) => type),
  );
  const stopped = Promise.withResolvers<void>();
  const life = new SessionLife(reader);
  // Assigned once the plugins are set up, before any of them runs.
  let dispatcher!: Dispatcher;
  let pump: EventPump | undefined;
  const endedAreKnown = config.endedAreKnown !== false;
  const cycle = new CollectionCycle(
    (endedBefore) => dispatcher.cycle(endedAreKnown ? endedBefore : Number.POSITIVE_INFINITY),
    () => pump?.catchUp(),
  );
  const control = sessionControl({
    ...{ capture, life, cycle },
    stop: () => stopped.resolve(),
    beginCycle: (endedBefore) => dispatcher.cycle(endedBefore),
    catchUp: () => pump?.catchUp(),
  });
  warnAboutAbsent(capture.sources.report, reportProblem);
  const pluginSources = new SessionPluginSources(
    capture.native,
    capture.sources,
    capture.settings,
    sourceRecords,
  );
  yield* Effect.try({ try: () => pluginSources.routeEvents(needs.sources), catch: toWaggleError });
  // Before their set-up, and so until their finalizers have run.
  const watchdog = yield* watchdogOf(config, plan);
  const { attached, services } = yield* setUpPlugins(
    plan,
    { kernel: capture, session: control },
    pluginSources,
    reportProblem,
    watchdog,
  );
  dispatcher = new Dispatcher(attached, watchdog);
  yield* Effect.addFinalizer(() => Effect.sync(() => dispatcher.close()));
  yield* capture.begin();
  yield* Effect.tryPromise({ try: () => dispatcher.callEach('start'), catch: toWaggleError });
  // Before everything that is left to do: at high rates sampling leaves little time for that.
  stopped.promise.then(() => dispatcher.stop());
  const running = new EventPump(
    capture,
    reader,
    sourceRecords,
    dispatcher,
    stopped.promise,
    config,
    () =>
      (endedAreKnown ? collectorOf(services)?.takenInUntil?.() : undefined) ??
      Number.POSITIVE_INFINITY,
  );
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
      (observer) => (life.ended ? () => {} : running.subscribe(observer as EventsObserver)),
      running.ended,
    ),
    subscribe(observer) {
      life.expectOpen('subscribe');
      return running.subscribe(observer as EventsObserver);
    },
    subscribeAll(observer) {
      life.expectOpen('subscribe');
      return running.subscribe(observer, 'all');
    },
    processMetadata: services.get(ProcessMetadata.service) as ProcessMetadataCache | undefined,
    service: <S extends Service>(key: S) => services.get(key.service) as ShapeOf<S> | undefined,
    run: Effect.promise(async () => {
      life.expectOpen('run');
      await running.run();
    }),
    collect: life.whileOpen(
      'collect',
      collected(services, (collector) => cycle.run(['profile'], () => collector.collect())),
    ),
    collectRaw: life.whileOpen(
      'collectRaw',
      collected(services, (collector) => cycle.run(['stacks'], () => collector.collectRaw())),
    ),
    report: () => ({
      programs: capture.sources.report,
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

const collectorOf = (services: ReadonlyMap<string, unknown>) =>
  services.get(Collector.service) as ProfileCollector | undefined;

/** What whoever samples has collected. */
function collected<T>(
  services: ReadonlyMap<string, unknown>,
  collect: (collector: ProfileCollector) => Promise<T>,
): Effect.Effect<T, PluginMissing> {
  return Effect.suspend(() => {
    const collector = collectorOf(services);
    if (collector === undefined)
      return Effect.fail(
        new PluginMissing({
          service: Collector.service,
          message: 'there is nothing to collect: add the plugin cpuProfiler() to the session',
        }),
      );
    return Effect.promise(() => collect(collector));
  });
}
