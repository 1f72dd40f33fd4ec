/**
 * Text that is made as bytes, in one buffer that is used again: for output of which there is much. What
 * is usual (digits, ASCII without anything to escape) goes byte by byte; the rest as text does.
 */

import { Buffer } from 'node:buffer';
import { stringifyJson } from './json.ts';

const FIRST_BYTES = 64 * 1024;
/** More than this is given back. */
const KEPT_BYTES = 4 * 1024 * 1024;

const ZERO = 48;
const QUOTE = 34;
const BILLION = 1_000_000_000;
const TWO_TO_32 = 0x1_0000_0000;

/** 1 for what a JSON string holds as it is: ASCII that is seen, but for the quote and the backslash. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== 92),
);

const encoder = new TextEncoder();

/** Text as the bytes that `raw` takes. */
export function rawBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export class ByteWriter {
  bytes: Uint8Array = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;

  /** What was written since clear(). Good until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** Room for that many bytes more. The writers of numbers and raw bytes do not look for themselves. */
  reserve(bytes: number): void {
    if (this.length + bytes > this.bytes.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    let size = 2 * this.bytes.length;
    while (size < this.length + bytes) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  raw(piece: Uint8Array): void {
    const { bytes } = this;
    let at = this.length;
    for (let next = 0; next < piece.length; next++) bytes[at++] = piece[next]!;
    this.length = at;
  }

  /** Any text, as UTF-8. */
  text(text: string): void {
    this.reserve(3 * text.length);
    const { written } = encoder.encodeInto(text, this.bytes.subarray(this.length));
    this.length += written;
  }

  /** What was written between two places before, once more. */
  again(from: number, to: number): void {
    const { bytes } = this;
    let at = this.length;
    for (let next = from; next < to; next++) bytes[at++] = bytes[next]!;
    this.length = at;
  }

  /** A whole number from 0 to 2^53. */
  number(value: number): void {
    if (value >= BILLION) {
      const high = Math.floor(value / BILLION);
      this.number(high);
      this.nineDigits(value - high * BILLION);
      return;
    }
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    this.#digits(value, digits);
  }

  /** With zeros before it. */
  nineDigits(value: number): void {
    this.#digits(value, 9);
  }

  #digits(value: number, digits: number): void {
    const { bytes } = this;
    const start = this.length;
    let rest = value | 0;
    for (let at = start + digits - 1; at >= start; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.length = start + digits;
  }

  /** A 64-bit number by its halves. */
  u64(low: number, high: number): void {
    if (high < 0x20_0000) {
      this.number(high * TWO_TO_32 + low);
      return;
    }
    this.number(billionsOf(low, high));
    this.nineDigits(restOf(low, high));
  }

  /** A JSON string of bytes. `decode` makes the text of those that are not all plain. */
  jsonBytes(
    source: Uint8Array,
    from: number,
    to: number,
    decode: (bytes: Uint8Array, from: number, to: number) => string,
  ): void {
    this.reserve(to - from + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let next = from; next < to; next++) {
      const byte = source[next]!;
      if (IS_PLAIN[byte] === 0) {
        this.text(stringifyJson(decode(source, from, to)));
        return;
      }
      bytes[at++] = byte;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** A JSON string, or null. */
  jsonText(text: string | null | undefined): void {
    if (text === null || text === undefined) {
      this.reserve(4);
      this.raw(NULL);
      return;
    }
    const count = text.length;
    this.reserve(count + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let next = 0; next < count; next++) {
      const code = text.charCodeAt(next);
      if (code > 0x7e || IS_PLAIN[code] === 0) {
        this.text(stringifyJson(text));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }
}

export const NULL: Uint8Array = rawBytes('null');

/** How many billions are in a 64-bit number: by long division, 16 bits at a time. */
export function billionsOf(low: number, high: number): number {
  const first = Math.floor(high / BILLION);
  const middle = (high - first * BILLION) * 0x1_0000 + (low >>> 16);
  const second = Math.floor(middle / BILLION);
  const last = (middle - second * BILLION) * 0x1_0000 + (low & 0xffff);
  return first * TWO_TO_32 + second * 0x1_0000 + Math.floor(last / BILLION);
}

/** What is left of a 64-bit number without its billions. */
export function restOf(low: number, high: number): number {
  const middle = (high % BILLION) * 0x1_0000 + (low >>> 16);
  return ((middle % BILLION) * 0x1_0000 + (low & 0xffff)) % BILLION;
}
