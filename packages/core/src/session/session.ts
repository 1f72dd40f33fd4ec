/** A session as those who opened it have it: what may be asked of it, and what it answers. */

import type { ProcessMetadataCache } from '@waggle/cache';
import type { EventTotals, OwnEvent, ProcessEvent } from '@waggle/events';
import type { Profile } from '@waggle/formats';
import type { AttachReport } from '@waggle/kernel';
import type { FrameCount } from '@waggle/profiler';
import * as Effect from 'effect/Effect';
import type * as Stream from 'effect/Stream';
import type { EventsObserver } from '../dispatch/dispatcher.ts';
import { PluginMissing, type SessionEnded } from '../errors/errors.ts';
import type { PluginReport } from '../plugin/plugin-report.ts';
import type { Service, ShapeOf } from '../plugin/service.ts';
import type { CollectionCycle } from './collection-cycle.ts';
import type { EventPump } from './event-pump.ts';
import { streamOf } from './event-stream.ts';
import type { KernelCapture } from './kernel-capture.ts';
import { Collector, ProcessMetadata, type ProfileCollector } from './roles.ts';
import type { SessionLife } from './session-life.ts';
import type { SessionControl } from './session-service.ts';

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

/** What a session is put together of. */
interface SessionParts {
  readonly capture: KernelCapture;
  readonly control: SessionControl;
  readonly life: SessionLife;
  readonly cycle: CollectionCycle;
  readonly pump: EventPump;
  /** What plugins provide, by its key. */
  readonly services: ReadonlyMap<string, unknown>;
  pluginReports(): readonly PluginReport[];
}

export function sessionOf(parts: SessionParts): Session {
  const { capture, control, life, cycle, pump, services } = parts;
  return {
    ...control,
    abandon() {
      control.stop();
      pump.abandon();
    },
    kernel: capture,
    events: streamOf(
      (observer) => (life.ended ? () => {} : pump.subscribe(observer as EventsObserver)),
      pump.ended,
    ),
    subscribe(observer) {
      life.expectOpen('subscribe');
      return pump.subscribe(observer as EventsObserver);
    },
    subscribeAll(observer) {
      life.expectOpen('subscribe');
      return pump.subscribe(observer, 'all');
    },
    processMetadata: services.get(ProcessMetadata.service) as ProcessMetadataCache | undefined,
    service: <S extends Service>(key: S) => services.get(key.service) as ShapeOf<S> | undefined,
    run: Effect.promise(async () => {
      life.expectOpen('run');
      await pump.run();
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
      plugins: parts.pluginReports(),
    }),
  };
}

/** Who samples in it, if anybody does. */
export const collectorOf = (services: ReadonlyMap<string, unknown>) =>
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
