/**
 * A cursor over one section that cannot leave its window: every read is checked against `end` and
 * throws `UnwindError('truncated')`. Little-endian. 64-bit values are numbers; what a double cannot
 * hold exactly comes out at or beyond 2^53, which no caller accepts as an address or offset.
 */
import { UnwindError } from '../error.ts';

export class ByteReader {
  readonly bytes: Uint8Array;
  position: number;
  end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves the window; `end` must lie within the bytes. */
  window(position: number, end: number): void {
    if (!(position >= 0 && position <= end && end <= this.bytes.length)) {
      throw new UnwindError('truncated', `${position}..${end} of ${this.bytes.length} bytes`);
    }
    this.position = position;
    this.end = end;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.bytes[this.#take(1)]!;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }

  s8(): number {
    return (this.u8() << 24) >> 24;
  }

  s16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  s32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  s64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 0x1_0000_0000;
  }

  uleb(): number {
    const { bytes, end } = this;
    let at = this.position;
    let value = 0;
    let scale = 1;
    for (;;) {
      if (at >= end) throw this.#truncated(1);
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      // Padding to any length is legal; digits beyond 2^63 would only overflow the double.
      if (scale < 2 ** 63) scale *= 128;
    }
    this.position = at;
    return value;
  }

  sleb(): number {
    const { bytes, end } = this;
    let at = this.position;
    let value = 0;
    let scale = 1;
    for (;;) {
      if (at >= end) throw this.#truncated(1);
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (scale < 2 ** 63) scale *= 128;
      if (byte < 0x80) {
        // The sign is bit 6 of the last byte: below zero, the value counts down from the next power.
        if ((byte & 0x40) !== 0) value -= scale;
        break;
      }
    }
    this.position = at;
    return value;
  }

  /** A NUL-terminated string of at most `limit` bytes. */
  string(limit: number): string {
    let text = '';
    for (let count = 0; count <= limit; count++) {
      const byte = this.u8();
      if (byte === 0) return text;
      text += String.fromCharCode(byte);
    }
    throw new UnwindError('malformed', `a string at ${this.position} exceeds ${limit} bytes`);
  }

  #take(count: number): number {
    const at = this.position;
    if (!(count >= 0 && at + count <= this.end)) throw this.#truncated(count);
    this.position = at + count;
    return at;
  }

  #truncated(count: number): UnwindError {
    return new UnwindError('truncated', `${count} bytes at ${this.position} end past ${this.end}`);
  }
}
