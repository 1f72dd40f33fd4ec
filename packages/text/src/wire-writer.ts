/**
 * The wire format of protocol buffers (protobuf.dev, "Encoding") as it is written field by field, into one
 * piece of memory: a message costs its bytes and no object. Fields of 0 are written as they are asked for.
 */

/** Of a field: a bigint where a double does not hold it exactly. */
export type Integer = number | bigint;

const FIRST_BYTES = 1024;
const VARINT = 0;
const DELIMITED = 2;
/** A tag and a length, or a number of 64 bits. */
const MAX_HEADER = 20;

const encoder = new TextEncoder();

export class WireWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** What was written. It is valid until more is. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written since the last call, as bytes of its own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** A number in 64 bits; one below 0 is as an int64 has it. */
  integer(field: number, value: Integer): void {
    this.#reserve(MAX_HEADER);
    this.#varint(field * 8 + VARINT);
    this.#number(value);
  }

  /** The same, but nothing for 0, which is what an absent field reads as. */
  integerOrNone(field: number, value: Integer): void {
    if (value !== 0 && value !== 0n) this.integer(field, value);
  }

  /** Those of a repeated field, packed; nothing where there are none. */
  integers(field: number, values: readonly Integer[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (const value of values) {
        this.#reserve(MAX_HEADER);
        this.#number(value);
      }
    });
  }

  text(field: number, text: string): void {
    this.message(field, () => {
      this.#reserve(3 * text.length);
      this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    });
  }

  /** Those of a message inside of this one that is bytes already, or of a field of bytes. */
  delimited(field: number, bytes: Uint8Array): void {
    this.message(field, () => this.add(bytes));
  }

  /** Fields that are bytes already. */
  add(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What `write` writes, as a message inside of this one. */
  message(field: number, write: () => void): void {
    this.#reserve(MAX_HEADER);
    this.#varint(field * 8 + DELIMITED);
    // Most lengths take one byte; a longer one moves what it is of.
    const at = ++this.#length;
    write();
    const size = this.#length - at;
    const more = varintBytes(size) - 1;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(at + more, at, this.#length);
    }
    this.#length = at - 1;
    this.#varint(size);
    this.#length += size;
  }

  #number(value: Integer): void {
    if (typeof value === 'number' && value >= 0) this.#varint(value);
    else this.#wideVarint(BigInt.asUintN(64, BigInt(value)));
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #wideVarint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    let size = 2 * this.#bytes.length;
    while (size < this.#length + more) size *= 2;
    const grown = new Uint8Array(size);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
