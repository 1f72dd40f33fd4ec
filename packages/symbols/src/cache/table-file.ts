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
  readonly debugFile?: string;
  readonly problems: readonly string[];
}

/**
 * 2: Go functions from .gopclntab. 3: those of programs linked by a C linker; no section headers.
 * 4: keys say the content.
 */
export const TABLE_VERSION = 4;
const MAGIC = 0x5947_4757;
const HEADER_SIZE = 32;
const MAX_DESCRIPTION = 65_536;
/** Bytes per range: an f64 and four u32. */
const RANGE_SIZE = 24;

/** Throws `RangeError` when the table is too large to be stored. */
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
  view.setUint32(8, crc32(bytes.subarray(12)), true);
  return bytes;
}

/** The table in `bytes`, or undefined when they are not one, of another version, or damaged. */
export function decodeTable(
  bytes: Uint8Array,
): { readonly table: SymbolTable; readonly description: TableDescription } | undefined {
  if (bytes.length < HEADER_SIZE || bytes.byteOffset % 8 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== TABLE_VERSION) {
    return undefined;
  }
  const aboutLength = view.getUint32(12, true);
  const count = view.getUint32(16, true);
  const nameBytes = view.getUint32(20, true);
  const columns = roundUp(HEADER_SIZE + aboutLength);
  if (aboutLength > MAX_DESCRIPTION) return undefined;
  if (columns + count * RANGE_SIZE + nameBytes !== bytes.length) return undefined;
  if (view.getUint32(8, true) !== crc32(bytes.subarray(12))) return undefined;
  const description = parseDescription(bytes.subarray(HEADER_SIZE, HEADER_SIZE + aboutLength));
  if (description === undefined) return undefined;
  let at = bytes.byteOffset + columns;
  const start = new Float64Array(bytes.buffer as ArrayBuffer, at, count);
  at += count * 8;
  const next = () => {
    const column = new Uint32Array(bytes.buffer as ArrayBuffer, at, count);
    at += count * 4;
    return column;
  };
  const ranges = { count, start, length: next(), lead: next(), size: next(), name: next() };
  const names = bytes.subarray(bytes.length - nameBytes);
  return { table: SymbolTable.fromRanges(ranges, [names]), description };
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

function parseDescription(bytes: Uint8Array): TableDescription | undefined {
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
