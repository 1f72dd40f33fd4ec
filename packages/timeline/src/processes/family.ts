/**
 * Who is whose child, as a forest of numbers: parents before their children, siblings by their start. A
 * recording may say anything, so a circle of parents is cut where it is found.
 */

import type { ProcessHistory, ProcessRecord } from './history.ts';

/** Nanoseconds before the first event that are still shown. */
const BEFORE_NS = 1e9;
/** Of a command that was traced: it may have waited for a CPU, or for its program to be read from a disk. */
const COMMAND_BEFORE_NS = 60e9;
/** Processes that may have begun before it: the first ones that are heard of. */
const LOOKED_AT = 1000;

export interface Family {
  /** Parents before children, siblings by their start. */
  readonly processes: readonly ProcessRecord[];
  /** By the place in `processes`; -1 for none. */
  readonly parent: Int32Array;
  /** Nanoseconds since the beginning of the recording, at most a second before it. */
  readonly start: Float64Array;
  /** Its own; of those that still ran, the end of the recording. */
  readonly end: Float64Array;
  readonly children: readonly (readonly number[])[];
}

export function familyOf(history: ProcessHistory): Family {
  const keys = [...history.processes.keys()];
  const all = [...history.processes.values()];
  const begun = all.map((process) => history.startOf(process));
  // A command is started a moment before its first event; what ran long before has its beginning cut off.
  const earliest = Math.min(
    0,
    ...begun
      .filter((at, index) => {
        const process = all[index];
        // Its exec is the first that happens.
        const isCommand = process?.images[0]?.at === 0;
        return process?.isRecorded && at >= -(isCommand ? COMMAND_BEFORE_NS : BEFORE_NS);
      })
      .slice(0, LOOKED_AT),
  );
  const startOf = begun.map((at) => Math.max(earliest, at));
  const numbers = new Map(keys.map((key, index) => [key, index]));
  const below: number[][] = all.map(() => []);
  const roots: number[] = [];
  for (const [index, { parent }] of all.entries()) {
    const above = parent === undefined ? undefined : numbers.get(parent);
    if (above === undefined || above === index) roots.push(index);
    else below[above]?.push(index);
  }
  const byStart = (a: number, b: number) => (startOf[a] ?? 0) - (startOf[b] ?? 0) || a - b;
  for (const list of below) list.sort(byStart);
  roots.sort(byStart);

  // The order, without recursion: a chain of parents may be as long as the recording.
  const place = new Int32Array(all.length).fill(-1);
  const order: number[] = [];
  const walk = (root: number): void => {
    const open = [root];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (place[index] !== -1) continue;
      place[index] = order.length;
      order.push(index);
      for (const child of [...(below[index] ?? [])].reverse())
        if (place[child] === -1) open.push(child);
    }
  };
  for (const root of roots) walk(root);
  // What is left is in circles, or below one.
  for (let index = 0; index < all.length; index++) if (place[index] === -1) walk(index);

  const parent = new Int32Array(order.length).fill(-1);
  const children: number[][] = order.map(() => []);
  const start = new Float64Array(order.length);
  const end = new Float64Array(order.length);
  for (const [at, index] of order.entries()) {
    const process = all[index] as ProcessRecord;
    start[at] = startOf[index] ?? 0;
    end[at] = Math.max(start[at] as number, process.end?.at ?? history.lastAt);
    const key = process.parent;
    const above = key === undefined ? undefined : numbers.get(key);
    const aboveAt = above === undefined ? -1 : (place[above] ?? -1);
    // Its parent comes before it, unless this is where a circle was cut.
    if (aboveAt < 0 || aboveAt >= at) continue;
    parent[at] = aboveAt;
    children[aboveAt]?.push(at);
  }
  return {
    processes: order.map((index) => all[index] as ProcessRecord),
    parent,
    start,
    end,
    children,
  };
}
