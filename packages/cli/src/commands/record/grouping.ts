/**
 * `--group-by`: what stands at the root of each stack, so that a flame graph falls into its parts.
 */

import type { SampledProcess } from '@waggle/profiler';
import { entryOf, type Processes } from './owner-entry.ts';

export const GROUPINGS = [
  'comm',
  'process',
  'thread',
  'container',
  'cgroup',
  'module',
  'cpu',
  'state',
] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** As container tools show an id. */
const SHORT_ID = 12;
const NO_CONTAINER = 'host';
/** It ended before anything could be read of it. */
const GONE = '(gone)';

export function rootFramesBy(
  grouping: Grouping,
  processes: Processes,
): (owner: SampledProcess) => readonly string[] {
  switch (grouping) {
    // What it stands on is known by its functions: by-module.ts.
    case 'module':
    case 'comm':
      return ({ comm }) => [comm];
    case 'process':
      return ({ comm, pid }) => [`${comm} (${pid})`];
    case 'thread':
      return ({ comm, pid, threadComm, tid }) => [`${comm} (${pid})`, `${threadComm} (${tid})`];
    case 'state':
      return ({ comm, state }) => [state, comm];
    case 'container':
      return (owner) => {
        const entry = entryOf(owner, processes);
        const container = entry?.containerId?.slice(0, SHORT_ID);
        return [container ?? (entry === undefined ? GONE : NO_CONTAINER), owner.comm];
      };
    case 'cpu':
      return ({ comm, cpu }) => [`CPU ${cpu}`, comm];
    case 'cgroup':
      return (owner) => [entryOf(owner, processes)?.cgroup ?? GONE, owner.comm];
  }
}
