/**
 * Sets up the plugins of a plan one after the other, each with the services of those before it,
 * and registers their finalizers with the session's scope, which runs them in reverse.
 */

import { log } from '@waggle/ffi';
import * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import type { AttachedPlugin } from '../dispatch/dispatcher.ts';
import {
  isAsync,
  messageOf,
  type ReportProblem,
  RunningPlugin,
} from '../dispatch/running-plugin.ts';
import type { Watchdog } from '../dispatch/watchdog.ts';
import { BadOption, PluginNotStarted } from '../errors/errors.ts';
import type { ErasedSetup, HandlerResult, Plugin, PluginContext } from '../plugin/plugin.ts';
import type { PluginSources } from './plugin-sources.ts';

/** The end of the session waits for a finalizer no longer than this. */
const FINALIZER_MS = 5000;

export interface PluginsInPlace {
  readonly attached: readonly AttachedPlugin[];
  /** By the name of the service, built-in ones included. */
  readonly services: ReadonlyMap<string, unknown>;
}

/** Fails with PluginNotStarted, or BadOption of a plugin; finalizers of those that were set up before have then run. */
export const setUpPlugins = Effect.fnUntraced(function* (
  plan: readonly Plugin[],
  builtIn: Readonly<Record<string, unknown>>,
  sources: PluginSources,
  report: ReportProblem,
  watchdog?: Watchdog,
): Effect.fn.Return<PluginsInPlace, PluginNotStarted | BadOption, Scope.Scope> {
  const services = new Map<string, unknown>(Object.entries(builtIn));
  const attached: AttachedPlugin[] = [];
  for (const plugin of plan) {
    const running = new RunningPlugin(plugin, report);
    const finalizers: (() => HandlerResult)[] = [];
    yield* Effect.addFinalizer(() => Effect.promise(() => finalize(running, finalizers, watchdog)));
    const handlers = yield* setUp(plugin, watchdog, {
      name: plugin.name,
      services: Object.fromEntries(
        Object.entries(plugin.spec.needs).map(([key, { service }]) => [key, services.get(service)]),
      ),
      source: (source) => sources.of(plugin, source),
      signal: running.signal,
      onClose: (finalizer) => {
        finalizers.push(finalizer);
      },
      warn: (message) => running.warn(message),
      report: () => running.report(),
    });
    if (plugin.provides !== undefined) services.set(plugin.provides, handlers.service);
    const takesRecords = sources.takesRecords(plugin);
    const ownEvents = new Set(plugin.spec.sources.flatMap(({ events }) => Object.keys(events)));
    attached.push({ running, handlers, queue: plugin.spec.queue, takesRecords, ownEvents });
    log('loaded', () => ({ what: 'plugin', name: plugin.name, provides: plugin.provides }));
  }
  return { attached, services };
});

function setUp(
  plugin: Plugin,
  watchdog: Watchdog | undefined,
  context: PluginContext,
): Effect.Effect<ErasedSetup, PluginNotStarted | BadOption, Scope.Scope> {
  return Effect.suspend(() => {
    const result = watched(watchdog, plugin.name, () => plugin.spec.setup(context));
    if (Effect.isEffect(result)) return result as Effect.Effect<ErasedSetup, unknown, Scope.Scope>;
    return Effect.tryPromise({ try: async () => result, catch: (error) => error });
  }).pipe(
    Effect.catchCause((cause) => {
      const why = Cause.squash(cause);
      return Effect.fail(
        why instanceof BadOption
          ? why
          : new PluginNotStarted({
              plugin: plugin.name,
              cause,
              message: `plugin "${plugin.name}" could not be set up: ${messageOf(why)}`,
            }),
      );
    }),
  );
}

/** A finalizer that fails keeps no other from running. */
async function finalize(
  running: RunningPlugin,
  finalizers: readonly (() => HandlerResult)[],
  watchdog: Watchdog | undefined,
): Promise<void> {
  running.abort();
  for (const finalizer of finalizers.toReversed()) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const result = watched(watchdog, running.name, finalizer);
      if (!isAsync(result)) continue;
      const work = Effect.isEffect(result) ? Effect.runPromise(result) : result;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('its finalizer did not return')), FINALIZER_MS);
      });
      await Promise.race([work, late]);
    } catch (error) {
      running.failed(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function watched<Result>(watchdog: Watchdog | undefined, name: string, call: () => Result): Result {
  return watchdog === undefined ? call() : watchdog.watch(name, call);
}
