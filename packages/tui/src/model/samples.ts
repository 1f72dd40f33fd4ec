/**
 * The samples of a live recording: slices of some hundred milliseconds, of which a window is shown. How old
 * samples leave the picture is its mode.
 */

import type { Profile, ProfileStack } from '@waggle/formats';
import { CallTree } from './call-tree.ts';
import { mergedSlices, type SampledLine, type Slice, StackTable } from './stack-table.ts';

/**
 * `window`: the last so many milliseconds. `all`: since the start, or since `reset`. `decay`: everything, older
 * samples for less: half after ten seconds.
 */
export type Mode =
  | { readonly kind: 'window'; readonly ms: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'decay' };

const HALF_LIFE_MS = 10_000;
/** What a sample has come down to is no longer worth its place. */
const FORGOTTEN_BELOW = 1 / 64;

/** Distinct ways into the code that are remembered, some 60 bytes each: a stack has few of its own. */
const MAX_PATHS = 150_000;

/** Ten minutes of two a second, twice the longest window; everything before is summed up, as one slice. */
const KEPT_SLICES = 1200;
/** So many at once: what there is of before is gone through each time. */
const SUMMED_UP_SLICES = 120;
/** Stacks of one process each, of that time; of more those with few samples are nobody's. */
const MAX_OLD_STACKS = 50_000;
const MAX_OLD_LINES = 20_000;

/** A view that is drawn looks at the tree four times a second, which is twice for each slice. */
const SEEN_SLICES = 4;

export class Samples {
  readonly table = new StackTable();
  #slices: Slice[] = [];
  /** Of what left `#slices`, for `all`. */
  #older: Slice | undefined;
  #mode: Mode = { kind: 'window', ms: 10_000 };
  #shows: (pid: number) => boolean = () => true;
  #keepsFrame: (frame: number) => boolean = () => true;
  #tree = new CallTree(this.table);
  /** Index of the first slice that is in the tree. */
  #first = 0;
  /** The tree is made anew when somebody looks: most of the time another view is shown. */
  #isBehind = false;
  /** Slices that came since somebody looked. */
  #unseen = 0;
  #version = 0;
  #recent: { readonly version: number; readonly ms: number; readonly tree: CallTree } | undefined;
  #startedAt: number;

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** Grows with every change of the tree. */
  get version(): number {
    return this.#version;
  }

  get tree(): CallTree {
    this.#unseen = 0;
    if (this.#isBehind) this.#makeTree();
    return this.#tree;
  }

  get mode(): Mode {
    return this.#mode;
  }

  setMode(mode: Mode): void {
    this.#mode = mode;
    this.#rebuild();
  }

  /** @param shows whose samples count: asked when they come, and again where something else is to be shown */
  setScope(shows: (pid: number) => boolean): void {
    this.#shows = shows;
    this.#rebuild();
  }

  setFrames(keepsFrame: (frame: number) => boolean): void {
    this.#keepsFrame = keepsFrame;
    this.#rebuild();
  }

  /** Forgets everything up to now. */
  reset(now: number): void {
    this.#slices = [];
    this.#older = undefined;
    this.#startedAt = now;
    this.#rebuild();
  }

  /** @param profile stacks whose first frame is the pid, of the time until `now` */
  add(profile: Pick<Profile, 'stacks'>, now: number): void {
    const slice = this.table.slice(profile.stacks, now);
    this.#slices.push(slice);
    this.#limitSlices();
    if (this.#limitPaths()) return;
    this.#markShown(slice);
    // Of decay every weight is another one now.
    this.#isBehind ||= this.#mode.kind === 'decay' || ++this.#unseen > SEEN_SLICES;
    if (!this.#isBehind) {
      addSlice(this.#tree, slice, 1);
      this.#leaveWindow(now);
    }
    this.#version++;
  }

  /** Milliseconds that what is shown covers. */
  spanMs(now: number): number {
    const since = Math.max(
      this.#startedAt,
      now - (this.#mode.kind === 'window' ? this.#mode.ms : now),
    );
    return Math.max(now - since, 1);
  }

  /** Milliseconds since sampling began, or since `reset`. */
  ageMs(now: number): number {
    return Math.max(now - this.#startedAt, 1);
  }

  /** Samples of each process in the last milliseconds. */
  perProcess(ms: number, now: number): Map<number, number> {
    const sums = new Map<number, number>();
    for (let at = this.#slices.length - 1; at >= 0; at--) {
      const slice = this.#slices[at] as Slice;
      if (slice.until <= now - ms) break;
      slice.pids.forEach((pid, index) => {
        sums.set(pid, (sums.get(pid) ?? 0) + (slice.counts[index] ?? 0));
      });
    }
    return sums;
  }

  /** Of each process the function that most samples of the last milliseconds were taken in. */
  busiestFunctions(ms: number, now: number): Map<number, { frame: number; count: number }> {
    const sums = new Map<number, Map<number, number>>();
    for (let at = this.#slices.length - 1; at >= 0; at--) {
      const slice = this.#slices[at] as Slice;
      if (slice.until <= now - ms) break;
      slice.pids.forEach((pid, index) => {
        const leaf = this.table.leafOf(slice.paths[index] ?? 0);
        if (leaf === undefined) return;
        const own = sums.get(pid) ?? new Map<number, number>();
        sums.set(pid, own.set(leaf, (own.get(leaf) ?? 0) + (slice.counts[index] ?? 0)));
      });
    }
    const busiest = new Map<number, { frame: number; count: number }>();
    for (const [pid, own] of sums)
      for (const [frame, count] of own)
        if (count > (busiest.get(pid)?.count ?? 0)) busiest.set(pid, { frame, count });
    return busiest;
  }

  /** The samples of the last milliseconds, as a tree of their own: what changed is seen beside the whole. */
  recent(ms: number): CallTree {
    const newest = this.#slices.at(-1)?.until ?? 0;
    if (this.#recent?.version === this.#version && this.#recent.ms === ms) return this.#recent.tree;
    const tree = new CallTree(this.table, this.#keepsFrame);
    for (let at = this.#slices.length - 1; at >= 0; at--) {
      const slice = this.#slices[at] as Slice;
      if (slice.until <= newest - ms) break;
      addSlice(tree, slice, 1);
    }
    this.#recent = { version: this.#version, ms, tree };
    return tree;
  }

  /** Source lines in which a function's own samples were taken, the most first. */
  linesOf(frame: number): { readonly place: string; readonly count: number }[] {
    const sums = new Map<string, number>();
    for (const [{ lines }, weight] of this.#shownSlices())
      for (const line of lines)
        if (line.frame === frame && this.#shows(line.pid))
          sums.set(line.place, (sums.get(line.place) ?? 0) + line.count * weight);
    return [...sums]
      .map(([place, count]) => ({ place, count }))
      .sort((a, b) => b.count - a.count || (a.place < b.place ? -1 : 1));
  }

  /** What is shown, as a profile has it: weights of decay as whole samples. */
  stacks(): ProfileStack[] {
    const stacks: ProfileStack[] = [];
    const sums = new Map<number, number>();
    for (const [{ paths, counts, shown }, weight] of this.#shownSlices())
      paths.forEach((path, index) => {
        if (shown[index] === 1)
          sums.set(path, (sums.get(path) ?? 0) + (counts[index] ?? 0) * weight);
      });
    for (const [path, count] of sums) {
      const whole = Math.round(count);
      const frames = this.table.framesOf(path).map((frame) => this.table.frame(frame));
      if (whole > 0) stacks.push({ frames, count: whole });
    }
    return stacks;
  }

  *#shownSlices(): Iterable<[slice: Slice, weight: number]> {
    const newest = this.#slices.at(-1)?.until ?? 0;
    if (this.#mode.kind === 'all' && this.#older !== undefined) yield [this.#older, 1];
    for (const slice of this.#slices) {
      if (this.#mode.kind === 'window' && slice.until <= newest - this.#mode.ms) continue;
      const weight = this.#mode.kind === 'decay' ? 2 ** ((slice.until - newest) / HALF_LIFE_MS) : 1;
      if (weight >= FORGOTTEN_BELOW) yield [slice, weight];
    }
  }

  /** With who is shown asked anew. */
  #rebuild(): void {
    const known = new Map<number, boolean>();
    for (const [slice] of this.#shownSlices()) this.#markShown(slice, known);
    this.#makeTree();
    this.#version++;
  }

  #makeTree(): void {
    this.#isBehind = false;
    this.#tree = new CallTree(this.table, this.#keepsFrame);
    for (const [slice, weight] of this.#shownSlices()) addSlice(this.#tree, slice, weight);
    const newest = this.#slices.at(-1)?.until ?? 0;
    const { kind } = this.#mode;
    const from = kind === 'window' ? newest - this.#mode.ms : Number.NEGATIVE_INFINITY;
    this.#first = this.#slices.findIndex(({ until }) => until > from);
    if (this.#first < 0) this.#first = this.#slices.length;
  }

  /** @param known who is shown, as far as it has been asked at that moment */
  #markShown({ pids, shown }: Slice, known = new Map<number, boolean>()): void {
    pids.forEach((pid, index) => {
      let isShown = known.get(pid);
      if (isShown === undefined) {
        isShown = this.#shows(pid);
        known.set(pid, isShown);
      }
      shown[index] = isShown ? 1 : 0;
    });
  }

  #leaveWindow(now: number): void {
    if (this.#mode.kind !== 'window') return;
    for (; this.#first < this.#slices.length; this.#first++) {
      const slice = this.#slices[this.#first] as Slice;
      if (slice.until > now - this.#mode.ms) return;
      // Whoever was shown then: who has ended and is forgotten is nobody's descendant any more.
      addSlice(this.#tree, slice, -1);
    }
  }

  /** Old slices become one. */
  #limitSlices(): void {
    if (this.#slices.length < KEPT_SLICES + SUMMED_UP_SLICES) return;
    const before = this.#older === undefined ? [] : [this.#older];
    const old = [...before, ...this.#slices.splice(0, SUMMED_UP_SLICES)];
    this.#older = mergedSlices(old, mergedLines(old), MAX_OLD_STACKS);
    this.#first = Math.max(this.#first - SUMMED_UP_SLICES, 0);
  }

  /** The oldest half goes where there are too many paths: `all` is then since that moment. @returns whether it did */
  #limitPaths(): boolean {
    if (this.table.pathCount <= MAX_PATHS) return false;
    const half = this.#slices.splice(0, Math.floor(this.#slices.length / 2));
    this.#startedAt = half.at(-1)?.until ?? this.#startedAt;
    this.#older = undefined;
    this.#slices = this.table.compact(this.#slices);
    this.#rebuild();
    return true;
  }
}

/** Of what was found to be shown. */
function addSlice(tree: CallTree, { paths, counts, shown }: Slice, weight: number): void {
  paths.forEach((path, index) => {
    if (shown[index] === 1) tree.add(path, (counts[index] ?? 0) * weight);
  });
}

/** Of long ago the lines with the most samples are enough. */
function mergedLines(slices: readonly Slice[]): SampledLine[] {
  const sums = new Map<string, SampledLine>();
  for (const line of slices.flatMap(({ lines }) => lines)) {
    const key = `${line.pid}:${line.frame}:${line.place}`;
    sums.set(key, { ...line, count: line.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()].sort((a, b) => b.count - a.count).slice(0, MAX_OLD_LINES);
}
