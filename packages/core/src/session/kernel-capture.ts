/**
 * The kernel's side of a session: programs, ring buffer and filter as one scoped resource. When it
 * is open, every event that passes the filter is captured; nothing is read until somebody reads.
 */

import {
  FAILED_EXECS,
  FOLLOWED_CGROUPS,
  LIFECYCLE,
  LIFECYCLE_OF_COMMAND,
  recordBounds,
  type Source,
} from '@waggle/bpf';
import { type Procfs, RealProcfs } from '@waggle/cache';
import { type Native, openNative, type RingBuffer, sendNow, sendStderrBy } from '@waggle/ffi';
import {
  type EventKind,
  FollowedCgroups,
  KernelSettings,
  LoadedSources,
  openEventRing,
  type PidNamespace,
  pidNamespaceOf,
  prepareSource,
  sharedMapEntries,
} from '@waggle/kernel';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { ForeignProcfs, type WaggleError } from '../errors/errors.ts';
import { expectDescriptors } from '../limits/process-limits.ts';
import { expectTasks } from '../limits/task-limit.ts';
import type { Plugin } from '../plugin/plugin.ts';
import { defineService } from '../plugin/service.ts';
import { toWaggleError } from './from-native.ts';
import { mergeSources, samplesCpus } from './merge-sources.ts';
import type { SessionConfig } from './session-config.ts';
import { SessionFilter } from './session-filter.ts';

/** At the rate of a busy build host (10,000 processes a second) room for two seconds. */
const DEFAULT_RING_BYTES = 8 * 1024 * 1024;

/** What is loaded in the kernel, for plugins that look into it. */
export interface KernelAccess {
  readonly native: Native;
  readonly sources: LoadedSources;
  readonly settings: KernelSettings;
  readonly procfs: Procfs;
}

/** The built-in service of that. */
export const Kernel = defineService<KernelAccess>()('kernel');

export interface KernelCapture extends KernelAccess {
  readonly ring: RingBuffer;
  readonly filter: SessionFilter;
  /** Lets events through. Until then the programs are attached and silent. */
  begin(): Effect.Effect<void, WaggleError>;
}

/** Everything that the plugins of a session want of the kernel. */
export interface SessionNeeds {
  readonly events: readonly EventKind[];
  readonly sources: readonly Source[];
}

/** @throws InvalidPluginGraph where plugins want different things of one source */
export function needsOf(plan: readonly Plugin[]): SessionNeeds {
  return {
    events: [...new Set(plan.flatMap(({ spec }) => spec.kernel.events ?? []))],
    sources: mergeSources(plan),
  };
}

/** Fails with NotPermitted, NativeUnavailable, KernelRefused or ForeignProcfs; begin() also with NoSuchProcess, BadCgroup. */
export const openKernelCapture = Effect.fnUntraced(function* (
  config: SessionConfig,
  needs: SessionNeeds,
): Effect.fn.Return<KernelCapture, WaggleError, Scope.Scope> {
  // Arguments of those that ran before: as many bytes as records have of the others.
  const limits = { cmdlineBytes: recordBounds.ARGV_MAX_BYTES };
  const procfs = config.procfs ?? new RealProcfs({ limits });
  const native = yield* Effect.tryPromise({
    try: () => {
      expectDescriptors(samplesCpus(needs.sources), procfs);
      expectTasks();
      return openNative();
    },
    catch: toWaggleError,
  });
  sendStderrBy((fd, bytes) => sendNow(native, fd, bytes));
  const namespace = yield* Effect.try({
    try: () => namespaceFor(procfs, needs),
    catch: toWaggleError,
  });
  const sources = yield* Effect.acquireRelease(
    Effect.sync(() => new LoadedSources(native, sourcesOptions(config, namespace))),
    (loaded) => Effect.sync(() => loaded.close()),
  );
  const followed = yield* Effect.promise(() => prepareSource(FOLLOWED_CGROUPS));
  yield* Effect.tryPromise({
    try: async () => {
      using _types = native.holdKernelTypes();
      const lifecycle = lifecycleOf(config);
      const prepared = await prepareSource(lifecycle);
      const { objectPath: object = prepared.object } = config;
      sources.load({ source: lifecycle, object });
      if (config.cgroups !== undefined && config.cgroups.length > 0) sources.load(followed);
      await sources.loadAll(wantedSources(needs));
    },
    catch: toWaggleError,
  });
  const ring = yield* Effect.acquireRelease(
    Effect.try({
      try: () => openEventRing(native, sources),
      catch: toWaggleError,
    }),
    (opened) => Effect.sync(() => opened.close()),
  );
  const settings = new KernelSettings(sources);
  const cgroups = new FollowedCgroups(() => sources.load(followed));
  const filter = new SessionFilter(cgroups, settings, procfs, namespace, needs.events, {
    execDetail: config.execDetail ?? true,
    environ: config.environ ?? false,
  });
  const begin = () =>
    Effect.try({
      try: () => {
        settings.setLifecycleTracking(config.trackProcessLifecycle ?? needs.events.length > 0);
        filter.set(config);
        if (config.rateLimit !== undefined) filter.setRateLimit(config.rateLimit);
      },
      catch: toWaggleError,
    });
  return { native, sources, ring, settings, procfs, filter, begin };
});

/** Always loaded: descendants are kept by fork and exec, and taken out by exit, and `setTarget` may come. */
function lifecycleOf({ execDetail = true, launcher }: SessionConfig): typeof LIFECYCLE {
  const source = launcher === undefined ? LIFECYCLE : LIFECYCLE_OF_COMMAND;
  return execDetail ? source : { ...source, settings: { exec_detail: false } };
}

function wantedSources({ events, sources }: SessionNeeds): Source[] {
  return [...(events.includes('failed-exec') ? [FAILED_EXECS] : []), ...sources];
}

function sourcesOptions(config: SessionConfig, pidNamespace: PidNamespace) {
  const { ringBytes = DEFAULT_RING_BYTES, trackedProcesses, withoutMethods } = config;
  return {
    pidNamespace,
    sharedMapEntries: sharedMapEntries({ ringBytes, trackedProcesses }),
    withoutMethods,
  };
}

/** Pids are those of the session's procfs. Samples need the files of our own /proc, too. */
function namespaceFor(procfs: Procfs, { sources }: SessionNeeds): PidNamespace {
  const root = procfs instanceof RealProcfs ? procfs.root : undefined;
  const namespace = pidNamespaceOf(root);
  if (namespace.isOuter && samplesCpus(sources))
    throw new ForeignProcfs({
      message:
        `${root} belongs to a PID namespace around waggle's own, and a profiler needs both to be the ` +
        'same: run it in that namespace (`docker run --pid=host`).',
    });
  return namespace;
}
