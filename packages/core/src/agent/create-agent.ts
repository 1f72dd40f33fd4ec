// The facade for those who do not use Effect: a session with process metadata (and, if wanted, the
// profiler) as one disposable object with promises and an async iterable.

import type { ProcessMetadataCache } from '@waggle/cache';
import type { Profile } from '@waggle/formats';
import * as Effect from 'effect/Effect';
import * as Exit from 'effect/Exit';
import * as Scope from 'effect/Scope';
import { startCommand } from '../command/tracked-command.ts';
import type { RateLimit } from '../kernel/kernel-settings.ts';
import type { ProcessEvent } from '../lifecycle/process-event.ts';
import {
  ProcessMetadata,
  type ProcessMetadataOptions,
  processMetadata,
} from '../metadata/process-metadata.ts';
import type { Fitting } from '../plugin/composition.ts';
import type { Plugin } from '../plugin/plugin.ts';
import type { Service, ShapeOf } from '../plugin/service.ts';
import { type CpuProfilerOptions, cpuProfiler } from '../profiler/cpu-profiler.ts';
import type { FrameCount } from '../profiler/raw-stacks.ts';
import { symbolInvalidation } from '../profiler/symbol-invalidation.ts';
import { openSession, type Session, type SessionReport } from '../session/session.ts';
import type { SessionConfig } from '../session/session-config.ts';
import type { SessionTarget } from '../session/session-filter.ts';
import { EventQueue } from './event-queue.ts';

/** Services that every agent has besides those of its plugins. */
export type AgentServices = 'process-metadata' | 'profiler';

export interface AgentConfig extends Omit<SessionConfig, 'plugins' | 'launcher'> {
  /** How much is kept of processes; false for nothing. Default: on. */
  readonly metadata?: ProcessMetadataOptions | false;
  /** Samples CPUs too, for `collect()` and `collectRaw()`. */
  readonly profile?: CpuProfilerOptions;
  /** Started when everything is captured; only it and its descendants count; ends the agent. */
  readonly command?: readonly [string, ...string[]];
  /** What happens to the command's standard output. Default `inherit`. */
  readonly commandOutput?: 'inherit' | 'ignore';
  /** Signals that end the agent gracefully. Default SIGINT and SIGTERM. */
  readonly stopOn?: readonly NodeJS.Signals[];
}

export interface AgentReport extends SessionReport {
  /** Exit code of the command, if there was one and it has ended. */
  readonly exitCode: number | undefined;
}

export interface Agent extends AsyncDisposable {
  /** Every event from now on, one by one. Iterate right away: events are not kept for later. */
  readonly events: AsyncIterable<ProcessEvent>;
  /** The cache, unless it was turned off. */
  readonly processMetadata: ProcessMetadataCache | undefined;
  /** Ends it gracefully: what the kernel has by now is delivered. Resolves when all is done. */
  stop(): Promise<AgentReport>;
  /** Resolves when it has ended, whatever ended it. */
  readonly finished: Promise<AgentReport>;
  collect(): Promise<Profile>;
  collectRaw(): Promise<readonly FrameCount[]>;
  setLifecycleTracking(on: boolean): void;
  /** Other processes or cgroups from now on. @throws NoSuchProcess, BadCgroup, BadOption */
  setTarget(target: SessionTarget): void;
  /** Another limit from now on, or none. @throws BadOption */
  setRateLimit(rateLimit: RateLimit | undefined): void;
  evictPendingExits(): void;
  /** What a plugin provides. */
  service<S extends Service>(key: S): ShapeOf<S> | undefined;
  report(): SessionReport;
}

/**
 * Starts an agent; when it resolves, every event from then on is captured. Rejects with a
 * WaggleError, whose message says what to do. Plugins that do not fit together do not compile.
 */
export async function createAgent<const Plugins extends readonly Plugin[] = readonly []>(
  config?: AgentConfig & { readonly plugins?: Plugins } & Fitting<Plugins, AgentServices>,
): Promise<Agent> {
  const scope = Scope.makeUnsafe();
  try {
    return await Effect.runPromise(Scope.provide(start(config ?? {}, scope), scope));
  } catch (error) {
    await Effect.runPromise(Scope.close(scope, Exit.void));
    throw error;
  }
}

const start = Effect.fnUntraced(function* (
  config: AgentConfig & { readonly plugins?: readonly Plugin[] },
  scope: Scope.Closeable,
) {
  const session = yield* openSession(sessionConfig(config));
  const stopOn = config.stopOn ?? ['SIGINT', 'SIGTERM'];
  const stop = () => session.stop();
  for (const signal of stopOn) process.on(signal, stop);
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const signal of stopOn) process.off(signal, stop);
    }),
  );
  const command =
    config.command === undefined
      ? undefined
      : yield* startCommand(config.command, [
          'inherit',
          config.commandOutput ?? 'inherit',
          'inherit',
        ]);
  command?.ended.then(stop);
  return new RunningAgent(session, scope, async () =>
    command?.running === false ? (await command.ended).exitCode : undefined,
  );
});

function sessionConfig(config: AgentConfig & { readonly plugins?: readonly Plugin[] }) {
  const { metadata, profile, command, plugins = [], ...rest } = config;
  const launcher = command === undefined ? {} : { launcher: process.pid };
  const has = (service: string) => plugins.some(({ provides }) => provides === service);
  const own: Plugin[] = [];
  // A plugin of the user's that provides the same takes its place.
  if (metadata !== false && !has(ProcessMetadata.service)) own.push(processMetadata(metadata));
  if (profile !== undefined) {
    own.push(cpuProfiler({ raw: true, ...launcher, ...profile }));
    if (rest.trackProcessLifecycle !== false) own.push(symbolInvalidation());
  }
  return { ...rest, ...launcher, plugins: [...own, ...plugins] };
}

class RunningAgent implements Agent {
  readonly finished: Promise<AgentReport>;
  readonly #session: Session;

  constructor(
    session: Session,
    scope: Scope.Closeable,
    exitCode: () => Promise<number | undefined>,
  ) {
    this.#session = session;
    this.finished = this.#run(scope, exitCode);
    // Whoever does not look at it must not be ended by it.
    this.finished.catch(() => {});
  }

  get events(): AsyncIterable<ProcessEvent> {
    return {
      [Symbol.asyncIterator]: () =>
        new EventQueue(
          (observer) => this.#session.subscribe(observer),
          this.finished.then(
            () => {},
            () => {},
          ),
        ),
    };
  }

  get processMetadata(): ProcessMetadataCache | undefined {
    return this.#session.processMetadata;
  }

  stop(): Promise<AgentReport> {
    this.#session.stop();
    return this.finished;
  }

  collect(): Promise<Profile> {
    return Effect.runPromise(this.#session.collect);
  }

  collectRaw(): Promise<readonly FrameCount[]> {
    return Effect.runPromise(this.#session.collectRaw);
  }

  setLifecycleTracking(on: boolean): void {
    this.#session.setLifecycleTracking(on);
  }

  setTarget(target: SessionTarget): void {
    this.#session.setTarget(target);
  }

  setRateLimit(rateLimit: RateLimit | undefined): void {
    this.#session.setRateLimit(rateLimit);
  }

  evictPendingExits(): void {
    this.#session.evictPendingExits();
  }

  service<S extends Service>(key: S): ShapeOf<S> | undefined {
    return this.#session.service(key);
  }

  report(): SessionReport {
    return this.#session.report();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(
    scope: Scope.Closeable,
    exitCode: () => Promise<number | undefined>,
  ): Promise<AgentReport> {
    try {
      // A turn of the event loop, in which those who just got the agent can subscribe.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      await Effect.runPromise(this.#session.run);
      return { ...this.#session.report(), exitCode: await exitCode() };
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void));
    }
  }
}
