/**
 * The executable mappings of one program image over time. A lookup is a binary search among those
 * that hold now; what newer ones replaced is kept apart and searched only for earlier moments. A
 * child shares its parent's until one of the two maps something: most children exec at once, and
 * a browser's thousands of mappings are not to be copied for each.
 */

import type { ObjectFile } from './object-file.ts';
import type { Mapping } from './perf-records.ts';

/** A mapping with what it maps; left out until somebody asks, for one that was there before us. */
export interface NewMapping extends Mapping {
  readonly object?: ObjectFile | undefined;
  /** Of memory without a file: the file whose code was mapped there a moment ago. */
  readonly former?: NewMapping | undefined;
}

export interface MappedObject extends NewMapping {
  /** CLOCK_BOOTTIME in ns; 0 for one that was there before us. */
  readonly since: bigint;
}

/** A program may map on and on; what it had a moment ago is all that is asked for. */
const MAX_REPLACED = 4096;
/** vm.max_map_count as a rule: nobody tells what was unmapped, so what is more is there no longer. */
const MAX_CURRENT = 65_536;

export class ImageMappings {
  /** By address, none overlapping another. */
  #current: MappedObject[];
  /** Replaced, oldest first. */
  #replaced: MappedObject[];
  #shared: boolean;
  #changedAt = 0n;
  /** All mappings before this moment (CLOCK_BOOTTIME, ns) are known, whatever records were lost; 0: unknown. */
  completeAt = 0n;

  private constructor(current: MappedObject[], replaced: MappedObject[], shared: boolean) {
    this.#current = current;
    this.#replaced = replaced;
    this.#shared = shared;
  }

  static empty(): ImageMappings {
    return new ImageMappings([], [], false);
  }

  /** When something took the place of something else, for the last time: CLOCK_BOOTTIME; 0 for never. */
  get changedAt(): bigint {
    return this.#changedAt;
  }

  /** For a child: what is mapped at the moment of its birth. */
  fork(): ImageMappings {
    this.#shared = true;
    const forked = new ImageMappings(this.#current, this.#replaced, true);
    forked.completeAt = this.completeAt;
    return forked;
  }

  add(since: bigint, mapping: NewMapping): void {
    if (this.#shared) {
      this.#current = [...this.#current];
      this.#replaced = [...this.#replaced];
      this.#shared = false;
    }
    const overlapped = this.within(mapping.start, mapping.end);
    this.#replaced.push(...overlapped);
    if (overlapped.length > 0 && since > this.#changedAt) this.#changedAt = since;
    if (this.#replaced.length > MAX_REPLACED) this.#replaced.splice(0, MAX_REPLACED / 2);
    const first = this.#firstEndingAfter(mapping.start);
    const pieces = withHole(overlapped, { ...mapping, since });
    this.#current.splice(first, overlapped.length, ...pieces);
    if (this.#current.length > MAX_CURRENT) this.#current = newerHalf(this.#current);
  }

  /** What holds now in a range, in order of address. */
  within(start: number, end: number): readonly MappedObject[] {
    const first = this.#firstEndingAfter(start);
    let behind = first;
    while ((this.#current[behind]?.start ?? Number.POSITIVE_INFINITY) < end) behind++;
    return this.#current.slice(first, behind);
  }

  /** Whether this is mapped now, as far as we were told; memory without a file may be in several pieces. */
  holds({ start, end, fileOffset, inode }: Mapping): boolean {
    for (let at = start; at < end; ) {
      const entry = this.#current[this.#firstEndingAfter(at)];
      if (entry === undefined || entry.start > at || entry.inode !== inode) return false;
      const isFile = inode !== 0n;
      if (isFile && entry.fileOffset + (at - entry.start) !== fileOffset + (at - start))
        return false;
      at = entry.end;
    }
    return true;
  }

  get isEmpty(): boolean {
    return this.#current.length === 0;
  }

  /** The newest mapping of the address that was there at `time`. */
  find(address: number, time: bigint): MappedObject | undefined {
    const entry = this.#current[this.#firstEndingAfter(address)];
    if (entry !== undefined && entry.start <= address && entry.since <= time) return entry;
    return this.#replaced.findLast(
      ({ since, start, end }) => since <= time && start <= address && address < end,
    );
  }

  /** The newest of those that fit, whether or not it is still there. */
  newest(fits: (mapping: MappedObject) => boolean): MappedObject | undefined {
    let newest: MappedObject | undefined;
    for (const entries of [this.#replaced, this.#current])
      for (const entry of entries)
        if (fits(entry) && entry.since >= (newest?.since ?? 0n)) newest = entry;
    return newest;
  }

  /** Shows every mapping, of lists that are in `seen` none: children share their parents'. */
  forEach(visit: (mapping: MappedObject) => void, seen: Set<unknown>): void {
    for (const entries of [this.#replaced, this.#current]) {
      if (seen.has(entries)) continue;
      seen.add(entries);
      entries.forEach(visit);
    }
  }

  /** Of everything that was ever mapped. */
  paths(): ReadonlySet<string> {
    return new Set([...this.#replaced, ...this.#current].map(({ path }) => path));
  }

  /** Index of the first that ends behind the address: it may hold it. */
  #firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.#current.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#current[middle]?.end ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Without the older half: of memory for generated code, where that is most of it, since files stay mapped. */
function newerHalf(current: readonly MappedObject[]): MappedObject[] {
  const memory = current.filter(({ inode }) => inode === 0n);
  const shrinking = memory.length > current.length / 2 ? memory : current;
  const byAge = [...shrinking].sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
  const old = new Set(byAge.slice(0, byAge.length / 2));
  return current.filter((mapping) => !old.has(mapping));
}

/** A mapping over others leaves what sticks out of them on either side. */
function withHole(overlapped: readonly MappedObject[], mapping: MappedObject): MappedObject[] {
  const pieces: MappedObject[] = [];
  const first = overlapped[0];
  const last = overlapped.at(-1);
  if (first !== undefined && first.start < mapping.start)
    pieces.push({ ...first, end: mapping.start });
  pieces.push(mapping);
  if (last !== undefined && last.end > mapping.end) {
    const fileOffset = last.fileOffset + (mapping.end - last.start);
    pieces.push({ ...last, start: mapping.end, fileOffset });
  }
  return pieces;
}
