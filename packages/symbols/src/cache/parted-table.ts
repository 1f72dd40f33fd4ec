/**
 * A stored table of which only what is asked for is read. A runtime with all of its names has twenty megabytes, of which a
 * profile shows a few functions: who runs for months keeps where functions begin, and the file open for the rest.
 */
import { closeFile } from '../descriptors.ts';
import { type PrivateFile, readPart } from '../disk-store/private-file.ts';
import { utf8 } from '../elf/string-table.ts';
import { lastNotAfter, MAX_NAME, type NameTable, type SymbolHit } from '../symbol-table.ts';
import { isSystemError } from '../system-error.ts';
import { crc32 } from '../xz/checksum.ts';
import {
  checksumOf,
  descriptionIn,
  HEADER_SIZE,
  placesIn,
  SUMMED_FROM,
  type TableDescription,
  type TablePlaces,
} from './table-file.ts';

/** Read at once, for the sum of all. */
const PIECE_BYTES = 64 * 1024;
/** Most names are shorter. */
const NAME_BYTES = 256;
/** Functions that were asked for: the same come again and again. */
const MAX_KNOWN = 4096;

/** Undefined where the file ends before, is closed, or cannot be read. */
type ReadPart = (from: number, length: number) => Uint8Array | undefined;

export class PartedTable implements NameTable {
  readonly #places: TablePlaces;
  readonly #start: Float64Array;
  readonly #read: ReadPart;
  readonly #close: () => void;
  #known = new Map<number, SymbolHit>();

  private constructor(places: TablePlaces, start: Float64Array, read: ReadPart, close: () => void) {
    this.#places = places;
    this.#start = start;
    this.#read = read;
    this.#close = close;
  }

  /** Takes over the file. undefined where it is damaged, or of another version: it is closed then. */
  static open(
    file: PrivateFile,
  ): { readonly table: PartedTable; readonly description: TableDescription } | undefined {
    let isOpen = true;
    const close = () => {
      if (isOpen) closeFile(file.fd);
      isOpen = false;
    };
    const read = (from: number, length: number) =>
      isOpen && from + length <= file.size ? partOf(file, from, length) : undefined;
    const opened = PartedTable.#by(read, file.size, close);
    if (opened === undefined) close();
    return opened;
  }

  static #by(read: ReadPart, fileSize: number, close: () => void) {
    const head = read(0, HEADER_SIZE);
    const places = head && placesIn(head, fileSize);
    if (head === undefined || places === undefined) return undefined;
    if (sumOf(read, fileSize) !== checksumOf(head)) return undefined;
    const about = read(HEADER_SIZE, places.aboutLength);
    const description = about && descriptionIn(about);
    const starts = read(places.start, 8 * places.count);
    if (description === undefined || starts === undefined) return undefined;
    const start = new Float64Array(starts.buffer as ArrayBuffer, 0, places.count);
    return { table: new PartedTable(places, start, read, close), description };
  }

  get size(): number {
    return this.#places.count;
  }

  /** Of memory. */
  get byteLength(): number {
    return this.#start.byteLength;
  }

  /** As `SymbolTable.lookup`; nothing of a table that is closed. */
  lookup(vaddr: number): SymbolHit | undefined {
    const at = lastNotAfter(this.#start, this.#places.count, vaddr);
    if (at < 0) return undefined;
    const from = this.#start[at] ?? 0;
    const { length, lead, size, name } = this.#places;
    if (!(vaddr - from < this.#number(length, at))) return undefined;
    const known = this.#known.get(at);
    if (known !== undefined) return known;
    const hit: SymbolHit = {
      name: this.#name(this.#number(name, at)),
      start: from - this.#number(lead, at),
      size: this.#number(size, at),
    };
    if (this.#known.size >= MAX_KNOWN) this.#known = new Map();
    this.#known.set(at, hit);
    return hit;
  }

  close(): void {
    this.#close();
  }

  #number(column: number, at: number): number {
    const bytes = this.#read(column + 4 * at, 4);
    return bytes === undefined ? 0 : new DataView(bytes.buffer).getUint32(0, true);
  }

  #name(offset: number): string {
    const { names, nameBytes } = this.#places;
    for (let length = NAME_BYTES; ; length *= 8) {
      const most = Math.min(length, nameBytes - offset, MAX_NAME);
      if (most <= 0) return '';
      const bytes = this.#read(names + offset, most) ?? new Uint8Array(1);
      const end = bytes.indexOf(0);
      if (end >= 0 || most < length) return utf8.decode(bytes.subarray(0, end < 0 ? most : end));
    }
  }
}

/** Of everything that is summed, piece by piece. */
function sumOf(read: ReadPart, fileSize: number): number | undefined {
  let sum = 0;
  for (let from = SUMMED_FROM; from < fileSize; from += PIECE_BYTES) {
    const piece = read(from, Math.min(PIECE_BYTES, fileSize - from));
    if (piece === undefined) return undefined;
    sum = crc32(piece, sum);
  }
  return sum;
}

function partOf({ fd }: PrivateFile, from: number, length: number): Uint8Array | undefined {
  try {
    return readPart(fd, from, length);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
