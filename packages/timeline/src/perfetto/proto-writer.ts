// The wire format of protocol buffers (protobuf.dev, "Encoding") as it is written field by field. Messages
// inside of others have lengths of four bytes, as Perfetto's own writer makes them, so that nothing is moved.

const FIRST_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;
const VARINT = 0;
const DELIMITED = 2;

const encoder = new TextEncoder();

export class ProtoWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** What was written since the last call. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** A number or a bigint, not below 0. */
  integer(field: number, value: number | bigint): void {
    this.#reserve(20);
    this.#varint(field * 8 + VARINT);
    if (typeof value === 'bigint') this.#wideVarint(value);
    else this.#varint(value);
  }

  text(field: number, text: string): void {
    this.#reserve(20 + 3 * text.length);
    this.#varint(field * 8 + DELIMITED);
    const at = this.#length;
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at + LENGTH_BYTES));
    this.#putLength(at, written);
    this.#length = at + LENGTH_BYTES + written;
  }

  message(field: number, write: () => void): void {
    this.#reserve(20);
    this.#varint(field * 8 + DELIMITED);
    const at = this.#length;
    this.#length += LENGTH_BYTES;
    write();
    this.#putLength(at, this.#length - at - LENGTH_BYTES);
  }

  #putLength(at: number, length: number): void {
    for (let byte = 0; byte < LENGTH_BYTES; byte++)
      this.#bytes[at + byte] =
        ((length >>> (7 * byte)) & 0x7f) | (byte < LENGTH_BYTES - 1 ? 0x80 : 0);
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
