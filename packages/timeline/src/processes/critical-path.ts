/**
 * The critical path: what the end waited for. From the end of a process back, its child that ended last has
 * it until that child began; before that the one that ended last by then; and so on, down to those without
 * children. What is on it, and only that, makes the whole shorter when it gets faster.
 */

import type { Family } from './family.ts';

export interface CriticalPath {
  /** Nanoseconds of each process that are on the path by itself, without its children's. */
  readonly own: Float64Array;
  /** The process whose end is explained; -1 where nothing ran. */
  readonly root: number;
}

export function criticalPath(family: Family): CriticalPath {
  const { start, end, children } = family;
  const own = new Float64Array(start.length);
  const root = mainProcess(family);
  if (root < 0) return { own, root };
  const open: [at: number, until: number][] = [[root, end[root] as number]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [at, until] = next;
    const byEnd = [...(children[at] ?? [])].sort((a, b) => (end[b] as number) - (end[a] as number));
    let time = until;
    for (const child of byEnd) {
      // It goes on after what is explained: its own parent did not wait for it.
      if ((end[child] as number) > time) continue;
      const began = Math.max(start[child] as number, start[at] as number);
      own[at] = (own[at] as number) + time - (end[child] as number);
      open.push([child, end[child] as number]);
      time = began;
    }
    own[at] = (own[at] as number) + Math.max(0, time - (start[at] as number));
  }
  return { own, root };
}

/** The recorded top-level process with the most descendants; the first of equals. */
function mainProcess({ processes, parent, start, end }: Family): number {
  const count = processes.length;
  const size = new Int32Array(count).fill(1);
  for (let at = count - 1; at >= 0; at--) {
    const above = parent[at] as number;
    if (above >= 0) size[above] = (size[above] as number) + (size[at] as number);
  }
  let found = -1;
  for (let at = 0; at < count; at++) {
    const above = parent[at] as number;
    const isTop = above < 0 || processes[above]?.isRecorded === false;
    if (!isTop || processes[at]?.isRecorded !== true) continue;
    const length = (each: number) => (end[each] as number) - (start[each] as number);
    const isLarger =
      found < 0 ||
      (size[at] as number) > (size[found] as number) ||
      (size[at] === size[found] && length(at) > length(found));
    if (isLarger) found = at;
  }
  return found;
}
