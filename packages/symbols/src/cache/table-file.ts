/**
 * A symbol table as bytes, for the cache on disk: a header, a description in JSON, the columns as
 * they stand in memory, and only the names that are used. Read back by laying typed arrays over the
 * bytes. All numbers are little-endian, as on every machine this runs on; the version changes with
 * the layout and with what the symbols of an object are.
 */
import { SymbolTable } from '../symbol-table.ts';
import { crc32 } from '../xz/checksum.ts';

/** What is known of an object besides its table. */
export interface TableDescription {
  /** What the table was made for; a file that says another key is not used. */
  readonly key: string;
  readonly sources: readonly string[];
  readonly debugFile?: string | undefined;
  readonly problems: readonly string[];
}

/**
 * 2: Go functions from .gopclntab. 3: those of programs linked by a C linker; no section headers.
 * 4: keys say the content.
 */
export const TABLE_VERSION = 4;
const MAGIC = 0x5947_4757;
export const HEADER_SIZE = 32;
/** The sum is of everything behind it. */
export const SUMMED_FROM = 12;
const MAX_DESCRIPTION = 65_536;
/** Bytes per range: an f64 and four u32. */
const RANGE_SIZE = 24;

/** @throws `RangeError` when the table is too large to be stored */
export function encodeTable(table: SymbolTable, description: TableDescription): Uint8Array {
  const { ranges } = table;
  const { offsets, names } = packNames(table);
  const about = new TextEncoder().encode(JSON.stringify(description));
  if (about.length > MAX_DESCRIPTION) throw new RangeError('the description is too long');
  const columns = roundUp(HEADER_SIZE + about.length);
  const { count } = ranges;
  const bytes = new Uint8Array(columns + count * RANGE_SIZE + names.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, TABLE_VERSION, true);
  view.setUint32(12, about.length, true);
  view.setUint32(16, count, true);
  view.setUint32(20, names.length, true);
  bytes.set(about, HEADER_SIZE);
  let at = columns;
  for (const column of [ranges.start, ranges.length, ranges.lead, ranges.size, offsets, names]) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  view.setUint32(8, crc32(bytes.subarray(SUMMED_FROM)), true);
  return bytes;
}

/** The table in `bytes`, or undefined when they are not one, of another version, or damaged. */
export function decodeTable(
  bytes: Uint8Array,
): { readonly table: SymbolTable; readonly description: TableDescription } | undefined {
  if (bytes.length < HEADER_SIZE || bytes.byteOffset % 8 !== 0) return undefined;
  const places = placesIn(bytes, bytes.length);
  if (places === undefined) return undefined;
  if (checksumOf(bytes) !== crc32(bytes.subarray(SUMMED_FROM))) return undefined;
  const { count, aboutLength, nameBytes } = places;
  const description = descriptionIn(bytes.subarray(HEADER_SIZE, HEADER_SIZE + aboutLength));
  if (description === undefined) return undefined;
  const buffer = bytes.buffer as ArrayBuffer;
  const column = (at: number) => new Uint32Array(buffer, bytes.byteOffset + at, count);
  const ranges = {
    count,
    start: new Float64Array(buffer, bytes.byteOffset + places.start, count),
    length: column(places.length),
    lead: column(places.lead),
    size: column(places.size),
    name: column(places.name),
  };
  const names = bytes.subarray(bytes.length - nameBytes);
  return { table: SymbolTable.fromRanges(ranges, [names]), description };
}

/** Where the parts of a file begin, in bytes. */
export interface TablePlaces {
  readonly count: number;
  readonly aboutLength: number;
  readonly start: number;
  readonly length: number;
  readonly lead: number;
  readonly size: number;
  /** Where the names of ranges begin among the names. */
  readonly name: number;
  readonly names: number;
  readonly nameBytes: number;
}

/** By the file's first bytes; undefined where they are of no table of this version, or of another length. */
export function placesIn(head: Uint8Array, fileSize: number): TablePlaces | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== TABLE_VERSION) {
    return undefined;
  }
  const aboutLength = view.getUint32(12, true);
  const count = view.getUint32(16, true);
  const nameBytes = view.getUint32(20, true);
  if (aboutLength > MAX_DESCRIPTION) return undefined;
  const start = roundUp(HEADER_SIZE + aboutLength);
  const names = start + count * RANGE_SIZE;
  if (names + nameBytes !== fileSize) return undefined;
  const column = (number: number) => start + count * (8 + 4 * number);
  return {
    ...{ count, aboutLength, start, names, nameBytes },
    ...{ length: column(0), lead: column(1), size: column(2), name: column(3) },
  };
}

/** That the file has by its first bytes. */
export function checksumOf(head: Uint8Array): number {
  return new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(8, true);
}

/** The names that ranges refer to, each once, and where each range's begins among them. */
function packNames(table: SymbolTable): { offsets: Uint32Array; names: Uint8Array } {
  const { count, name } = table.ranges;
  const moved = new Map<number, number>();
  const offsets = new Uint32Array(count);
  let packed = new Uint8Array(Math.max(64, count * 24));
  let length = 0;
  for (let i = 0; i < count; i++) {
    const from = name[i] as number;
    const known = moved.get(from);
    if (known !== undefined) {
      offsets[i] = known;
      continue;
    }
    const bytes = table.nameBytes(from);
    const end = length + bytes.length + 1;
    if (end > 0xffff_ffff) throw new RangeError('the names are too long');
    if (end > packed.length) {
      const larger = new Uint8Array(Math.max(end, packed.length * 2));
      larger.set(packed);
      packed = larger;
    }
    packed.set(bytes, length);
    moved.set(from, length);
    offsets[i] = length;
    length = end;
  }
  return { offsets, names: packed.subarray(0, length) };
}

export function descriptionIn(bytes: Uint8Array): TableDescription | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isDescription(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isDescription(value: unknown): value is TableDescription {
  if (typeof value !== 'object' || value === null) return false;
  const { key, sources, debugFile, problems } = value as Record<string, unknown>;
  return (
    typeof key === 'string' &&
    isStrings(sources) &&
    isStrings(problems) &&
    (debugFile === undefined || typeof debugFile === 'string')
  );
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function roundUp(size: number): number {
  return Math.ceil(size / 8) * 8;
}
