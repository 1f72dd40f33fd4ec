/**
 * Where each bar is drawn: children below their parent, and side by side in one lane where they ran one after
 * the other, so that a build of many thousand processes is as high as it is parallel and deep.
 */

import type { Family } from './family.ts';

/** Lanes that are looked at for a free place; beyond them a new one is begun. */
const LOOKED_AT = 256;
/** Generations that are drawn below each other; those after them begin anew at the top. */
const DEEPEST = 512;

/** The lane of each process, from 0 on. */
export function lanesOf({ parent, start, end, children }: Family): Int32Array {
  const count = parent.length;
  const below = new Int32Array(count);
  const height = new Int32Array(count).fill(1);
  const last = Float64Array.from(end);
  const depth = new Int32Array(count);
  const tops: number[] = [];
  for (let at = 0; at < count; at++) {
    const above = parent[at] as number;
    depth[at] = above < 0 ? 0 : ((depth[above] as number) + 1) % DEEPEST;
    if (depth[at] === 0) tops.push(at);
  }
  // From the last to the first: children come behind their parents.
  for (let at = count - 1; at >= 0; at--) {
    const list = (children[at] ?? []).filter((child) => depth[child] !== 0);
    for (const child of list) last[at] = Math.max(last[at] as number, last[child] as number);
    height[at] = 1 + pack(list, start, last, height, below, 1);
  }
  tops.sort((a, b) => (start[a] as number) - (start[b] as number) || a - b);
  pack(tops, start, last, height, below, 0);
  const lane = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    const above = depth[at] === 0 ? 0 : (lane[parent[at] as number] as number);
    lane[at] = (below[at] as number) + above;
  }
  return lane;
}

/** Places these below each other; how many lanes they take. */
function pack(
  list: readonly number[],
  start: Float64Array,
  last: Float64Array,
  height: Int32Array,
  below: Int32Array,
  first: number,
): number {
  /** When each lane is free again. */
  const free: number[] = [];
  for (const each of list) {
    const high = height[each] as number;
    const begins = start[each] as number;
    let at = 0;
    let fits = 0;
    const end = Math.min(free.length, LOOKED_AT);
    while (fits < high && at + fits < end) {
      if ((free[at + fits] as number) <= begins) fits++;
      else {
        at += fits + 1;
        fits = 0;
      }
    }
    // A new lane below all others, unless the last ones that were looked at are free.
    if (fits < high && at + fits < free.length) at = free.length;
    for (let lane = at; lane < at + high; lane++) free[lane] = last[each] as number;
    below[each] = first + at;
  }
  return free.length;
}
