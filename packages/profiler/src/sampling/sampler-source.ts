/**
 * The sampler's BPF: which of its two programs is loaded, and how large its maps are. Declared by whoever
 * brings the profiler into a session; what was loaded goes to `CpuProfiler`.
 */

import { cpuSampler, defineSource, type Source } from '@waggle/bpf';
import { possibleCpus } from '@waggle/ffi';

/**
 * `fp`: by frame pointers, in the kernel's way. `dwarf`: by call frame information, and by frame
 * pointers where there is none. `auto`: `dwarf` where the kernel can (6.1), `fp` elsewhere.
 */
export type UnwindMode = 'fp' | 'dwarf' | 'auto';

export interface SamplerOptions {
  /** Distinct stacks that each of the two counting maps has room for. */
  readonly entries: number;
  /** Samples CPUs that have nothing to do as well. */
  readonly idle?: boolean | undefined;
  /** Only maps, for other sources: nothing is sampled by the CPUs' clocks. */
  readonly mapsOnly?: boolean | undefined;
  /** Tables can be loaded before their programs run: `CpuProfiler.preload`. */
  readonly preloads?: boolean | undefined;
  /** How frames of user space are found. */
  readonly unwind: UnwindMode;
  /** Images may turn out to be unwanted: `ProfilerConfig.where`. Default: no. */
  readonly leavesOut?: boolean | undefined;
  /** Frames of interpreters are walked. Default: yes. */
  readonly interpreters?: boolean | undefined;
  /**
   * Bytes of the ring for stacks that userspace walks: a power of two and a multiple of the page
   * size. Default 8 MiB.
   */
  readonly deferredBytes?: number | undefined;
}

export type SamplerSource = Source<typeof cpuSampler>;

/** What the program for perf events is loaded for. */
export const SAMPLE_HOOK = 'sample';

/** What the program is loaded for that says how the kernel knows a file. */
export const IDENTIFY_HOOK = 'identify';

const BY_TABLES = 'sample';
const BY_FRAME_POINTERS = 'sample_by_frame_pointers';
/** A page of any architecture. */
const SMALLEST_RING = 65_536;
const NO_INTERPRETERS = {
  known_code: 1,
  interpreted_spaces: 1,
  generating_spaces: 1,
  hotspot_images: 1,
  code_names: SMALLEST_RING,
} as const;

/** The sampler as a source. It makes the maps that every source of stacks counts in. */
export function samplerSource(options: SamplerOptions): SamplerSource {
  const { unwind, mapsOnly = false, preloads = false } = options;
  if (unwind === 'fp') return byFramePointers(options);
  return defineSource(cpuSampler, {
    hooks: {
      ...(mapsOnly ? {} : { [SAMPLE_HOOK]: [BY_TABLES] as const }),
      ...(preloads ? { [IDENTIFY_HOOK]: ['identify_mapped'] as const } : {}),
    },
    required: mapsOnly ? [] : [SAMPLE_HOOK],
    settings: settingsOf(options),
    mapEntries: {
      ...countingMaps(options),
      ...(options.interpreters === false ? NO_INTERPRETERS : {}),
      deferred_scratch: possibleCpus(),
      ...(options.deferredBytes === undefined ? {} : { deferred_samples: options.deferredBytes }),
    },
    orElse: unwind === 'auto' ? byFramePointers(options) : undefined,
  });
}

/** Programs name the maps of tables, so these must exist; what is not used takes one entry. */
function byFramePointers(options: SamplerOptions): SamplerSource {
  return defineSource(cpuSampler, {
    ...(options.mapsOnly === true
      ? { hooks: {} }
      : { hooks: { [SAMPLE_HOOK]: [BY_FRAME_POINTERS] } }),
    required: options.mapsOnly === true ? [] : [SAMPLE_HOOK],
    settings: settingsOf(options),
    mapEntries: {
      ...countingMaps(options),
      deferred_samples: SMALLEST_RING,
      unwind_tables: 1,
      unwind_objects: 1,
      described_code: 1,
      ...NO_INTERPRETERS,
    },
  });
}

/** Whether a loaded sampler walks by tables; false also when `auto` had to do without. */
export function unwindsByTables({ hooks }: Source): boolean {
  return hooks[SAMPLE_HOOK]?.includes(BY_TABLES) === true;
}

function settingsOf({ idle = false }: SamplerOptions) {
  return { sample_idle: idle };
}

function countingMaps({ entries, leavesOut = false }: SamplerOptions) {
  return { samples_a: entries, samples_b: entries, ...(leavesOut ? {} : { unwanted_images: 1 }) };
}
