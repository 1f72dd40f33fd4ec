/**
 * Plugins on made-up events, with everything that a session does for them but the kernel: the order of
 * set-up, phases, queues, failures, cycles, finalizers. For tests of agents that need no root.
 */

import { type Procfs, RealProcfs } from '@waggle/cache';
import type { EventTotals, ProcessEvent } from '@waggle/events';
import { EVENT_KINDS, noEvents } from '@waggle/kernel';
import * as Effect from 'effect/Effect';
import { Dispatcher } from '../dispatch/dispatcher.ts';
import type { PluginProblem } from '../dispatch/running-plugin.ts';
import type { Plugin } from '../plugin/plugin.ts';
import { planPlugins } from '../plugin/plugin-graph.ts';
import type { PluginReport } from '../plugin/plugin-report.ts';
import { CollectionCycle, type CollectionKind } from '../session/collection-cycle.ts';
import type { PluginSources } from '../session/plugin-sources.ts';
import { setUpPlugins } from '../session/set-up-plugins.ts';

const DEFAULT_DRAIN_MS = 5000;

/** An event, several that arrive together, or the start of a new cycle: what has ended is forgotten. */
export type Step = ProcessEvent | readonly ProcessEvent[] | 'cycle';

export interface RunPluginsOptions {
  /** Where processes are looked up: a `MemoryProcfs` of @waggle/cache/testing. Default: /proc. */
  readonly procfs?: Procfs | undefined;
  /** Milliseconds that plugins may take for what is queued. Default 5,000. */
  readonly drainMs?: number | undefined;
}

export interface PluginsRun {
  /** The events as observers got them: copies of those given, completed in the `load` phase. */
  readonly events: readonly ProcessEvent[];
  /** What each plugin handled, failed, dropped and missed, in the order of the plan. */
  readonly plugins: readonly PluginReport[];
  /** Failures, warnings and stops, in their order. */
  readonly problems: readonly PluginProblem[];
  /** A plugin has ended the session. */
  readonly stopped: boolean;
}

/**
 * Sets the plugins up, brings them the events in order, and closes them. Rejects with InvalidPluginGraph
 * when they do not go together, and with PluginNotStarted when one cannot be set up. The services
 * `kernel` and `session` are there without what only a kernel can do: asking them for that throws.
 *
 * ```ts
 * const { events, problems } = await runPlugins(
 *   [processMetadata(), crashReporter()],
 *   [execEvent({ pid: 7, argv: ['/bin/x'] }), exitEvent({ pid: 7, signal: 'SIGSEGV' })],
 *   { procfs: new MemoryProcfs() },
 * );
 * ```
 */
export async function runPlugins(
  plugins: readonly Plugin[],
  steps: Iterable<Step>,
  { procfs = new RealProcfs(), drainMs = DEFAULT_DRAIN_MS }: RunPluginsOptions = {},
): Promise<PluginsRun> {
  const plan = planPlugins(plugins);
  const problems: PluginProblem[] = [];
  const events: ProcessEvent[] = [];
  const delivered = noEvents();
  const lost = { ...delivered };
  let stopped = false;
  let dispatcher: Dispatcher | undefined;
  const cycle = new CollectionCycle(
    (endedBefore) => dispatcher?.cycle(endedBefore),
    () => {},
  );
  const session = onlyThese('session', {
    stop: () => {
      stopped = true;
    },
    evictPendingExits: (endedBefore = Number.POSITIVE_INFINITY) => dispatcher?.cycle(endedBefore),
    catchUp: () => {},
    collection: <T>(kinds: readonly CollectionKind[], gather: () => Promise<T>) =>
      cycle.run(kinds, gather),
    // Nothing is filtered or limited here.
    totals: (): EventTotals => ({
      ...{ delivered: { ...delivered }, lost: { ...lost } },
      ...{ filtered: noEvents(), rateLimited: noEvents(), foreign: 0, untracked: 0 },
    }),
  });
  const builtIn = { kernel: onlyThese('kernel', { procfs }), session };
  const run = Effect.gen(function* () {
    const { attached } = yield* setUpPlugins(plan, builtIn, NO_SOURCES, (problem) =>
      problems.push(problem),
    );
    const running = new Dispatcher(attached);
    dispatcher = running;
    yield* Effect.promise(async () => {
      await running.callEach('start');
      for (const step of steps) {
        if (step === 'cycle') {
          // Observers are queued: what they are to see before the cycle, they see before it.
          await running.drained(drainMs);
          running.cycle(Number.POSITIVE_INFINITY);
          continue;
        }
        const given: readonly ProcessEvent[] = Array.isArray(step) ? step : [step];
        const batch = given.map((event) => ({ ...event }));
        events.push(...batch);
        for (const event of batch) {
          if (event.event === 'lost')
            for (const kind of EVENT_KINDS) lost[kind] += event.lost[kind];
          else delivered[event.event]++;
        }
        running.push(batch);
      }
      running.stop();
      await running.drained(drainMs);
      await running.callEach('end');
      running.close();
    });
    return attached;
  });
  const attached = await Effect.runPromise(Effect.scoped(run));
  return { events, plugins: attached.map(({ running }) => running.report()), problems, stopped };
}

const NO_SOURCES: PluginSources = {
  of(_plugin, { skeleton }) {
    throw new Error(
      `the source ${skeleton.name} is not loaded in runPlugins, where there is no kernel: test this with createAgent, as root`,
    );
  },
  takesRecords: () => false,
};

/** An object that says what is missing where more than its own fields is asked for. */
function onlyThese<Fields extends object>(service: string, fields: Fields): Fields {
  return new Proxy(fields, {
    get(target, key, receiver) {
      if (key in target || typeof key === 'symbol') return Reflect.get(target, key, receiver);
      throw new Error(
        `the service "${service}" has no ${key} in runPlugins, where there is no kernel: test this with createAgent, as root`,
      );
    },
  });
}
