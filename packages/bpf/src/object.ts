// Where the built objects are and what is in them, as data: the programs with their hooks and
// fallbacks, the maps by name. Nothing here touches the kernel.

import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Architectures that an object is built for, by Node's name for them. */
const FOLDER: Readonly<Record<string, 'x86_64' | 'aarch64'>> = { x64: 'x86_64', arm64: 'aarch64' };

/** @throws RangeError for an architecture that has no object. */
export function objectPath(architecture: string = process.arch): string {
  // src/ and the bundled dist/ are both one folder below the package's root.
  const file = `../dist/${folderOf(architecture)}/waggle.bpf.o`;
  return fileURLToPath(new URL(file, import.meta.url));
}

function folderOf(architecture: string): 'x86_64' | 'aarch64' {
  const folder = FOLDER[architecture];
  if (folder === undefined)
    throw new RangeError(`waggle has no BPF object for the architecture ${architecture}`);
  return folder;
}

/**
 * The object's file, or its bytes where a bundler took the code elsewhere and left the file behind
 * (`bun build`, with --compile too). @throws RangeError for an architecture that has no object.
 */
export async function builtObject(
  architecture: string = process.arch,
): Promise<string | Uint8Array> {
  const path = objectPath(architecture);
  if (existsSync(path)) return path;
  const [{ embedded }, { gunzipSync }] = await Promise.all([
    import('./generated/embedded-objects.ts'),
    import('node:zlib'),
  ]);
  return gunzipSync(Buffer.from(embedded[folderOf(architecture)], 'base64'));
}

export type LifecycleHook = 'fork' | 'exec' | 'exit';

/** All that records are made at. `failed-exec` costs every system call of the host a little. */
export type KernelHook = LifecycleHook | 'failed-exec';

/**
 * What a session attaches to. Those that make no events: `signal` tells who got a signal, the others keep
 * cgroups followed that are made again.
 */
export type ProgramHook = KernelHook | 'signal' | 'cgroup-mkdir' | 'cgroup-rmdir';

/** Best first. `tracepoint` needs tracefs, the others need nothing. */
export type AttachMethod = 'tp_btf' | 'raw_tp' | 'tracepoint';

/** How a handler may be attached; tried in this order. */
export interface ProgramVariant {
  readonly program: string;
  readonly method: AttachMethod;
}

export const LIFECYCLE_PROGRAMS: Readonly<Record<LifecycleHook, readonly ProgramVariant[]>> = {
  fork: [
    { program: 'handle_fork', method: 'tp_btf' },
    { program: 'handle_fork_raw', method: 'raw_tp' },
    { program: 'handle_fork_tracepoint', method: 'tracepoint' },
  ],
  exec: [
    { program: 'handle_exec', method: 'tp_btf' },
    { program: 'handle_exec_raw', method: 'raw_tp' },
    { program: 'handle_exec_tracepoint', method: 'tracepoint' },
  ],
  exit: [
    { program: 'handle_exit', method: 'tp_btf' },
    { program: 'handle_exit_raw', method: 'raw_tp' },
    { program: 'handle_exit_tracepoint', method: 'tracepoint' },
  ],
};

export const KERNEL_PROGRAMS: Readonly<Record<ProgramHook, readonly ProgramVariant[]>> = {
  ...LIFECYCLE_PROGRAMS,
  'failed-exec': [
    { program: 'handle_exec_failed', method: 'tp_btf' },
    { program: 'handle_exec_failed_at_once', method: 'tp_btf' },
    { program: 'handle_exec_failed_raw', method: 'raw_tp' },
  ],
  signal: [
    { program: 'handle_signal', method: 'tp_btf' },
    { program: 'handle_signal_raw', method: 'raw_tp' },
  ],
  'cgroup-mkdir': [
    { program: 'handle_cgroup_mkdir', method: 'tp_btf' },
    { program: 'handle_cgroup_mkdir_raw', method: 'raw_tp' },
  ],
  'cgroup-rmdir': [
    { program: 'handle_cgroup_rmdir', method: 'tp_btf' },
    { program: 'handle_cgroup_rmdir_raw', method: 'raw_tp' },
  ],
};

/** The sampler, by how it finds the frames of user space: tables need Linux 6.1. */
export const SAMPLE_PROGRAMS = {
  tables: 'sample',
  framePointers: 'sample_by_frame_pointers',
} as const;

export const MAPS = {
  events: 'process_events',
  lifecycleTracking: 'lifecycle_tracking_map',
  filterSettings: 'filter_settings',
  trackedProcesses: 'tracked_processes',
  followedCgroups: 'followed_cgroups',
  followedSteps: 'followed_steps',
  kin: 'kin',
  kinNoted: 'kin_noted',
  eventCounters: 'event_counters',
  toldCgroups: 'told_cgroups',
  signalTimes: 'signal_times',
  rateBuckets: 'rate_buckets',
  limitedProcesses: 'limited_processes',
  samples: ['samples_a', 'samples_b'],
  activeSamples: 'active_samples',
  sampleScratch: 'sample_scratch',
  sampleCounters: 'sample_counters',
  unwindTables: 'unwind_tables',
  unwindObjects: 'unwind_objects',
  describedCode: 'described_code',
  deferredSamples: 'deferred_samples',
  deferredScratch: 'deferred_scratch',
} as const;
