/**
 * The facade for those who do not use Effect: a session with process metadata (and, if wanted, the
 * profiler) as one disposable object with promises and an async iterable.
 */

import type { ProcessMetadataCache } from '@waggle/cache';
import type { OwnEvent, ProcessEvent } from '@waggle/events';
import { inheritance, isIgnored } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { countByKind, type RateLimit } from '@waggle/kernel';
import type { FrameCount } from '@waggle/profiler';
import * as Effect from 'effect/Effect';
import * as Exit from 'effect/Exit';
import * as Scope from 'effect/Scope';
import { type SupervisedCommand, superviseCommand } from '../command/supervised-command.ts';
import type { OwnEventsOf, Plugin } from '../plugin/plugin.ts';
import type { ValidPlugins } from '../plugin/plugin-graph.ts';
import type { Service, ShapeOf } from '../plugin/service.ts';
import { type CpuProfilerOptions, cpuProfiler } from '../plugins/cpu-profiler/index.ts';
import { imageRetirement } from '../plugins/image-retirement/index.ts';
import {
  ProcessMetadata,
  type ProcessMetadataOptions,
  processMetadata,
} from '../plugins/process-metadata/index.ts';
import { reportOnStderr } from '../session/notices.ts';
import { openSession } from '../session/open-session.ts';
import type { Session, SessionReport } from '../session/session.ts';
import type { SessionConfig } from '../session/session-config.ts';
import type { SessionTarget } from '../session/session-target.ts';
import { checkAgentConfig } from './check-agent-config.ts';
import { EARLY_EVENTS, EventQueue } from './event-queue.ts';

/** Services that every agent has besides those of its plugins. */
export type AgentServices = 'process-metadata' | 'profiler';

export interface AgentConfig extends Omit<SessionConfig, 'plugins' | 'launcher'> {
  /** How much is kept of processes; false for nothing. Default: on. */
  readonly metadata?: ProcessMetadataOptions | false | undefined;
  /** Samples CPUs too, for `collect()` and `collectRaw()`. */
  readonly profile?: CpuProfilerOptions | undefined;
  /**
   * Started when everything is captured, with what this process inherited; only it and its descendants
   * count; its end ends the agent. The first SIGINT or SIGTERM is its own, the second kills it and its
   * descendants. `stop()` ends it by SIGTERM, and by SIGKILL after two seconds.
   */
  readonly command?: readonly [string, ...string[]] | undefined;
  /** What happens to the command's standard output. Default `inherit`. */
  readonly commandOutput?: 'inherit' | 'ignore' | undefined;
  /**
   * Signals that end the agent gracefully: the first one; the second gives up what slow plugins have not
   * taken, and then each has its usual action again. Default SIGINT and SIGTERM, unless they were ignored
   * when the process was started. With a command they are the command's: see its documentation.
   */
  readonly stopOn?: readonly NodeJS.Signals[] | undefined;
  /** Events that are kept for the first iteration of `events`. Default 8,192; 0 for none. */
  readonly earlyEvents?: number | undefined;
}

export interface AgentReport extends SessionReport {
  /** Exit code of the command, if there was one: 128 + N by signal N, 130 after a second SIGINT. */
  readonly exitCode: number | undefined;
  /** A second signal gave up what plugins had not taken; the report counts it as undelivered. */
  readonly abandoned: boolean;
}

/**
 * Ends by stop(), a signal, its command's end, or when every plugin that it was given was stopped and
 * nobody iterates `events` or profiles. Methods that need the kernel throw SessionEnded afterwards.
 */
export interface Agent<Own = never> extends AsyncDisposable {
  /**
   * Every event, one by one. The first iteration starts with those since the agent was created, as many as
   * `earlyEvents`; those beyond are in a `lost` event behind them, and in the report's `lost`. Later ones
   * start with what comes then. A slow one slows everybody: nothing is dropped. Among them are those that
   * sources of the plugins declare (`defineSource`), with their types.
   */
  readonly events: AsyncIterable<ProcessEvent | Own>;
  /** The cache, unless it was turned off. */
  readonly processMetadata: ProcessMetadataCache | undefined;
  /** Ends it gracefully: what the kernel has by now is delivered. Resolves when all is done. */
  stop(): Promise<AgentReport>;
  /** Resolves when it has ended, whatever ended it. */
  readonly finished: Promise<AgentReport>;
  /** Rejects with PluginMissing without a profiler, with SessionEnded after the end. */
  collect(): Promise<Profile>;
  /** The single stacks, with the same errors; empty where `profile.raw` is false. */
  collectRaw(): Promise<readonly FrameCount[]>;
  /** true: every fork, exec and exit; false: only exits of processes in the target. @throws SessionEnded */
  setLifecycleTracking(on: boolean): void;
  /** Other processes or cgroups from now on. @throws NoSuchProcess, BadCgroup, BadOption, SessionEnded */
  setTarget(target: SessionTarget): void;
  /** Another limit from now on, or none. @throws BadOption, SessionEnded */
  setRateLimit(rateLimit: RateLimit | undefined): void;
  /** Forgets the processes that ended since the last cycle, now. */
  evictPendingExits(): void;
  /** What a plugin provides. */
  service<S extends Service>(key: S): ShapeOf<S> | undefined;
  /** What was delivered, lost and refused by now, and of each plugin what it did. */
  report(): SessionReport;
}

/**
 * Starts an agent; when it resolves, every event from then on is captured. Rejects with a
 * WaggleError, whose message says what to do. Plugins that do not fit together do not compile.
 */
export async function createAgent<const Plugins extends readonly Plugin[] = readonly []>(
  config?: AgentConfig & { readonly plugins?: Plugins } & ValidPlugins<Plugins, AgentServices>,
): Promise<Agent<OwnEventsOf<Plugins>>> {
  const scope = Scope.makeUnsafe();
  try {
    checkAgentConfig(config ?? {});
    const agent = await Effect.runPromise(Scope.provide(start(config ?? {}, scope), scope));
    return agent as Agent<OwnEventsOf<Plugins>>;
  } catch (error) {
    await Effect.runPromise(Scope.close(scope, Exit.void));
    throw error;
  }
}

const start = Effect.fnUntraced(function* (
  config: AgentConfig & { readonly plugins?: readonly Plugin[] },
  scope: Scope.Closeable,
) {
  // Before anything changes what a command is to inherit.
  inheritance();
  const stopped = new StoppedPlugins(config);
  const session = yield* openSession({ ...sessionConfig(config), ...stopped.sessionConfig });
  if (config.command === undefined) {
    const agent = new RunningAgent(session, scope, config, stopped, undefined);
    yield* stopOnSignals(session, config.stopOn ?? ['SIGINT', 'SIGTERM'], () => agent.abandoned());
    return agent;
  }
  const stdout = config.commandOutput ?? 'inherit';
  const command = yield* superviseCommand(session, config.command, { stdout });
  command.ended.then(() => session.stop());
  return new RunningAgent(session, scope, config, stopped, command);
});

/** The first one ends the session, the second one does not wait for plugins, a third is not ours. */
const stopOnSignals = (
  session: Session,
  signals: readonly NodeJS.Signals[],
  onAbandoned: () => void,
) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const heeded = signals.filter((signal) => !isIgnored(signal));
      let stopping = false;
      const release = () => {
        for (const signal of heeded) process.off(signal, onSignal);
      };
      const onSignal = () => {
        if (!stopping) session.stop();
        else {
          onAbandoned();
          session.abandon();
          release();
        }
        stopping = true;
      };
      for (const signal of heeded) process.on(signal, onSignal);
      return release;
    }),
    (release) => Effect.sync(release),
  );

/** Which plugins of the user's were stopped for their failures. */
class StoppedPlugins {
  readonly #left: Set<string>;
  readonly #any: boolean;
  /** Resolves when none of them is left. */
  readonly all: Promise<void>;
  #resolveAll = () => {};

  readonly #config: AgentConfig & { readonly plugins?: readonly Plugin[] };

  constructor(config: AgentConfig & { readonly plugins?: readonly Plugin[] }) {
    this.#config = config;
    // Promise.withResolvers is not in Node.js 20, which is to get as far as to be told that it will not do.
    this.all = new Promise((resolve) => {
      this.#resolveAll = resolve;
    });
    this.#left = new Set((config.plugins ?? []).map(({ name }) => name));
    this.#any = this.#left.size > 0;
  }

  get sessionConfig(): Pick<SessionConfig, 'onPluginProblem'> {
    const report = this.#config.onPluginProblem ?? reportOnStderr;
    return {
      onPluginProblem: (problem) => {
        report(problem);
        if (problem.kind !== 'stopped') return;
        this.#left.delete(problem.plugin);
        if (this.#any && this.#left.size === 0) this.#resolveAll();
      },
    };
  }
}

function sessionConfig(config: AgentConfig & { readonly plugins?: readonly Plugin[] }) {
  const { metadata, profile, command, plugins = [], ...rest } = config;
  const launcher = command && process.pid;
  const has = (service: string) => plugins.some(({ provides }) => provides === service);
  const own: Plugin[] = [];
  // A plugin of the user's that provides the same takes its place.
  if (metadata !== false && !has(ProcessMetadata.service)) own.push(processMetadata(metadata));
  if (profile !== undefined) {
    own.push(
      cpuProfiler({
        ...profile,
        raw: profile.raw ?? true,
        launcher: profile.launcher ?? launcher,
      }),
    );
    if (rest.trackProcessLifecycle !== false) own.push(imageRetirement());
  }
  return { ...rest, launcher, plugins: [...own, ...plugins] };
}

class RunningAgent implements Agent<OwnEvent> {
  readonly finished: Promise<AgentReport>;
  readonly #session: Session;
  readonly #command: SupervisedCommand | undefined;
  /** Of the first iteration; it keeps events from now on. */
  readonly #first: EventQueue<OwnEvent> | undefined;
  readonly #iterations = new Set<EventQueue<OwnEvent>>();
  #abandoned = false;

  constructor(
    session: Session,
    scope: Scope.Closeable,
    config: AgentConfig,
    stopped: StoppedPlugins,
    command: SupervisedCommand | undefined,
  ) {
    this.#session = session;
    this.#command = command;
    this.finished = this.#run(scope);
    // Whoever does not look at it must not be ended by it.
    this.finished.catch(() => {});
    const room = config.earlyEvents ?? EARLY_EVENTS;
    if (room > 0) this.#first = this.#queue(room);
    stopped.all.then(() => {
      const used = [...this.#iterations].some((queue) => queue.iterated);
      if (!used && config.profile === undefined) void this.stop();
    });
  }

  get events(): AsyncIterable<ProcessEvent | OwnEvent> {
    return {
      [Symbol.asyncIterator]: () => {
        const first = this.#first;
        const queue = first !== undefined && !first.taken ? first : this.#queue(0);
        return queue[Symbol.asyncIterator]();
      },
    };
  }

  #queue(room: number): EventQueue<OwnEvent> {
    const queue: EventQueue<OwnEvent> = new EventQueue<OwnEvent>(
      (observer) => this.#session.subscribeAll(observer),
      this.finished.then(
        () => {},
        () => {},
      ),
      room,
    );
    this.#iterations.add(queue);
    queue.ended.then(() => this.#iterations.delete(queue));
    return queue;
  }

  /** By a second signal. */
  abandoned(): void {
    this.#abandoned = true;
  }

  get processMetadata(): ProcessMetadataCache | undefined {
    return this.#session.processMetadata;
  }

  stop(): Promise<AgentReport> {
    // Its end is still observed, and is what ends the session.
    if (this.#command === undefined) this.#session.stop();
    else this.#command.end();
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
    const report = this.#session.report();
    const { missed } = this.#first ?? {};
    if (missed === undefined) return report;
    const lost = countByKind((kind) => report.events.lost[kind] + missed[kind]);
    return { ...report, events: { ...report.events, lost } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(scope: Scope.Closeable): Promise<AgentReport> {
    try {
      // A turn of the event loop, in which those who just got the agent can subscribe.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      await Effect.runPromise(this.#session.run);
      const exitCode = (await this.#command?.ended)?.exitCode;
      return { ...this.report(), exitCode, abandoned: this.#abandoned };
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void));
    }
  }
}
