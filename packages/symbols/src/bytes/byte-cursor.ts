/**
 * Reads numbers one after the other from bytes, and never past their end: little-endian, fixed or as
 * LEB128 (DWARF 5, 7.6). Numbers are doubles: whatever exceeds 2^53 is no offset or address of anything
 * real, and only has to stay large. What reads one kind of bytes extends this with an error of its own.
 */

/** LEB128 of 64 bits has ten bytes; longer numbers are made to be slow. */
const MAX_SCALE = 2 ** 63;

/**
 * Places and counts are bytes.
 *
 * @throws What error() makes, each read: `truncated` at the end of the bytes, `malformed` for a LEB128 number
 *   without an end.
 */
export abstract class ByteCursor {
  readonly bytes: Uint8Array;
  /** Of the next byte. */
  at: number;
  /** Behind the last byte that is read. */
  end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  protected abstract error(code: 'truncated' | 'malformed', message: string): Error;

  get done(): boolean {
    return this.at >= this.end;
  }

  /** Moves to other bytes of the same. @throws `error('truncated')` as the reads do, unless they lie within the bytes. */
  window(at: number, end: number): void {
    if (!(at >= 0 && at <= end && end <= this.bytes.length))
      throw this.error('truncated', `${at}..${end} of ${this.bytes.length} bytes`);
    this.at = at;
    this.end = end;
  }

  /** Passes over `count` bytes and gives where they began. @throws `error('truncated')` */
  skip(count: number): number {
    const from = this.at;
    if (!(count >= 0 && from + count <= this.end))
      throw this.error('truncated', `${count} bytes at ${from} end past ${this.end}`);
    this.at = from + count;
    return from;
  }

  u8(): number {
    return this.bytes[this.skip(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64(): number {
    const at = this.skip(8);
    return this.#view.getUint32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  i8(): number {
    return this.#view.getInt8(this.skip(1));
  }

  i16(): number {
    return this.#view.getInt16(this.skip(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  /** An offset that wraps around at 2^64 comes out as negative. */
  i64(): number {
    const at = this.skip(8);
    return this.#view.getInt32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  uleb(): number {
    const { bytes } = this;
    // Nearly all are one byte.
    const first = bytes[this.at];
    if (first !== undefined && first < 0x80 && this.at < this.end) {
      this.at++;
      return first;
    }
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      this.#checkLength(scale);
    }
  }

  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      // The sign is bit 6 of the last byte: below zero, the value counts down from the next power.
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
      this.#checkLength(scale);
    }
  }

  #checkLength(scale: number): void {
    if (scale > MAX_SCALE) throw this.error('malformed', `the number before ${this.at} is endless`);
  }
}
