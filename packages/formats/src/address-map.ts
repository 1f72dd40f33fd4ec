/**
 * Lays out the code of a profile in one address space, as formats with addresses have it: objects are
 * mappings that do not overlap, each location an address in one. Objects are recorded at the addresses
 * of their files, where many lie at the same place: the main object keeps its own, and what collides
 * with another moves behind all of them, its locations with it. Code that is in no file (the
 * kernel's, a JIT's) stays where it was.
 */
import type { ProfileFrame, ProfileMapping } from './profile.ts';

/** A row of the table of mappings. */
export interface ObjectMapping extends ProfileMapping {
  readonly object: string;
}

export interface CodePlace {
  /** Index of the row; absent for a frame without object. */
  readonly row?: number;
  /** 0 where it is not known, as the formats have it. */
  readonly address: bigint;
}

interface PlacedMapping extends ObjectMapping {
  /** Of the mapping as the frames have it; absent for code in no file. */
  readonly key?: string;
  /** From the addresses that the frames have to those of the row. */
  readonly shift: bigint;
}

/** What moves keeps its place in a page of any size in use. */
const MOVE_ALIGNMENT = 0x20_0000n;
/** User space ends here, on x86-64 and AArch64 with 48 bits of address. */
const USER_END = 1n << 47n;
/** Kernels are in the upper half, each at one place: nothing of it moves. */
const KERNEL_START = 1n << 63n;
const NOWHERE: CodePlace = { address: 0n };

export class AddressMap {
  /** The main object's first, then by object and address. */
  readonly rows: readonly ObjectMapping[];
  readonly #shifts: readonly bigint[];
  readonly #byKey = new Map<string, number>();
  /** The first row of an object. */
  readonly #byObject = new Map<string, number>();
  /** Index of the row of each address that is in no file. */
  readonly #byAddress = new Map<string, number>();
  readonly #nameOf: (frame: ProfileFrame) => string | undefined;

  /**
   * @param frames the outermost function of each location
   * @param main the object that comes first
   * @param nameOf what the format calls the object of a frame; undefined for none
   */
  constructor(
    frames: Iterable<ProfileFrame>,
    main: string | undefined,
    nameOf: (frame: ProfileFrame) => string | undefined,
  ) {
    this.#nameOf = nameOf;
    const objects = new Set<string>();
    const files = new Map<string, Omit<PlacedMapping, 'shift'>>();
    const loose = new Map<string, { object: string; address: bigint }>();
    for (const frame of frames) {
      const object = nameOf(frame);
      if (object === undefined) continue;
      objects.add(object);
      const { address, mapping } = frame;
      if (address === undefined) continue;
      if (mapping === undefined) loose.set(`${address} ${object}`, { object, address });
      else {
        const key = keyOf(object, mapping);
        if (!files.has(key)) files.set(key, { ...mapping, object, key });
      }
    }
    const byRow = (a: ObjectMapping, b: ObjectMapping): number =>
      Number(b.object === main) - Number(a.object === main) ||
      order(a.object, b.object) ||
      order(a.start, b.start) ||
      order(a.fileOffset, b.fileOffset);
    const places = [...loose.values()].sort(
      (a, b) => order(a.address, b.address) || order(a.object, b.object),
    );
    const rows = apart(
      [...files.values()].sort(byRow),
      places.map(({ address }) => address),
    );
    const runs = runsOf(places, rows);
    const known = new Set([...rows, ...runs.map(({ row }) => row)].map(({ object }) => object));
    // `go tool pprof` makes up addresses behind all mappings where there are none, and reads what is
    // in the object's file there: it must be nothing, or it ends in a panic.
    const unplaced = [...objects]
      .filter((object) => !known.has(object))
      .map(
        (object): PlacedMapping => ({
          object,
          start: 0n,
          limit: USER_END,
          fileOffset: 0n,
          shift: 0n,
        }),
      );
    const all = [...rows, ...runs.map(({ row }) => row), ...unplaced].sort(byRow);
    this.rows = all.map(({ key: _, shift: __, ...row }) => row);
    this.#shifts = all.map(({ shift }) => shift);
    const indexOf = new Map<PlacedMapping, number>(all.map((row, index) => [row, index]));
    all.forEach(({ key, object }, index) => {
      if (key !== undefined) this.#byKey.set(key, index);
      if (!this.#byObject.has(object)) this.#byObject.set(object, index);
    });
    for (const { row, addresses } of runs)
      for (const address of addresses)
        this.#byAddress.set(`${address} ${row.object}`, indexOf.get(row) ?? 0);
  }

  /** @param frame one of those that the map was made of */
  placeOf(frame: ProfileFrame): CodePlace {
    const object = this.#nameOf(frame);
    if (object === undefined) return NOWHERE;
    const { address, mapping } = frame;
    if (address === undefined) return { row: this.#byObject.get(object) ?? 0, address: 0n };
    const row =
      (mapping
        ? this.#byKey.get(keyOf(object, mapping))
        : this.#byAddress.get(`${address} ${object}`)) ?? 0;
    return { row, address: address + (this.#shifts[row] ?? 0n) };
  }
}

function keyOf(object: string, { start, limit, fileOffset, buildId = '' }: ProfileMapping): string {
  return `${start} ${limit} ${fileOffset} ${buildId} ${object}`;
}

function order<Value extends string | bigint>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The mappings, best first, those that overlap one before them, or hold a place, moved behind all. */
function apart(
  mappings: readonly Omit<PlacedMapping, 'shift'>[],
  places: readonly bigint[],
): PlacedMapping[] {
  const taken = new DisjointRanges();
  let end = 0n;
  const raise = (limit: bigint) => {
    if (limit > end && limit <= USER_END) end = limit;
  };
  for (const address of places) raise(address + 1n);
  for (const { limit } of mappings) raise(limit);
  return mappings.map((mapping) => {
    const { start, limit } = mapping;
    if (start >= limit || start >= KERNEL_START) return { ...mapping, shift: 0n };
    if (!holdsOne(places, start, limit) && taken.add(start, limit))
      return { ...mapping, shift: 0n };
    const free = ((end + MOVE_ALIGNMENT - 1n) / MOVE_ALIGNMENT) * MOVE_ALIGNMENT;
    const shift = free + (start % MOVE_ALIGNMENT) - start;
    end = limit + shift;
    return { ...mapping, start: start + shift, limit: end, shift };
  });
}

/** Code in no file, ascending, as mappings: from the first address to the last with nothing between. */
function runsOf(
  places: readonly { readonly object: string; readonly address: bigint }[],
  rows: readonly ObjectMapping[],
): { readonly row: PlacedMapping; readonly addresses: readonly bigint[] }[] {
  const starts = rows.map(({ start }) => start).sort(order);
  const groups: { object: string; addresses: bigint[] }[] = [];
  for (const { object, address } of places) {
    const last = groups.at(-1);
    const before = last?.addresses.at(-1);
    if (last?.object === object && before !== undefined && !holdsOne(starts, before, address))
      last.addresses.push(address);
    else groups.push({ object, addresses: [address] });
  }
  return groups.map(({ object, addresses }) => {
    const start = addresses[0] ?? 0n;
    const limit = (addresses.at(-1) ?? 0n) + 1n;
    return { row: { object, start, limit, fileOffset: 0n, shift: 0n }, addresses };
  });
}

/** @param sorted ascending */
function holdsOne(sorted: readonly bigint[], from: bigint, to: bigint): boolean {
  const first = sorted[firstAtOrAfter(sorted, from)];
  return first !== undefined && first < to;
}

function firstAtOrAfter(sorted: readonly bigint[], value: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ranges that do not overlap. */
class DisjointRanges {
  readonly #starts: bigint[] = [];
  readonly #limits: bigint[] = [];

  /** Whether it could be added. */
  add(start: bigint, limit: bigint): boolean {
    const at = firstAtOrAfter(this.#starts, start);
    const isFree = (this.#limits[at - 1] ?? 0n) <= start && (this.#starts[at] ?? limit) >= limit;
    if (!isFree) return false;
    this.#starts.splice(at, 0, start);
    this.#limits.splice(at, 0, limit);
    return true;
  }
}
