// The kernel's side of a session: programs, ring buffer and filter as one scoped resource. When it
// is open, every event that passes the filter is captured; nothing is read until somebody reads.

import { builtObject, type KernelHook, type ProgramHook } from '@waggle/bpf';
import { type Procfs, RealProcfs } from '@waggle/cache';
import { type Native, openNative, RingBuffer } from '@waggle/ffi';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import { ForeignProcfs, type WaggleError } from '../errors/errors.ts';
import { toWaggleError } from '../kernel/from-native.ts';
import {
  type KernelPrograms,
  type KernelProgramsOptions,
  loadKernelPrograms,
  type UnwindMode,
} from '../kernel/kernel-programs.ts';
import { KernelSettings } from '../kernel/kernel-settings.ts';
import { expectDescriptors } from '../kernel/limits.ts';
import { type PidNamespace, pidNamespaceOf } from '../kernel/pid-namespace.ts';
import { expectTasks } from '../kernel/task-limit.ts';
import type { KernelNeeds } from '../plugin/plugin.ts';
import { defineService } from '../plugin/service.ts';
import type { SessionConfig } from './session-config.ts';
import { SessionFilter } from './session-filter.ts';

/** At the rate of a busy build host (10,000 processes a second) room for two seconds. */
export const DEFAULT_RING_BYTES = 8 * 1024 * 1024;

const DEFAULT_DEFERRED_BYTES = 8 * 1024 * 1024;

/** Our object in the kernel, for plugins that read maps or attach programs of their own. */
export interface KernelAccess {
  readonly native: Native;
  readonly programs: KernelPrograms;
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

/** Everything that anyone in the session wants of the kernel. */
export function mergeKernelNeeds(all: readonly KernelNeeds[]): {
  readonly events: readonly KernelHook[];
  readonly sampler: KernelNeeds['sampler'];
} {
  const events = new Set(all.flatMap((needs) => needs.events ?? []));
  const samplers = all.flatMap(({ sampler }) => (sampler === undefined ? [] : [sampler]));
  return {
    events: [...events],
    sampler:
      samplers.length === 0
        ? undefined
        : {
            entries: Math.max(...samplers.map(({ entries }) => entries)),
            idle: samplers.some(({ idle }) => idle === true),
            threads: samplers.some(({ threads }) => threads === true),
            unwind: strictest(samplers.map(({ unwind }) => unwind ?? 'fp')),
            deferredBytes: Math.max(
              ...samplers.map(({ deferredBytes = DEFAULT_DEFERRED_BYTES }) => deferredBytes),
            ),
          },
  };
}

function strictest(modes: readonly UnwindMode[]): UnwindMode {
  if (modes.includes('dwarf')) return 'dwarf';
  return modes.includes('auto') ? 'auto' : 'fp';
}

/** Fails with NotPermitted, NativeUnavailable, KernelRefused or ForeignProcfs; begin() also with NoSuchProcess, BadCgroup. */
export const openKernelCapture = Effect.fnUntraced(function* (
  config: SessionConfig,
  needs: ReturnType<typeof mergeKernelNeeds>,
): Effect.fn.Return<KernelCapture, WaggleError, Scope.Scope> {
  const procfs = config.procfs ?? new RealProcfs();
  const native = yield* Effect.tryPromise({
    try: () => {
      expectDescriptors(needs.sampler !== undefined, procfs);
      expectTasks();
      return openNative();
    },
    catch: toWaggleError,
  });
  const object = yield* Effect.promise(async () => config.objectPath ?? (await builtObject()));
  const namespace = yield* Effect.try({
    try: () => namespaceFor(procfs, needs),
    catch: toWaggleError,
  });
  const programs = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        loadKernelPrograms(native, { ...programOptions(config, needs, namespace), object }),
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
  const filter = new SessionFilter(programs.object, settings, procfs, namespace, needs.events, {
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
  return { native, programs, ring, settings, procfs, filter, begin };
});

/**
 * Descendants are kept by fork and exec, and taken out by exit; cgroups are followed to their next lives.
 * Whatever the first target is: `setTarget` may give another.
 */
const TARGET_HOOKS = ['fork', 'exec', 'exit', 'cgroup-mkdir', 'cgroup-rmdir'] as const;

function programOptions(
  config: SessionConfig,
  needs: ReturnType<typeof mergeKernelNeeds>,
  pidNamespace: PidNamespace,
): KernelProgramsOptions {
  const hooks = new Set<ProgramHook>([...needs.events, ...TARGET_HOOKS]);
  if (config.launcher !== undefined) hooks.add('signal');
  return {
    hooks: [...hooks],
    ringBytes: config.ringBytes ?? DEFAULT_RING_BYTES,
    tracksProcesses: true,
    ...(config.trackedProcesses === undefined ? {} : { trackedEntries: config.trackedProcesses }),
    pidNamespace,
    ...(needs.sampler === undefined ? {} : { sampleEntries: needs.sampler.entries }),
    ...(needs.sampler?.unwind === undefined ? {} : { unwind: needs.sampler.unwind }),
    ...(needs.sampler?.idle === undefined ? {} : { sampleIdle: needs.sampler.idle }),
    ...(needs.sampler?.threads === undefined ? {} : { sampleThreads: needs.sampler.threads }),
    ...(needs.sampler?.deferredBytes === undefined
      ? {}
      : { deferredBytes: needs.sampler.deferredBytes }),
    ...(config.execDetail === undefined ? {} : { execDetail: config.execDetail }),
    ...(config.withoutMethods === undefined ? {} : { without: config.withoutMethods }),
  };
}

/** Pids are those of the session's procfs. Samples need the files of our own /proc, too. */
function namespaceFor(
  procfs: Procfs,
  { sampler }: ReturnType<typeof mergeKernelNeeds>,
): PidNamespace {
  const root = procfs instanceof RealProcfs ? procfs.root : undefined;
  const namespace = pidNamespaceOf(root);
  if (namespace.isOuter && sampler !== undefined)
    throw new ForeignProcfs({
      message:
        `${root} belongs to a PID namespace around waggle's own, and a profiler needs both to be the ` +
        'same: run it in that namespace (`docker run --pid=host`).',
    });
  return namespace;
}
