/**
 * A session: the kernel's events on their way through the plugins, as one scoped resource. When
 * its scope closes, whichever way, finalizers of plugins have run in reverse order and nothing of
 * ours is left in the kernel.
 */

import { EventReader, SourceRecords } from '@waggle/events';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import { Watchdog } from '../dispatch/watchdog.ts';
import type { WaggleError } from '../errors/errors.ts';
import type { Plugin } from '../plugin/plugin.ts';
import { planPlugins } from '../plugin/plugin-graph.ts';
import { checkSessionConfig } from './check-config.ts';
import { CollectionCycle } from './collection-cycle.ts';
import { startDebugLog } from './debug-log.ts';
import { EventPump } from './event-pump.ts';
import { toWaggleError } from './from-native.ts';
import { type KernelCapture, needsOf, openKernelCapture } from './kernel-capture.ts';
import { reportCgroup, reportOnStderr, warnAboutAbsent } from './notices.ts';
import { SessionPluginSources } from './plugin-sources.ts';
import { collectorOf, type Session, sessionOf } from './session.ts';
import type { SessionConfig } from './session-config.ts';
import { sessionControl } from './session-control.ts';
import { SessionLife } from './session-life.ts';
import { setUpPlugins } from './set-up-plugins.ts';

/**
 * Opens a session; from the moment it returns, every event that passes the filter is captured,
 * and `run` brings them to the plugins. Fails with any WaggleError but CommandNotStarted.
 */
export const openSession = Effect.fnUntraced(function* (
  config: SessionConfig,
): Effect.fn.Return<Session, WaggleError, Scope.Scope> {
  const { plan, needs } = yield* planned(config);
  const capture = yield* openKernelCapture(config, needs);
  const reportProblem = config.onPluginProblem ?? reportOnStderr;
  const { reader, sourceRecords } = yield* readerOf(capture, reportProblem);
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
  return sessionOf({
    ...{ capture, control, life, cycle, pump: running, services },
    pluginReports: () => attached.map(({ running: plugin }) => plugin.report()),
  });
});

/** What is wrong with the configuration is said before anything is loaded. */
const planned = (config: SessionConfig) =>
  Effect.try({
    try: () => {
      startDebugLog(process.env.WAGGLE_LOG);
      checkSessionConfig(config);
      const plan = planPlugins(config.plugins ?? []);
      return { plan, needs: needsOf(plan) };
    },
    catch: toWaggleError,
  });

/** Reads the ring; what plugins' sources send goes on to these. */
const readerOf = Effect.fnUntraced(function* (
  capture: KernelCapture,
  reportProblem: NonNullable<SessionConfig['onPluginProblem']>,
) {
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
  return { reader, sourceRecords };
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
