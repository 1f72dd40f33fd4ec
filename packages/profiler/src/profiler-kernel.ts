// What the engine wants of the kernel, and all that it knows of it: whoever loads the sampler hands this
// over, and the engine reads its maps, attaches its program to each CPU, and closes what it opened itself.

import type { cpuSampler, MapOf } from '@waggle/bpf';
import type { Procfs } from '@waggle/cache';
import type { BpfMap, BpfProgram, Native } from '@waggle/ffi';

/** A map of the sampler's, by its name in C. */
export type SamplerMaps = (name: MapOf<typeof cpuSampler>) => BpfMap;

/** The CPU sampler as it was loaded. It stays loaded until the profiler is closed, which does not close it. */
export interface LoadedSampler {
  readonly map: SamplerMaps;
  /** To attach to a perf event of each CPU. */
  readonly program: BpfProgram;
  /** It walks user stacks by unwind tables, which the profiler then loads as they are needed. */
  readonly unwindsByTables: boolean;
}

export interface ProfilerKernel {
  readonly native: Native;
  readonly sampler: LoadedSampler;
  readonly procfs: Procfs;
}
