/**
 * What a part of a perf map says of some addresses. Nothing else of it is kept, so that a map of hundreds
 * of megabytes costs no more memory than the addresses that were sampled; and it takes time that grows
 * with the part alone, whatever is in it, for the file is written by whoever is watched.
 */
import { fstatSync, readSync } from 'node:fs';
import { utf8 } from '../elf/string-table.ts';
import type { SymbolHit } from '../symbol-table.ts';
import { MapLine } from './map-line.ts';

export interface PerfMapScan {
  /** Where the part begins, and where it ends. */
  readonly from: number;
  readonly to: number;
  /** `from` lies within a line that is too long to be one. */
  readonly isInLongLine: boolean;
  /** What is before an offset, as it was read: where it is something else, the file was written over. */
  readonly before: { readonly offset: number; readonly bytes: Uint8Array };
  /** Ascending, each once. */
  readonly addresses: Float64Array;
}

export interface ScannedPerfMap {
  /** The file is not what it was: then nothing was read. */
  readonly isWrittenOver: boolean;
  /** Where the first line begins that was not read. */
  readonly offset: number;
  readonly isInLongLine: boolean;
  /** What is before that. */
  readonly tail: Uint8Array;
  /** What covers each address; of several entries the last. */
  readonly found: readonly (SymbolHit | undefined)[];
}

const NEWLINE = 0x0a;
const PIECE = 256 * 1024;
/** A line has five bytes at least. */
const MAX_LINES = PIECE / 4;
/** Bytes that are compared, to see that the file was only appended to. */
const TAIL = 64;
/** Bytes of a name; longer ones are cut. */
const MAX_NAME = 4096;

/** @throws NodeJS.ErrnoException when the file cannot be read. */
export function scanPerfMap(fd: number, scan: PerfMapScan): ScannedPerfMap {
  const { from, to, before } = scan;
  const found = new Array<SymbolHit | undefined>(scan.addresses.length);
  const tail = new Uint8Array(0);
  if (!isBefore(fd, before.offset, before.bytes))
    return { isWrittenOver: true, offset: from, isInLongLine: false, tail, found };
  const piece = new Uint8Array(PIECE);
  const lines = new CoveringLines(scan.addresses);
  let at = { offset: from, isInLongLine: scan.isInLongLine, tail };
  while (at.offset < to) {
    const wanted = Math.min(PIECE, to - at.offset);
    const got = readSync(fd, piece, 0, wanted, at.offset);
    const bytes = piece.subarray(0, got);
    const first = at.isInLongLine ? bytes.indexOf(NEWLINE) + 1 : 0;
    const isWithin = at.isInLongLine && first === 0;
    const read = isWithin ? 0 : lines.read(bytes, first, found);
    // A piece without a newline is a line that is none, or the beginning of one that is not written yet.
    const isLong = isWithin || (read === 0 && got === PIECE);
    const used = isLong ? got : read;
    if (used === 0) break;
    const offset = at.offset + used;
    at = { offset, isInLongLine: isLong, tail: bytes.slice(Math.max(0, used - TAIL), used) };
  }
  return { isWrittenOver: false, ...at, found };
}

/** Whether just those bytes are before an offset. */
function isBefore(fd: number, offset: number, bytes: Uint8Array): boolean {
  if (bytes.length === 0) return fstatSync(fd).size >= offset;
  const now = new Uint8Array(bytes.length);
  const got = readSync(fd, now, 0, bytes.length, offset - bytes.length);
  return got === bytes.length && now.every((byte, index) => byte === bytes[index]);
}

/** Those lines of one piece that cover an address which is asked for. */
class CoveringLines {
  readonly #line = new MapLine();
  #count = 0;
  readonly #first = new Int32Array(MAX_LINES);
  readonly #last = new Int32Array(MAX_LINES);
  readonly #lineStart = new Int32Array(MAX_LINES);
  readonly #lineEnd = new Int32Array(MAX_LINES);
  /** From an address that has its answer on: the next that may have none. */
  readonly #next: Int32Array;

  readonly #addresses: Float64Array;

  constructor(addresses: Float64Array) {
    this.#addresses = addresses;

    this.#next = new Int32Array(addresses.length + 1);
  }

  /** Reads the whole lines from `start` on; gives where the last one ends, or 0 if there is none. */
  read(bytes: Uint8Array, start: number, found: (SymbolHit | undefined)[]): number {
    this.#count = 0;
    let at = start;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) break;
      if (this.#line.read(bytes, at, newline)) this.#add(at, newline);
      at = newline + 1;
    }
    if (this.#count > 0) this.#answer(bytes, found);
    return at;
  }

  #add(lineStart: number, lineEnd: number): void {
    const { start, size } = this.#line;
    const first = this.#atOrAfter(start);
    if (!((this.#addresses[first] ?? Number.POSITIVE_INFINITY) < start + size)) return;
    this.#first[this.#count] = first;
    this.#last[this.#count] = this.#atOrAfter(start + size) - 1;
    this.#lineStart[this.#count] = lineStart;
    this.#lineEnd[this.#count++] = lineEnd;
  }

  /** From the last line to the first, so that each address is answered once, however many cover it. */
  #answer(bytes: Uint8Array, found: (SymbolHit | undefined)[]): void {
    const next = this.#next;
    for (let index = 0; index < next.length; index++) next[index] = index;
    for (let index = this.#count - 1; index >= 0; index--) {
      const last = this.#last[index] as number;
      let address = this.#openFrom(this.#first[index] as number);
      if (address > last) continue;
      const hit = this.#hitOf(
        bytes,
        this.#lineStart[index] as number,
        this.#lineEnd[index] as number,
      );
      for (; address <= last; address = this.#openFrom(address)) {
        found[address] = hit;
        next[address] = address + 1;
      }
    }
  }

  /** The first address from there on that has no answer of this piece (Tarjan's union-find). */
  #openFrom(index: number): number {
    const next = this.#next;
    let end = index;
    while (next[end] !== end) end = next[end] as number;
    for (let at = index; at !== end; ) {
      const following = next[at] as number;
      next[at] = end;
      at = following;
    }
    return end;
  }

  #hitOf(bytes: Uint8Array, lineStart: number, lineEnd: number): SymbolHit {
    this.#line.read(bytes, lineStart, lineEnd);
    const { start, size, nameStart, nameEnd } = this.#line;
    const end = Math.min(nameEnd, nameStart + MAX_NAME);
    return { name: utf8.decode(bytes.subarray(nameStart, end)), start, size };
  }

  #atOrAfter(address: number): number {
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#addresses[middle] as number) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
