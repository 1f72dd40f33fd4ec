/**
 * What the engine wants of the kernel, and all that it knows of it: whoever loads the sampler hands this
 * over, and the engine reads its maps, attaches its program to each CPU, and closes what it opened itself.
 */

import type { cpuSampler, MapOf } from '@waggle/bpf';
import type { Procfs } from '@waggle/cache';
import type { BpfMap, BpfProgram, Native } from '@waggle/ffi';

/** A map of the sampler's, by its name in C. */
export type SamplerMaps = (name: MapOf<typeof cpuSampler>) => BpfMap;

/** The CPU sampler as it was loaded. It stays loaded until the profiler is closed, which does not close it. */
export interface LoadedSampler {
  readonly map: SamplerMaps;
  /** To attach to the clock of each CPU; undefined where only other sources count. */
  readonly program: BpfProgram | undefined;
  /** It walks user stacks by unwind tables, which the profiler then loads as they are needed. */
  readonly unwindsByTables: boolean;
}

/** What finds out how the kernel knows a file: cpu_sampler.bpf.c, identify_mapped. */
export interface ObjectIdentification {
  readonly program: BpfProgram;
  readonly identified: BpfMap;
}

export interface ProfilerKernel {
  /** How the kernel knows a file, for tables that are loaded ahead; undefined where it cannot be asked. */
  readonly identification?: ObjectIdentification | undefined;
  readonly native: Native;
  readonly sampler: LoadedSampler;
  readonly procfs: Procfs;
}
