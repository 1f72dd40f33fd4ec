// The executable mappings of one program image over time. A lookup is a binary search among those
// that hold now; what newer ones replaced is kept apart and searched only for earlier moments. A
// child shares its parent's until one of the two maps something: most children exec at once, and
// a browser's thousands of mappings are not to be copied for each.

import type { ObjectFile } from './object-files.ts';
import type { Mapping } from './perf-records.ts';

/** A mapping with what it maps; left out until somebody asks, for one that was there before us. */
export interface MappedObject extends Mapping {
  readonly object?: ObjectFile | undefined;
}

interface TimedMapping {
  readonly since: bigint;
  readonly mapping: MappedObject;
}

export class ImageMappings {
  /** By address, none overlapping another. */
  private current: TimedMapping[];
  /** Replaced, oldest first. */
  private replaced: TimedMapping[];
  private shared: boolean;

  private constructor(current: TimedMapping[], replaced: TimedMapping[], shared: boolean) {
    this.current = current;
    this.replaced = replaced;
    this.shared = shared;
  }

  static empty(): ImageMappings {
    return new ImageMappings([], [], false);
  }

  /** For a child: what is mapped at the moment of its birth. */
  fork(): ImageMappings {
    this.shared = true;
    return new ImageMappings(this.current, this.replaced, true);
  }

  add(since: bigint, mapping: MappedObject): void {
    if (this.shared) {
      this.current = [...this.current];
      this.replaced = [...this.replaced];
      this.shared = false;
    }
    const first = this.firstEndingAfter(mapping.start);
    let end = first;
    while ((this.current[end]?.mapping.start ?? Number.POSITIVE_INFINITY) < mapping.end) end++;
    const overlapped = this.current.slice(first, end);
    this.replaced.push(...overlapped);
    this.current.splice(first, end - first, ...withHole(overlapped, since, mapping));
  }

  /** The newest mapping of the address that was there at `time`. */
  find(address: number, time: bigint): MappedObject | undefined {
    const entry = this.current[this.firstEndingAfter(address)];
    if (entry !== undefined && entry.mapping.start <= address && entry.since <= time)
      return entry.mapping;
    return this.replaced.findLast(
      ({ since, mapping }) => since <= time && mapping.start <= address && address < mapping.end,
    )?.mapping;
  }

  /** Of those that fit and were there at `time`, whether or not they still are, the newest. */
  newest(time: bigint, fits: (mapping: MappedObject) => boolean): MappedObject | undefined {
    let newest: TimedMapping | undefined;
    for (const entries of [this.replaced, this.current])
      for (const entry of entries)
        if (entry.since <= time && fits(entry.mapping) && entry.since >= (newest?.since ?? 0n))
          newest = entry;
    return newest?.mapping;
  }

  /** Index of the first that ends behind the address: it may hold it. */
  private firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.current.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.current[middle]?.mapping.end ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A mapping over others leaves what sticks out of them on either side. */
function withHole(
  overlapped: readonly TimedMapping[],
  since: bigint,
  mapping: MappedObject,
): TimedMapping[] {
  const pieces: TimedMapping[] = [];
  const first = overlapped[0];
  const last = overlapped.at(-1);
  if (first !== undefined && first.mapping.start < mapping.start)
    pieces.push({ since: first.since, mapping: { ...first.mapping, end: mapping.start } });
  pieces.push({ since, mapping });
  if (last !== undefined && last.mapping.end > mapping.end) {
    const fileOffset = last.mapping.fileOffset + (mapping.end - last.mapping.start);
    pieces.push({
      since: last.since,
      mapping: { ...last.mapping, start: mapping.end, fileOffset },
    });
  }
  return pieces;
}
