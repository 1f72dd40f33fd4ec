/**
 * What a plugin is: a named value that says what it needs and provides, and a set-up that returns
 * handlers. Writing one needs nothing else of this package; `definePlugin` only gives it its types.
 */

import type { Skeleton, Source } from '@waggle/bpf';
import type {
  EventDraft,
  EventsOfSource,
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
  OwnEvent,
  ProcessEvent,
} from '@waggle/events';
import type { EventKind } from '@waggle/kernel';
import type * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { checkNumber } from '../errors/check-options.ts';
import type { HandlerResult } from './handler-result.ts';
import type { PluginReport } from './plugin-report.ts';
import type { PluginSource } from './plugin-source.ts';
import type { Service, ShapeOf } from './service.ts';

/**
 * In this order for every event:
 * - `flush`: what still belongs to the old state is finished (samples of the image before an exec).
 * - `invalidate`: caches drop what the event makes wrong.
 * - `load`: the new state is taken in, and the event completed with what is known.
 * - `observe`: everything else. Events are final, and each plugin has a queue of its own.
 */
export const PHASES = ['flush', 'invalidate', 'load', 'observe'] as const;

export type { HandlerResult } from './handler-result.ts';

/**
 * One function for all events, or one for each kind that is of interest. `Own`: events of the plugin's
 * sources, by their names.
 */
export type EventHandler<Own extends OwnEventShape = never> = [Own] extends [never]
  ? ((event: ProcessEvent) => HandlerResult) | KindHandlers
  :
      | ((event: ProcessEvent | Own) => HandlerResult)
      | (KindHandlers & {
          readonly [Name in Own['event']]?: (
            event: Extract<Own, { readonly event: Name }>,
          ) => HandlerResult;
        });

type OwnEventShape = Pick<OwnEvent, 'event'>;

interface KindHandlers {
  readonly fork?: ((event: ForkEvent) => HandlerResult) | undefined;
  readonly exec?: ((event: ExecEvent) => HandlerResult) | undefined;
  readonly exit?: ((event: ExitEvent) => HandlerResult) | undefined;
  readonly failedExec?: ((event: FailedExecEvent) => HandlerResult) | undefined;
  readonly lost?: ((event: LostEvent) => HandlerResult) | undefined;
}

/** The same where events are completed: what a handler sets is what all later ones see. */
type DraftHandler =
  | ((event: EventDraft<ProcessEvent>) => HandlerResult)
  | {
      readonly fork?: ((event: EventDraft<ForkEvent>) => HandlerResult) | undefined;
      readonly exec?: ((event: EventDraft<ExecEvent>) => HandlerResult) | undefined;
      readonly exit?: ((event: EventDraft<ExitEvent>) => HandlerResult) | undefined;
      readonly failedExec?: ((event: EventDraft<FailedExecEvent>) => HandlerResult) | undefined;
      readonly lost?: ((event: EventDraft<LostEvent>) => HandlerResult) | undefined;
    };

export interface PluginHandlers<Own extends OwnEventShape = never> {
  /** Once, when everything is captured and before the first event: the time for a walk of /proc. */
  readonly start?: (() => HandlerResult) | undefined;
  readonly flush?: EventHandler | undefined;
  readonly invalidate?: EventHandler | undefined;
  /** Events are drafts here: it completes them. */
  readonly load?: DraftHandler | undefined;
  /** Events of its sources too. */
  readonly observe?: EventHandler<Own> | undefined;
  /** In place of `observe`: all events that arrived together, in order. */
  readonly observeBatch?: ((events: readonly (ProcessEvent | Own)[]) => HandlerResult) | undefined;
  /**
   * Every event that was made before that moment (boot clock, ns; `bootTime` of events) has been observed: for who keeps events
   * and has to say how far they go. Comes after batches, and also when there was nothing; not for each batch of a storm. Needs
   * `observe` or `observeBatch`. Synchronous.
   */
  readonly readUntil?: ((bootTime: bigint) => void) | undefined;
  /**
   * A new cycle starts: what ended before that moment (milliseconds, as Date.now() gives them, or
   * Infinity) may be forgotten. Synchronous.
   */
  readonly cycle?: ((endedBefore: number) => void) | undefined;
  /**
   * At once when the session is to end: events that the kernel has made by now still come. The time to
   * stop what makes work, since nothing else may get a turn until it does. Synchronous.
   */
  readonly stop?: (() => void) | undefined;
  /** After the last event, before finalizers. */
  readonly end?: (() => HandlerResult) | undefined;
}

type PluginSetup<
  Provides extends Service | undefined,
  Own extends OwnEventShape,
> = PluginHandlers<Own> &
  (Provides extends Service
    ? {
        /** The service that it provides. */
        readonly service: ShapeOf<Provides>;
      }
    : { readonly service?: undefined });

export type Services = Readonly<Record<string, Service>>;

/** What a plugin gets for what it needs, under the names of its own choice. */
export type NeededServices<Needs extends Services> = {
  readonly [Key in keyof Needs]: ShapeOf<Needs[Key]>;
};

export interface PluginContext<Needs extends Services = Services> {
  /** Its own name. */
  readonly name: string;
  /** What it needs, under the names of its own choice. */
  readonly services: NeededServices<Needs>;
  /**
   * A source of `sources`, loaded by now.
   * @throws RangeError for one that the plugin did not declare
   */
  source<S extends Skeleton>(source: Source<S>): PluginSource<S>;
  /** Aborted when the plugin is stopped for its failures, and when the session ends. */
  readonly signal: AbortSignal;
  /** Runs when the session ends, whichever way, the last registered first. */
  onClose(finalizer: () => HandlerResult): void;
  /** A word to the person who runs the agent. */
  warn(message: string): void;
  /** Its own account until now: what it handled, what its full queue dropped, what failed. */
  report(): PluginReport;
}

/** What a plugin wants of the kernel beside its sources, known before anything is loaded. */
interface KernelNeeds {
  /** Events that must be made. `failed-exec` costs every system call of the host some 30 ns. */
  readonly events?: readonly EventKind[] | undefined;
}

export interface QueueOptions {
  /** Events that may wait for this plugin. Default 65,536. */
  readonly capacity?: number | undefined;
  /**
   * `drop-oldest` (default) counts what it drops. `block` drops nothing and lets everybody wait,
   * so that in the end the ring buffer fills and the kernel counts losses.
   */
  readonly whenFull?: 'drop-oldest' | 'block' | undefined;
}

/** QueueOptions with their defaults. */
export interface QueueSettings {
  readonly capacity: number;
  readonly whenFull: 'drop-oldest' | 'block';
}

export interface PluginSpec<
  Name extends string,
  Needs extends Services,
  Provides extends Service | undefined,
  Sources extends readonly Source[] = readonly [],
> {
  /** Unique in a composition. */
  readonly name: Name;
  /** Services of other plugins, which are set up before. */
  readonly needs?: Needs | undefined;
  readonly provides?: Provides | undefined;
  readonly kernel?: KernelNeeds | undefined;
  /** The BPF that it brings. Loaded and attached before its set-up. */
  readonly sources?: Sources | undefined;
  readonly queue?: QueueOptions | undefined;
  /** Without it a session is of no use: where its `start` fails, the session does not start. */
  readonly essential?: boolean | undefined;
  /** It starts the session's cycles, by collections (`SessionService`): none begins by time. */
  readonly startsCycles?: boolean | undefined;
  /** Failures of handlers after which it is stopped. Default 20. */
  readonly failureBudget?: number | undefined;
  /** A handler that takes longer has hung, and its plugin is stopped. Default 5,000; or Infinity. */
  readonly handlerTimeoutMs?: number | undefined;
  readonly setup: (
    context: PluginContext<Needs>,
  ) =>
    | PluginSetup<Provides, EventsOfSource<Sources[number]>>
    | PromiseLike<PluginSetup<Provides, EventsOfSource<Sources[number]>>>
    | Effect.Effect<PluginSetup<Provides, EventsOfSource<Sources[number]>>, unknown, Scope.Scope>;
}

/** Of a plugin with sources: which events those make. Only for the compiler. */
interface Emits<out Own> {
  readonly ownEvents?: Own;
}

/** The events that plugins of a list add to `agent.events`. */
export type OwnEventsOf<Plugins extends readonly unknown[]> = EmittedBy<Plugins[number]>;

type EmittedBy<P> = P extends { readonly ownEvents?: infer Own }
  ? unknown extends Own
    ? never
    : Exclude<Own, undefined>
  : never;

/** A plugin as a composition sees it: what it is called, offers and wants, by name. */
export interface Plugin<
  out Name extends string = string,
  out NeedNames extends string = string,
  out ProvidedName extends string = string,
> {
  readonly name: Name;
  readonly needs: readonly NeedNames[];
  readonly provides: ProvidedName | undefined;
  readonly spec: ErasedSpec;
}

/** The registry checked the types when it matched names; inside, shapes are unknown. */
interface ErasedSpec {
  readonly needs: Services;
  readonly kernel: KernelNeeds;
  readonly sources: readonly Source[];
  readonly essential: boolean;
  readonly startsCycles: boolean;
  readonly queue: QueueSettings;
  readonly failureBudget: number;
  readonly handlerTimeoutMs: number;
  readonly setup: (
    context: PluginContext,
  ) => ErasedSetup | PromiseLike<ErasedSetup> | Effect.Effect<ErasedSetup, unknown, Scope.Scope>;
}

export type ErasedSetup = PluginHandlers & { readonly service?: unknown };

const DEFAULT_QUEUE: QueueSettings = { capacity: 65_536, whenFull: 'drop-oldest' };
const DEFAULT_FAILURE_BUDGET = 20;
const DEFAULT_HANDLER_TIMEOUT_MS = 5000;

type NamesOf<S extends Services> = { [Key in keyof S]: S[Key]['service'] }[keyof S] & string;
type NameOf<S extends Service | undefined> = S extends Service ? S['service'] : never;

type DefinedPlugin<P, Own> = [Own] extends [never] ? P : P & Emits<Own>;

/**
 * A plugin from its description. Wrap it in a function to give it options:
 *
 * ```ts
 * const crashes = (options: { minimumSignal?: number } = {}) =>
 *   definePlugin({
 *     name: 'crashes',
 *     setup: () => ({ observe: { exit: (event) => report(event, options.minimumSignal ?? 1) } }),
 *   });
 * ```
 *
 * @throws BadOption
 */
export function definePlugin<
  const Name extends string,
  const Needs extends Services = Record<never, Service>,
  const Provides extends Service | undefined = undefined,
  const Sources extends readonly Source[] = readonly [],
>(
  spec: PluginSpec<Name, Needs, Provides, Sources>,
): DefinedPlugin<Plugin<Name, NamesOf<Needs>, NameOf<Provides>>, EventsOfSource<Sources[number]>> {
  const needs: Services = spec.needs ?? {};
  checkNumber('queue.capacity', spec.queue?.capacity, { min: 1, orInfinity: true });
  checkNumber('failureBudget', spec.failureBudget, { min: 0, orInfinity: true });
  checkNumber('handlerTimeoutMs', spec.handlerTimeoutMs, { min: 0, orInfinity: true });
  const plugin: Plugin<Name, NamesOf<Needs>, NameOf<Provides>> = {
    name: spec.name,
    needs: Object.values(needs).map(({ service }) => service as NamesOf<Needs>),
    provides: spec.provides?.service as NameOf<Provides> | undefined,
    spec: {
      needs,
      kernel: spec.kernel ?? {},
      sources: spec.sources ?? [],
      essential: spec.essential ?? false,
      startsCycles: spec.startsCycles ?? false,
      queue: {
        capacity: spec.queue?.capacity ?? DEFAULT_QUEUE.capacity,
        whenFull: spec.queue?.whenFull ?? DEFAULT_QUEUE.whenFull,
      },
      failureBudget: spec.failureBudget ?? DEFAULT_FAILURE_BUDGET,
      handlerTimeoutMs: spec.handlerTimeoutMs ?? DEFAULT_HANDLER_TIMEOUT_MS,
      // The context that the registry passes holds exactly the needs that are named here.
      setup: spec.setup as unknown as ErasedSpec['setup'],
    },
  };
  return plugin as DefinedPlugin<typeof plugin, EventsOfSource<Sources[number]>>;
}
