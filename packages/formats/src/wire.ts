/**
 * The wire format of protocol buffers (protobuf.dev, "Encoding"), as far as pprof has it: fields one
 * after the other, without an object for each number. Numbers that a double holds exactly are numbers,
 * others bigints.
 */

import type { Integer } from '@waggle/text/wire';

export type { Integer };

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const FIXED_BYTES: Readonly<Record<number, number>> = { [FIXED64]: 8, [FIXED32]: 4 };

const decoder = new TextDecoder();

export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  /** Where the next byte is. */
  get at(): number {
    return this.#at;
  }

  /**
   * Calls `take` with the number of each field and its reader, and leaves out those that it did not
   * read: by `integers`, `integer`, `message` or `text`.
   *
   * @throws Error when the bytes are no message.
   */
  fields(take: (field: number, value: WireValue) => void): void {
    const value = new WireValue(this);
    while (this.#at < this.#end) {
      const tag = Number(this.varint());
      const wire = tag % 8;
      const field = Math.floor(tag / 8);
      if (field === 0) throw new Error('a field has the number 0');
      if (wire === VARINT) value.ofNumber(this.varint());
      else {
        const length = wire === BYTES ? Number(this.varint()) : FIXED_BYTES[wire];
        if (length === undefined) throw new Error(`wire type ${wire} is not known`);
        if (!(this.#at + length <= this.#end)) throw new Error('it ends in the middle of a field');
        value.ofBytes(wire === BYTES, this.#at, this.#at + length);
        this.#at += length;
      }
      take(field, value);
    }
  }

  isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  reader(from: number, end: number): WireReader {
    return new WireReader(this.#bytes, from, end);
  }

  text(from: number, end: number): string {
    return decoder.decode(this.#bytes.subarray(from, end));
  }

  /** Unsigned. */
  varint(): Integer {
    let value = 0;
    let scale = 1;
    const from = this.#at;
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : this.#wide(from);
      scale *= 128;
      if (this.#at - from >= 10) throw new Error('a number is longer than 64 bits');
    }
    throw new Error('it ends in the middle of a number');
  }

  #wide(from: number): bigint {
    let value = 0n;
    for (let at = this.#at - 1; at >= from; at--)
      value = (value << 7n) | BigInt((this.#bytes[at] as number) & 0x7f);
    return BigInt.asUintN(64, value);
  }
}

/** Two's complement of 64 bits, as int64 fields have it. */
export function signed(value: Integer): Integer {
  if (typeof value === 'number') return value;
  const wide = BigInt.asIntN(64, value);
  const number = Number(wide);
  return Number.isSafeInteger(number) ? number : wide;
}

/** One field's value. It is valid until the next one is read. */
export class WireValue {
  readonly #reader: WireReader;
  #number: Integer = 0;
  #isNumber = true;
  #isDelimited = false;
  #from = 0;
  #end = 0;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  ofNumber(value: Integer): void {
    this.#number = value;
    this.#isNumber = true;
    this.#isDelimited = false;
  }

  ofBytes(isDelimited: boolean, from: number, end: number): void {
    this.#isNumber = false;
    this.#isDelimited = isDelimited;
    this.#from = from;
    this.#end = end;
  }

  /** 0 where it is none. */
  integer(): Integer {
    return this.#isNumber ? this.#number : 0;
  }

  /** Bytes that it takes. */
  get length(): number {
    return this.#isDelimited ? this.#end - this.#from : 0;
  }

  get from(): number {
    return this.#from;
  }

  /** Those of a repeated field, packed or one by one: the runtime of Go writes short lists so. */
  integers(take: (value: Integer) => void): void {
    if (this.#isNumber) take(this.#number);
    if (!this.#isDelimited) return;
    const packed = this.#reader.reader(this.#from, this.#end);
    while (!packed.isAtEnd()) take(packed.varint());
  }

  message(take: (field: number, value: WireValue) => void): void {
    if (this.#isDelimited) this.#reader.reader(this.#from, this.#end).fields(take);
  }

  text(): string {
    return this.#isDelimited ? this.#reader.text(this.#from, this.#end) : '';
  }
}
