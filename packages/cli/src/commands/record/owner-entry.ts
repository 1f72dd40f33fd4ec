/** What the process cache knows of whom a stack is of. */

import type { ProcessEntry, ProcessMetadataCache } from '@waggle/cache';
import type { SampledProcess } from '@waggle/profiler';

/** @param processes known when the first stack is asked about. */
export type Processes = () => ProcessMetadataCache | undefined;

export function entryOf(
  { pid, identity }: SampledProcess,
  processes: Processes,
): ProcessEntry | undefined {
  const cache = processes();
  const known = cache?.getByIdentity(identity);
  if (known !== undefined) return known;
  // Before the first look at it, perhaps; by now the pid may be another's.
  const { startBoottimeNs } = identity;
  cache?.getOrLoad(pid);
  return cache?.getByIdentity({ pid, startBoottimeNs });
}
