/**
 * Stacks as small numbers: a stack is a path from its root, and paths that begin alike share their beginnings, as
 * do those of different processes. So a slice of samples is three numbers a stack, and thousands of short programs
 * that do the same take no more than one. What no slice has any longer is let go.
 */

import type { ProfileFrame, ProfileStack } from '@waggle/formats';

/** One collection: whose stacks, which, and how often each. */
export interface Slice {
  /** When it ended, by Date.now(). */
  readonly until: number;
  readonly pids: Uint32Array;
  readonly paths: Uint32Array;
  readonly counts: Float64Array;
  /** Which of them are in the tree that is shown, as 1: asked when they were added to it. */
  readonly shown: Uint8Array;
  /** Where source lines are known: in which its samples were taken, beside the function that they are of. */
  readonly lines: readonly SampledLine[];
}

/** A line of a source file that ran. */
export interface SampledLine {
  /** Of the process that ran it. */
  readonly pid: number;
  /** The function's id. */
  readonly frame: number;
  /** `file:line` */
  readonly place: string;
  readonly count: number;
}

/** Of one process a path. */
type Pair = number;
const PATHS = 2 ** 24;
const pairOf = (pid: number, path: number): Pair => pid * PATHS + path;

const NO_LINES: readonly SampledLine[] = [];
const FIRST_PATHS = 1024;

/** The path of no frames, which all begin with. */
const ROOT_PATH = 0;

export class StackTable {
  #frameIds = new FrameIds();
  #frames: ProfileFrame[] = [];
  /** Ids by a hash of the path before and the last frame, 0 where there is none; at least half of them are 0. */
  #slots = new Uint32Array(2 * FIRST_PATHS);
  #parents = new Uint32Array(FIRST_PATHS);
  #lasts = new Uint32Array(FIRST_PATHS);
  #pathCount = 1;

  get pathCount(): number {
    return this.#pathCount;
  }

  frame(id: number): ProfileFrame {
    const frame = this.#frames[id];
    if (frame === undefined) throw new RangeError(`there is no frame ${id}`);
    return frame;
  }

  /** Ids of a path's frames, root first: the process's name, then functions. */
  framesOf(path: number): number[] {
    const frames: number[] = [];
    for (let at = path; at !== ROOT_PATH; at = this.#parents[at] as number)
      frames.push(this.#lasts[at] as number);
    return frames.reverse();
  }

  /** The last frame of a path; undefined for the one that has none. */
  leafOf(path: number): number | undefined {
    return path === ROOT_PATH ? undefined : this.#lasts[path];
  }

  /** @param stacks the first frame of each is named by its process's pid */
  slice(stacks: readonly ProfileStack[], until: number): Slice {
    const sums = new Map<Pair, number>();
    const lines = new Map<string, SampledLine>();
    for (const { frames, count } of stacks) {
      const pair = pairOf(Number(frames[0]?.name), this.#pathOf(frames));
      sums.set(pair, (sums.get(pair) ?? 0) + count);
      this.#addLine(lines, frames, count);
    }
    return sliceOf(sums, until, lines.size === 0 ? NO_LINES : [...lines.values()]);
  }

  /** The same slices by the numbers of a table that has nothing else. */
  compact(slices: readonly Slice[]): Slice[] {
    const frames = this.#frames;
    const parents = this.#parents;
    const lasts = this.#lasts;
    const renumbered = new Uint32Array(this.#pathCount);
    this.#frameIds = new FrameIds();
    this.#frames = [];
    this.#slots = new Uint32Array(2 * FIRST_PATHS);
    this.#parents = new Uint32Array(FIRST_PATHS);
    this.#lasts = new Uint32Array(FIRST_PATHS);
    this.#pathCount = 1;
    const frameOf = (id: number): number => this.#frameId(frames[id] as ProfileFrame);
    const adopt = (path: number): number => {
      if (path === ROOT_PATH) return ROOT_PATH;
      let known = renumbered[path] as number;
      if (known === 0) {
        known = this.#longer(adopt(parents[path] as number), frameOf(lasts[path] as number));
        renumbered[path] = known;
      }
      return known;
    };
    return slices.map((slice) => ({
      ...slice,
      paths: slice.paths.map(adopt),
      lines: slice.lines.map((line) => ({ ...line, frame: frameOf(line.frame) })),
    }));
  }

  /** Of the function at the end of a stack. */
  #addLine(lines: Map<string, SampledLine>, frames: readonly ProfileFrame[], count: number): void {
    const leaf = frames.at(-1);
    if (leaf?.file === undefined || leaf.line === undefined) return;
    const pid = Number(frames[0]?.name);
    const frame = this.#frameId(leaf);
    const place = `${leaf.file}:${leaf.line}`;
    const key = `${pid}:${frame}:${place}`;
    const before = lines.get(key)?.count ?? 0;
    lines.set(key, { pid, frame, place, count: before + count });
  }

  /** Behind the pid. */
  #pathOf(frames: readonly ProfileFrame[]): number {
    let path = ROOT_PATH;
    for (let index = 1; index < frames.length; index++)
      path = this.#longer(path, this.#frameId(frames[index] as ProfileFrame));
    return path;
  }

  #longer(path: number, frame: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(path, frame) & mask;
    for (let id = this.#slots[slot]; id !== ROOT_PATH; id = this.#slots[slot]) {
      if (this.#parents[id as number] === path && this.#lasts[id as number] === frame)
        return id as number;
      slot = (slot + 1) & mask;
    }
    const id = this.#pathCount++;
    if (id >= this.#parents.length) {
      this.#parents = twice(this.#parents);
      this.#lasts = twice(this.#lasts);
    }
    this.#parents[id] = path;
    this.#lasts[id] = frame;
    this.#slots[slot] = id;
    if (2 * this.#pathCount > this.#slots.length) this.#spread();
    return id;
  }

  /** Over twice as many slots. */
  #spread(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let id = 1; id < this.#pathCount; id++) {
      let slot = hashOf(this.#parents[id] as number, this.#lasts[id] as number) & mask;
      while (slots[slot] !== ROOT_PATH) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.#slots = slots;
  }

  #frameId({ name, kind, object }: ProfileFrame): number {
    const of = this.#frameIds.of(kind, object);
    const known = of.byName.get(name);
    if (known !== undefined) return known;
    const frame = of.object === undefined ? { name, kind } : { name, kind, object: of.object };
    const id = this.#frames.push(frame) - 1;
    of.byName.set(name, id);
    return id;
  }
}

/** Functions of one kind and object by their names. */
interface FramesOfObject {
  /** One string for all of them. */
  readonly object: string | undefined;
  readonly byName: Map<string, number>;
}

/** Ids of frames. A text of all that makes a frame would be longer than what it is the key of. */
class FrameIds {
  readonly #byKind = new Map<ProfileFrame['kind'], Map<string | undefined, FramesOfObject>>();

  of(kind: ProfileFrame['kind'], object: string | undefined): FramesOfObject {
    let byObject = this.#byKind.get(kind);
    if (byObject === undefined) {
      byObject = new Map();
      this.#byKind.set(kind, byObject);
    }
    let found = byObject.get(object);
    if (found === undefined) {
      found = { object, byName: new Map() };
      byObject.set(object, found);
    }
    return found;
  }
}

/** Nobody's: of processes that ended long ago. */
const NOBODY = 0;

/**
 * Several slices as one.
 *
 * @param most so many stacks have their process; those with fewer samples are nobody's where there are more
 */
export function mergedSlices(
  slices: readonly Slice[],
  lines: readonly SampledLine[],
  most: number,
): Slice {
  let sums = new Map<Pair, number>();
  const shown = new Set<Pair>();
  for (const slice of slices)
    slice.paths.forEach((path, index) => {
      const pair = pairOf(slice.pids[index] as number, path);
      sums.set(pair, (sums.get(pair) ?? 0) + (slice.counts[index] as number));
      if (slice.shown[index] === 1) shown.add(pair);
    });
  if (sums.size > most) {
    const folded = new Map<Pair, number>();
    const ordered = [...sums].sort((a, b) => b[1] - a[1]);
    ordered.forEach(([pair, count], index) => {
      const kept = index < most / 2 ? pair : pairOf(NOBODY, pair % PATHS);
      folded.set(kept, (folded.get(kept) ?? 0) + count);
      if (shown.has(pair)) shown.add(kept);
    });
    sums = folded;
  }
  const merged = sliceOf(sums, slices.at(-1)?.until ?? 0, lines);
  let index = 0;
  for (const pair of sums.keys()) merged.shown[index++] = shown.has(pair) ? 1 : 0;
  return merged;
}

function sliceOf(
  sums: ReadonlyMap<Pair, number>,
  until: number,
  lines: readonly SampledLine[],
): Slice {
  const { size } = sums;
  const pids = new Uint32Array(size);
  const paths = new Uint32Array(size);
  const counts = new Float64Array(size);
  let index = 0;
  for (const [pair, count] of sums) {
    pids[index] = Math.floor(pair / PATHS);
    paths[index] = pair % PATHS;
    counts[index++] = count;
  }
  return { until, pids, paths, counts, shown: new Uint8Array(size), lines };
}

function hashOf(path: number, frame: number): number {
  const mixed = Math.imul(path ^ Math.imul(frame, 0x85ebca6b), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function twice(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
