/**
 * Reads DWARF's numbers one after the other from bytes, and never past their end. Numbers are
 * doubles: whatever exceeds 2^53 is no offset or address of anything real, and only has to stay
 * large.
 */
import { ElfError } from '../elf/error.ts';
import { viewOf } from '../elf/headers.ts';
import { bytesAt, utf8 } from '../elf/string-table.ts';

export class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.#view = viewOf(bytes);
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Passes over `count` bytes and gives where they began. Throws `ElfError('truncated')`. */
  skip(count: number): number {
    const from = this.at;
    if (!(count >= 0 && from + count <= this.bytes.length)) {
      throw new ElfError('truncated', 'debug information is cut off');
    }
    this.at = from + count;
    return from;
  }

  u8(): number {
    return this.bytes[this.skip(1)] as number;
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u24(): number {
    return this.u16() + this.u8() * 65_536;
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64(): number {
    const at = this.skip(8);
    return this.#view.getUint32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  /** Eight bytes as a signed number: an offset that wraps around at 2^64 comes out as negative. */
  i64(): number {
    const at = this.skip(8);
    return this.#view.getInt32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  unsigned(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 4:
        return this.u32();
      case 8:
        return this.u64();
      default:
        throw new ElfError('malformed', `a number of ${size} bytes in debug information`);
    }
  }

  uleb(): number {
    const { bytes } = this;
    // Nearly all are one byte.
    const first = bytes[this.at];
    if (first !== undefined && first < 0x80) {
      this.at++;
      return first;
    }
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      checkLength(scale);
    }
  }

  /** As `uleb`, of 64 bits that are signed like those of `i64`. Go writes offsets that wrap. */
  wrappingUleb(): number {
    const parts = [0, 0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.u8();
      const part = Math.floor(shift / 28);
      parts[part] = (parts[part] as number) | ((byte & 0x7f) << (shift % 28));
      if (byte < 0x80) break;
    }
    const [low, middle, high] = parts as [number, number, number];
    // 28, 28 and 8 bits; from the top, so that each sum is exact.
    return ((high << 24) >> 24) * 2 ** 56 + middle * 2 ** 28 + low;
  }

  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
      checkLength(scale);
    }
  }

  /** A NUL-terminated string, cut after `limit` bytes; the cursor goes behind its end. */
  string(limit: number): string {
    const end = this.skipString();
    return utf8.decode(bytesAt(this.bytes, end.from, Math.min(limit, end.to - end.from)));
  }

  skipString(): { from: number; to: number } {
    const from = this.at;
    const to = this.bytes.indexOf(0, from);
    if (to < 0) throw new ElfError('truncated', 'a name in debug information has no end');
    this.at = to + 1;
    return { from, to };
  }
}

/** Ten bytes hold 64 bits; longer numbers are made to be slow. */
function checkLength(scale: number): void {
  if (scale > 2 ** 63) throw new ElfError('malformed', 'a number in debug information is endless');
}
