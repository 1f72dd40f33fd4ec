// One tracing session as a scoped resource: the programs are in the kernel while the scope is
// open, and nothing of them is left when it closes, whichever way that happens.

import type { LifecycleHook } from '@waggle/bpf';
import { type Procfs, RealProcfs } from '@waggle/cache';
import {
  DrainLoop,
  EpollWakeup,
  type Native,
  openNative,
  RingBuffer,
  type Wakeup,
} from '@waggle/ffi';
import * as Cause from 'effect/Cause';
import * as Effect from 'effect/Effect';
import * as Queue from 'effect/Queue';
import type * as Scope from 'effect/Scope';
import * as Stream from 'effect/Stream';
import { NoSuchProcess, type WaggleError } from '../errors/errors.ts';
import { toWaggleError } from '../errors/from-native.ts';
import {
  type KernelPrograms,
  type KernelProgramsOptions,
  loadKernelPrograms,
} from '../kernel/kernel-programs.ts';
import { KernelSettings } from '../kernel/kernel-settings.ts';
import { existingDescendants, expectProcess } from './descendants.ts';
import { EventReader, type EventTotals } from './event-reader.ts';
import type { ProcessEvent } from './process-event.ts';

/** At the rate of a busy build host (10,000 processes a second) room for two seconds. */
export const DEFAULT_RING_BYTES = 8 * 1024 * 1024;
/** Batches that wait for a slow consumer; beyond it the ring fills and counts what it drops. */
const QUEUED_BATCHES = 64;
/** Between looks under load. Longer than a look costs by far: small batches are what costs CPU. */
const BUSY_DELAY_MS = 25;

export interface LifecycleConfig {
  /** Events to deliver. */
  readonly events: readonly LifecycleHook[];
  /** Only these processes and their descendants. */
  readonly pids?: readonly number[];
  /** Only descendants of this process (usually our own, about to start a command). */
  readonly launcher?: number;
  /** Only processes in these cgroup v2 directories or below. */
  readonly cgroups?: readonly string[];
  /** Bytes of the ring buffer: a power of two, at least a page. */
  readonly ringBytes?: number;
  /** For the profiler: load the sampler too. */
  readonly sampleEntries?: number;
  readonly sampleIdle?: boolean;
  /** false: only exits of tracked processes are delivered. */
  readonly lifecycleTracking?: boolean;
  readonly procfs?: Procfs;
  readonly objectPath?: string;
}

export interface LifecycleSession {
  readonly native: Native;
  readonly programs: KernelPrograms;
  readonly settings: KernelSettings;
  readonly procfs: Procfs;
  /** Ends with everything that the kernel had when stop() was called. One consumer. */
  readonly events: Stream.Stream<readonly ProcessEvent[], WaggleError>;
  /** Detaches nothing yet, but lets `events` end after one last look. */
  stop(): void;
  totals(): EventTotals;
}

/**
 * Opens a session; from the moment it returns, every event that passes the filter is captured.
 * Fails with NotPermitted, NativeUnavailable, KernelRefused, NoSuchProcess or BadCgroup.
 */
export const openLifecycleSession = Effect.fnUntraced(function* (
  config: LifecycleConfig,
): Effect.fn.Return<LifecycleSession, WaggleError, Scope.Scope> {
  const native = yield* Effect.tryPromise({ try: () => openNative(), catch: toWaggleError });
  const procfs = config.procfs ?? new RealProcfs();
  const programs = yield* Effect.acquireRelease(
    Effect.try({
      try: () => loadKernelPrograms(native, programOptions(config)),
      catch: toWaggleError,
    }),
    (loaded) => Effect.sync(() => loaded.close()),
  );
  const ring = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new RingBuffer(native, programs.object.map('process_events')),
      catch: toWaggleError,
    }),
    (opened) => Effect.sync(() => opened.close()),
  );
  const settings = new KernelSettings(programs.object);
  const reader = new EventReader(native, ring, settings, config.events, procfs);
  yield* Effect.try({ try: () => startCapture(config, settings, procfs), catch: toWaggleError });
  reader.known.seedFromProcfs();
  const stopSignal = Promise.withResolvers<void>();
  return {
    native,
    programs,
    settings,
    procfs,
    events: eventStream(reader, stopSignal.promise, () => new EpollWakeup(native, ring.map.fd)),
    stop: () => stopSignal.resolve(),
    totals: () => reader.totals(),
  };
});

function programOptions(config: LifecycleConfig): KernelProgramsOptions {
  const tracksProcesses = config.pids !== undefined || config.launcher !== undefined;
  // Descendants are kept by fork and exec, and taken out by exit, whatever is delivered.
  const hooks = new Set<LifecycleHook>(config.events);
  if (tracksProcesses) for (const hook of ['fork', 'exec', 'exit'] as const) hooks.add(hook);
  return {
    hooks: [...hooks],
    ringBytes: config.ringBytes ?? DEFAULT_RING_BYTES,
    tracksProcesses,
    ...(config.sampleEntries === undefined ? {} : { sampleEntries: config.sampleEntries }),
    ...(config.sampleIdle === undefined ? {} : { sampleIdle: config.sampleIdle }),
    ...(config.objectPath === undefined ? {} : { objectPath: config.objectPath }),
  };
}

/** The programs are attached and silent until the filter, set last, lets events through. */
function startCapture(config: LifecycleConfig, settings: KernelSettings, procfs: Procfs): void {
  const cgroups = config.cgroups ?? [];
  settings.trackCgroups(cgroups);
  if (config.launcher !== undefined) settings.track(config.launcher, 'launcher');
  for (const pid of config.pids ?? []) {
    expectProcess(procfs, pid);
    settings.track(pid, 'active');
    for (const descendant of existingDescendants(procfs, pid)) settings.track(descendant, 'active');
    // It may have ended before the fork handler could follow it.
    if (!procfs.pids().includes(pid))
      throw new NoSuchProcess({ pid, message: `process ${pid} ended before it could be traced` });
  }
  settings.setLifecycleTracking(config.lifecycleTracking ?? true);
  settings.setFilter({
    events: config.events,
    processes: config.pids !== undefined || config.launcher !== undefined,
    cgroups: cgroups.length,
  });
}

function eventStream(
  reader: EventReader,
  stopped: Promise<void>,
  openWakeup: () => Wakeup,
): Stream.Stream<readonly ProcessEvent[], WaggleError> {
  return Stream.callback<readonly ProcessEvent[], WaggleError>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => startReading(reader, stopped, openWakeup(), queue)),
      (loop) => Effect.sync(() => loop.close()),
    ),
  );
}

function startReading(
  reader: EventReader,
  stopped: Promise<void>,
  wakeup: Wakeup,
  queue: Queue.Queue<readonly ProcessEvent[], WaggleError | Cause.Done>,
): DrainLoop {
  const fail = (error: unknown) => {
    Queue.failCauseUnsafe(queue, Cause.die(error));
  };
  const loop = new DrainLoop({
    drain: () => {
      // A slow consumer must not grow our memory: the ring holds, then counts what it drops.
      if (Queue.sizeUnsafe(queue) >= QUEUED_BATCHES) return 0;
      const events = reader.read();
      if (events.length > 0) Queue.offerUnsafe(queue, events);
      return events.length;
    },
    busyDelayMs: BUSY_DELAY_MS,
    wakeup,
    onError: fail,
  });
  stopped
    .then(() => {
      if (loop.closed) return;
      loop.close();
      for (const events of reader.finish()) Queue.offerUnsafe(queue, events);
      Queue.endUnsafe(queue);
    })
    .catch(fail);
  return loop;
}
