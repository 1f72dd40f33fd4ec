/**
 * The kernel's symbols as a file that is read in parts: an index of the first address of each block, and
 * blocks of some hundred symbols with their names. A profile has a few dozen kernel functions in it, so
 * a few blocks are read in place of five megabytes. All numbers are little-endian.
 *
 *   header   magic, version, sum of all up to the first block, bytes of modules, blocks (u32 each)
 *   modules  their names as JSON, padded to 4 bytes
 *   index    per block: first address (high, low), where it begins, bytes, symbols, sum (u32 each)
 *   blocks   columns of u32: high, low, name, module; then the names
 *
 * A block's last symbol is also the first of the next: where it begins, the one before it ends.
 */
import { bytesAt } from '../elf/string-table.ts';
import { type KallsymsColumns, NOT_CODE } from '../kallsyms-reader.ts';
import { crc32 } from '../xz/checksum.ts';

export const KERNEL_BLOCKS_VERSION = 2;
const MAGIC = 0x5346_4b57;
const HEADER_BYTES = 20;
const INDEX_ENTRY = 24;
const SUMMED_FROM = 12;
const COLUMNS = 4;
const SYMBOLS_PER_BLOCK = 256;
/** Debian's kernel with all of its modules loaded has 20 KiB. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
/** KSYM_NAME_LEN is 512 in current kernels. */
const MAX_NAME = 4096;

/** Bytes of a file, or undefined where it ends before. */
export type ReadBytes = (from: number, length: number) => Uint8Array | undefined;

interface BlockPlace {
  readonly high: number;
  readonly low: number;
  readonly from: number;
  readonly bytes: number;
  readonly symbols: number;
  readonly sum: number;
}

/**
 * The file of a table in address order.
 * @param isKept whether symbols of a module are stored; the others' addresses go with their names
 */
export function encodeKernelBlocks(
  columns: KallsymsColumns,
  isKept: (module: string) => boolean,
): Uint8Array {
  const { modules } = columns;
  const kept = modules.map((name) => isKept(name));
  const rows: number[] = [];
  columns.module.forEach((module, row) => {
    if (kept[module] === true) rows.push(row);
  });
  const moduleText = new TextEncoder().encode(JSON.stringify(modules));
  const count = Math.ceil(rows.length / SYMBOLS_PER_BLOCK);
  const indexAt = HEADER_BYTES + roundUp(moduleText.length);
  const head = new Uint8Array(indexAt + count * INDEX_ENTRY);
  const view = new DataView(head.buffer);
  const parts: Uint8Array[] = [head];
  let at = head.length;
  for (let block = 0; block < count; block++) {
    const first = block * SYMBOLS_PER_BLOCK;
    const bytes = encodeBlock(columns, rows.slice(first, first + SYMBOLS_PER_BLOCK + 1));
    const row = rows[first] as number;
    const symbols = Math.min(rows.length - first, SYMBOLS_PER_BLOCK + 1);
    const entry = [columns.high[row], columns.low[row], at, bytes.length, symbols, crc32(bytes)];
    entry.forEach((value, field) => {
      view.setUint32(indexAt + block * INDEX_ENTRY + 4 * field, value as number, true);
    });
    parts.push(bytes);
    at += bytes.length;
  }
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, KERNEL_BLOCKS_VERSION, true);
  view.setUint32(12, moduleText.length, true);
  view.setUint32(16, count, true);
  head.set(moduleText, HEADER_BYTES);
  view.setUint32(8, crc32(head.subarray(SUMMED_FROM)), true);
  return concatenated(parts, at);
}

function encodeBlock(columns: KallsymsColumns, rows: readonly number[]): Uint8Array {
  const names = rows.map((row) => nameOf(columns, row));
  const rowBytes = rows.length * COLUMNS * 4;
  const bytes = new Uint8Array(
    roundUp(rowBytes + names.reduce((sum, name) => sum + (name?.length ?? -1) + 1, 0)),
  );
  const table = new Uint32Array(bytes.buffer, 0, rows.length * COLUMNS);
  let end = 0;
  rows.forEach((row, index) => {
    const name = names[index];
    table[index] = columns.high[row] as number;
    table[rows.length + index] = columns.low[row] as number;
    table[2 * rows.length + index] = name === undefined ? NOT_CODE : end;
    table[3 * rows.length + index] = columns.module[row] as number;
    if (name === undefined) return;
    bytes.set(name, rowBytes + end);
    end += name.length + 1;
  });
  return bytes;
}

function nameOf({ name, names }: KallsymsColumns, row: number): Uint8Array | undefined {
  const at = name[row] as number;
  return at === NOT_CODE ? undefined : bytesAt(names, at, MAX_NAME);
}

/** Answers which block an address lies in, and reads blocks. */
export class KernelBlocks {
  readonly #read: ReadBytes;
  readonly #modules: readonly string[];
  readonly #index: Uint32Array;

  private constructor(read: ReadBytes, modules: readonly string[], index: Uint32Array) {
    this.#read = read;
    this.#modules = modules;
    this.#index = index;
  }

  /** undefined for what is not such a file, of another version, or damaged before its blocks. */
  static open(read: ReadBytes): KernelBlocks | undefined {
    const header = read(0, HEADER_BYTES);
    if (header === undefined) return undefined;
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    const word = (at: number) => view.getUint32(at, true);
    if (word(0) !== MAGIC || word(4) !== KERNEL_BLOCKS_VERSION) return undefined;
    const moduleLength = word(12);
    const indexAt = HEADER_BYTES + roundUp(moduleLength);
    const headLength = indexAt + word(16) * INDEX_ENTRY;
    if (headLength > MAX_HEAD_BYTES) return undefined;
    const head = read(0, headLength);
    if (head === undefined || word(8) !== crc32(head.subarray(SUMMED_FROM))) return undefined;
    const modules = parseModules(head.subarray(HEADER_BYTES, HEADER_BYTES + moduleLength));
    if (modules === undefined) return undefined;
    return new KernelBlocks(read, modules, new Uint32Array(head.slice(indexAt).buffer));
  }

  /** The block with the last symbol at or below an address; -1 where there is none. */
  blockOf(high: number, low: number): number {
    let from = 0;
    let to = this.#index.length / FIELDS;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const first = this.#place(middle);
      if (first.high < high || (first.high === high && first.low <= low)) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }

  /** Its symbols, and the first of the next one; undefined where the file is damaged. */
  block(index: number): KallsymsColumns | undefined {
    const { from, bytes: length, symbols, sum } = this.#place(index);
    const rowBytes = symbols * COLUMNS * 4;
    if (length > MAX_HEAD_BYTES || rowBytes > length) return undefined;
    const bytes = this.#read(from, length);
    if (bytes === undefined || crc32(bytes) !== sum) return undefined;
    const { buffer } = bytes.slice(0, rowBytes);
    const column = (at: number) => new Uint32Array(buffer, at * symbols * 4, symbols);
    return {
      high: column(0),
      low: column(1),
      name: column(2),
      module: column(3),
      preference: new Uint8Array(0),
      modules: this.#modules,
      names: bytes.subarray(rowBytes),
    };
  }

  #place(block: number): BlockPlace {
    const at = (field: number) => this.#index[block * FIELDS + field] as number;
    return { high: at(0), low: at(1), from: at(2), bytes: at(3), symbols: at(4), sum: at(5) };
  }
}

const FIELDS = INDEX_ENTRY / 4;

function parseModules(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(value) && value.every((name) => typeof name === 'string')
      ? value
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function roundUp(size: number): number {
  return Math.ceil(size / 4) * 4;
}
