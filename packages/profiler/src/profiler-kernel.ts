// What the engine wants of the kernel, and all that it knows of it: whoever loads the sampler hands this
// over, and the engine reads its maps, attaches its program to each CPU, and closes what it opened itself.

import type { Procfs } from '@waggle/cache';
import type { BpfObject, Native } from '@waggle/ffi';

/** The CPU sampler as it was loaded. It stays loaded until the profiler is closed. */
export interface LoadedSampler {
  /** Has the maps and the program. Not closed by the profiler. */
  readonly object: Pick<BpfObject, 'map' | 'program'>;
  /** The program to attach to a perf event of each CPU. */
  readonly sampler: string;
  /** It walks user stacks by unwind tables, which the profiler then loads as they are needed. */
  readonly unwindsByTables: boolean;
}

export interface ProfilerKernel {
  readonly native: Native;
  readonly programs: LoadedSampler;
  readonly procfs: Procfs;
}
