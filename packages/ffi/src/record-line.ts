/**
 * Lines of JSON from the bytes of records, written by C: packages/native/src/record-line.c says what it takes for
 * usual, and writes no other. What a line is made of are steps, which whoever knows the record makes.
 */

import type { Address } from './native/backend.ts';
import type { Native } from './native/native.ts';

/** How a value is written: waggle_line_form of packages/native/src/waggle.h. */
export const lineForm = {
  NAME: 0,
  U32: 1,
  U32_OR_NULL: 2,
  U53: 3,
  U64: 4,
  U64_BARE: 5,
  SINCE: 6,
  BITS: 7,
  FLAG: 8,
  DEVICE: 9,
  DEVICE_OR_NULL: 10,
  NAMED: 11,
  TIME: 12,
  ID: 13,
  PIECE: 14,
  PAYLOAD: 15,
  SKIP: 16,
  TEXT: 17,
  TEXT_OR_NULL: 18,
  LIST: 19,
  PATH: 20,
  STANDARD_FILES: 21,
  OTHER_TEXT: 22,
  OTHER_LIST: 23,
  LEAVE_OUT_IF: 24,
  LEAVE_OUT_UNLESS: 25,
} as const;

/** One value, and what is written before it. */
export interface LineStep {
  /** Of `lineForm`. */
  readonly form: number;
  /** As it is in the line: `,"pid":`. */
  readonly name?: string | undefined;
  /** Bytes from the record's beginning. */
  readonly field?: number | undefined;
  /** By the form. */
  readonly extra?: number | undefined;
  readonly more?: number | undefined;
}

interface TextPlace {
  readonly at: number;
  readonly length: number;
}

/** struct waggle_line_step, in words. */
const STEP_WORDS = 6;
/** struct waggle_line_request, in words. */
const REQUEST = {
  MEMORY: 0,
  TEXTS: 2,
  OFFSET: 4,
  RECORD: 6,
  RECORD_BYTES: 7,
  BOOT_ID: 8,
  BOOT_ID_LENGTH: 9,
  PIECES: 10,
  OTHERS: 20,
  WORDS: 24,
} as const;
const TWO_TO_32 = 0x1_0000_0000;
/** Pieces beside the names of steps. When there is no room for those of another line, all are forgotten. */
const PIECE_BYTES = 128 * 1024;
const PIECE_BYTES_OF_A_LINE = 64 * 1024;

/** Steps of one kind of line, as C takes them. */
class PreparedLine {
  readonly address: Address;
  readonly count: number;
  readonly #words: Uint32Array;

  constructor(native: Native, words: Uint32Array) {
    this.#words = words;
    this.address = native.backend.addressOf(bytesOf(words));
    this.count = this.#words.length / STEP_WORDS;
  }
}

export type { PreparedLine };

export class LineWriter {
  readonly #native: Native;
  readonly #texts: Uint8Array;
  readonly #places = new Map<string, TextPlace>();
  readonly #request = new Uint32Array(REQUEST.WORDS);
  readonly #requestAddress: Address;
  readonly #encoder = new TextEncoder();
  #names = 0;
  #used = 0;
  #clockOffset: bigint | undefined;
  #memory: Uint8Array | undefined;
  #out: Uint8Array | undefined;
  #outAddress = 0;

  /** @param names bytes that the names of all steps take */
  constructor(native: Native, names: number) {
    this.#native = native;
    this.#texts = new Uint8Array(names + PIECE_BYTES);
    this.#requestAddress = native.backend.addressOf(bytesOf(this.#request));
    this.#setAddress(REQUEST.TEXTS, this.#texts);
  }

  /** Of all lines before the first one is written. */
  prepare(steps: readonly LineStep[]): PreparedLine {
    const words = steps.flatMap(({ form, name = '', field = 0, extra = 0, more = 0 }) => {
      const { at, length } = this.#placeOf(name);
      return [form, at, length, field, extra >>> 0, more];
    });
    this.#names = this.#used;
    return new PreparedLine(this.#native, Uint32Array.from(words));
  }

  /**
   * Before the pieces of each line.
   *
   * @param offset of CLOCK_REALTIME to CLOCK_BOOTTIME, ns
   */
  begin(offset: bigint, bootId: string): void {
    if (this.#used + PIECE_BYTES_OF_A_LINE > this.#texts.length) this.#forget();
    this.#setPlace(REQUEST.BOOT_ID, bootId);
    if (offset === this.#clockOffset) return;
    this.#clockOffset = offset;
    const bits = BigInt.asUintN(64, offset);
    this.#request[REQUEST.OFFSET] = Number(bits & 0xffff_ffffn);
    this.#request[REQUEST.OFFSET + 1] = Number(bits >> 32n);
  }

  /** @param json written as it is; those of a line have 64 KiB together */
  setPiece(number: number, json: string): void {
    this.#setPlace(REQUEST.PIECES + 2 * number, json);
  }

  /** The last piece of a line, of any length, which no other line has. @returns whether there is room for it */
  setOnce(number: number, json: string): boolean {
    const { read, written } = this.#encoder.encodeInto(json, this.#texts.subarray(this.#used));
    this.#request[REQUEST.PIECES + 2 * number] = this.#used;
    this.#request[REQUEST.PIECES + 2 * number + 1] = written;
    return read === json.length;
  }

  /** Bytes of the memory; less than 0 for none. */
  setOther(number: number, at: number, length: number): void {
    this.#request[REQUEST.OTHERS + 2 * number] = at;
    this.#request[REQUEST.OTHERS + 2 * number + 1] = length;
  }

  /**
   * Writes the line of the record that is there. Nothing of the arguments is kept by C.
   *
   * @returns how many bytes it has; 0 where C does not write it
   */
  write(
    line: PreparedLine,
    memory: Uint8Array,
    record: number,
    bytes: number,
    out: Uint8Array,
    from: number,
  ): number {
    const request = this.#request;
    if (memory !== this.#memory) {
      this.#memory = memory;
      this.#setAddress(REQUEST.MEMORY, memory);
    }
    if (out !== this.#out) {
      this.#out = out;
      this.#outAddress = this.#native.backend.addressOf(out);
    }
    request[REQUEST.RECORD] = record;
    request[REQUEST.RECORD_BYTES] = bytes;
    return this.#native.waggle.waggle_write_line(
      this.#requestAddress,
      line.address,
      line.count,
      (this.#outAddress + from) as Address,
      out.length - from,
    );
  }

  #setAddress(at: number, bytes: Uint8Array): void {
    const address = this.#native.backend.addressOf(bytes);
    this.#request[at] = address % TWO_TO_32;
    this.#request[at + 1] = Math.floor(address / TWO_TO_32);
  }

  #setPlace(at: number, text: string): void {
    const place = this.#placeOf(text);
    this.#request[at] = place.at;
    this.#request[at + 1] = place.length;
  }

  #placeOf(text: string): TextPlace {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const bytes = this.#encoder.encode(text);
    const place = { at: this.#used, length: bytes.length };
    this.#texts.set(bytes, place.at);
    this.#used += bytes.length;
    this.#places.set(text, place);
    return place;
  }

  #forget(): void {
    this.#used = this.#names;
    for (const [text, { at }] of this.#places) if (at >= this.#names) this.#places.delete(text);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
