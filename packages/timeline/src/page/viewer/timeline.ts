/**
 * The page's data as the script uses it: typed columns, the bars of each lane by time, and how many processes
 * were at work when.
 */

import type { Pause } from '@waggle/text/page/slices';
import { type Column, type PageData, STATE } from '../page-data.ts';
import { type ProgramSum, programsOf } from './programs.ts';

export interface Timeline {
  readonly data: PageData;
  readonly count: number;
  /** Processes with events of their own. */
  readonly recorded: number;
  /** Microseconds, of the last event since the first. */
  readonly duration: number;
  /** Of the first process, 0 or a moment before the first event. */
  readonly began: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly name: Int32Array;
  readonly parent: Int32Array;
  readonly lane: Int32Array;
  readonly state: Uint8Array;
  readonly critical: Float64Array;
  /** By lane: its bars, by their start. */
  readonly lanes: readonly Int32Array[];
  /** Of them those that failed or were killed. */
  readonly failedLanes: readonly Int32Array[];
  /** Where the images, and the failures, of each process begin; one more at the end. */
  readonly imageFrom: Int32Array;
  readonly failureFrom: Int32Array;
  /** Processes at work, without those that wait for a child: from each time on, until the next. */
  readonly work: { readonly at: Float64Array; readonly count: Float64Array; readonly most: number };
  /** By the index of its name. */
  readonly programs: readonly ProgramSum[];
}

/** In parts, since ten thousand processes take a frame each to be put in order. */
export async function timelineOf(data: PageData, pause: Pause): Promise<Timeline> {
  const { processes, images, failures, duration } = data;
  const start = new Float64Array(processes.start);
  const end = start.map((begins, at) => begins + (processes.length[at] ?? 0));
  const count = start.length;
  const lane = new Int32Array(processes.lane);
  const parent = new Int32Array(processes.parent);
  const state = new Uint8Array(processes.state);
  await pause();
  const lanes = await barsByLane(lane, start, pause);
  const failedLanes: Int32Array[] = [];
  for (const bars of lanes) {
    failedLanes.push(
      bars.filter((each) => state[each] === STATE.failed || state[each] === STATE.killed),
    );
    await pause();
  }
  const work = await workOver(state, parent, start, end, pause);
  const programs = await programsOf(data, pause);
  await pause();
  return {
    data,
    count,
    recorded: state.filter((each) => each !== STATE.context).length,
    duration: Math.max(1, duration),
    began: start.reduce((least, each) => Math.min(least, each), 0),
    start,
    end,
    name: new Int32Array(processes.name),
    parent,
    lane,
    state,
    critical: new Float64Array(processes.critical),
    lanes,
    failedLanes,
    imageFrom: rangesOf(images.process, count),
    failureFrom: rangesOf(failures.process, count),
    work,
    programs,
  };
}

async function barsByLane(lane: Int32Array, start: Float64Array, pause: Pause) {
  const lists: number[][] = [];
  for (let at = 0; at < lane.length; at++) {
    const number = lane[at] as number;
    lists[number] ??= [];
    lists[number].push(at);
  }
  const lanes: Int32Array[] = [];
  for (const list of lists) {
    await pause();
    lanes.push(await inOrder(Int32Array.from(list ?? []), start, pause));
  }
  return lanes;
}

/** Places that are sorted at once; more are merged. */
const RUN = 1024;

/** Places by their times; of one time by their number. */
export async function inOrder(
  places: Int32Array,
  times: Float64Array,
  pause: Pause,
): Promise<Int32Array> {
  const compare = (a: number, b: number): number =>
    (times[a] as number) - (times[b] as number) || a - b;
  let from = places;
  for (let at = 0; at < from.length; at += RUN) {
    from.subarray(at, at + RUN).sort(compare);
    await pause();
  }
  let to: Int32Array = new Int32Array(from.length);
  for (let length = RUN; length < from.length; length *= 2) {
    for (let at = 0; at < from.length; at += 2 * length) {
      merge(from, to, at, Math.min(at + length, from.length), length, compare);
      await pause();
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Two neighbours, each in order, as one. */
function merge(
  from: Int32Array,
  to: Int32Array,
  left: number,
  middle: number,
  length: number,
  compare: (a: number, b: number) => number,
): void {
  const end = Math.min(middle + length, from.length);
  let [one, other] = [left, middle];
  for (let place = left; place < end; place++) {
    const isOne =
      one < middle && (other >= end || compare(from[one] as number, from[other] as number) <= 0);
    to[place] = from[isOne ? one++ : other++] as number;
  }
}

/** They are in the order of their processes. */
function rangesOf(process: Column, count: number): Int32Array {
  const from = new Int32Array(count + 1);
  for (let at = 0; at < process.length; at++) {
    const next = (process[at] as number) + 1;
    from[next] = (from[next] as number) + 1;
  }
  for (let at = 0; at < count; at++) from[at + 1] = (from[at + 1] as number) + (from[at] as number);
  return from;
}

/** Changes between two looks at the clock. */
const AT_ONCE = 256;

async function workOver(
  state: Uint8Array,
  parent: Int32Array,
  start: Float64Array,
  end: Float64Array,
  pause: Pause,
): Promise<Timeline['work']> {
  const recorded = Int32Array.from(start.keys()).filter((at) => state[at] !== STATE.context);
  const starts = await inOrder(recorded.slice(), start, pause);
  const ends = await inOrder(recorded, end, pause);
  /** Of each process: children that run, and itself. */
  const running = new Int32Array(start.length);
  const isThere = new Uint8Array(start.length);
  const at: number[] = [];
  const counts: number[] = [];
  let working = 0;
  let most = 0;
  const change = (each: number, by: 1 | -1): void => {
    if (by === 1) isThere[each] = 1;
    if (running[each] === 0) working += by;
    if (by === -1) isThere[each] = 0;
    const above = parent[each] as number;
    if (above < 0) return;
    const before = running[above] as number;
    running[above] = before + by;
    if (isThere[above] === 0) return;
    if (before === 0 && by === 1) working--;
    else if (before === 1 && by === -1) working++;
  };
  for (let [from, to] = [0, 0]; to < ends.length; ) {
    const begins =
      from < starts.length ? (start[starts[from] as number] as number) : Number.POSITIVE_INFINITY;
    const finishes = end[ends[to] as number] as number;
    // Who ends when another begins has ended: one took the other's place. Not before it began, though.
    const isEnd =
      from >= starts.length || (finishes <= begins && isThere[ends[to] as number] === 1);
    if (isEnd) change(ends[to++] as number, -1);
    else change(starts[from++] as number, 1);
    if ((from + to) % AT_ONCE === 0) await pause();
    const now = isEnd ? finishes : begins;
    if (at.at(-1) === now) counts[counts.length - 1] = working;
    else {
      at.push(now);
      counts.push(working);
    }
  }
  for (const each of counts) if (each > most) most = each;
  return { at: Float64Array.from(at), count: Float64Array.from(counts), most };
}
