/**
 * `--group-by`: what stands at the root of each stack, so that a flame graph falls into its parts.
 */

import type { ProcessMetadataCache } from '@waggle/cache';
import type { SampledProcess } from '@waggle/profiler';

export const GROUPINGS = ['comm', 'process', 'thread', 'container', 'cgroup'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** As container tools show an id. */
const SHORT_ID = 12;
const NO_CONTAINER = 'host';
/** It ended before anything could be read of it. */
const GONE = '(gone)';

/** @param processes known when the first stack is asked about. */
export function rootFramesBy(
  grouping: Grouping,
  processes: () => ProcessMetadataCache | undefined,
): (owner: SampledProcess) => readonly string[] {
  const entryOf = ({ pid, identity }: SampledProcess) => {
    const cache = processes();
    const known = cache?.getByIdentity(identity);
    if (known !== undefined) return known;
    // Before the first look at it, perhaps; by now the pid may be another's.
    const { startBoottimeNs } = identity;
    cache?.getOrLoad(pid);
    return cache?.getByIdentity({ pid, startBoottimeNs });
  };
  switch (grouping) {
    case 'comm':
      return ({ comm }) => [comm];
    case 'process':
      return ({ comm, pid }) => [`${comm} (${pid})`];
    case 'thread':
      return ({ comm, pid, threadComm, tid }) => [`${comm} (${pid})`, `${threadComm} (${tid})`];
    case 'container':
      return (owner) => {
        const entry = entryOf(owner);
        const container = entry?.containerId?.slice(0, SHORT_ID);
        return [container ?? (entry === undefined ? GONE : NO_CONTAINER), owner.comm];
      };
    case 'cgroup':
      return (owner) => [entryOf(owner)?.cgroup ?? GONE, owner.comm];
  }
}
