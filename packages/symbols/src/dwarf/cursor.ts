/** Reads DWARF's numbers and names one after the other. */
import { ByteCursor } from '../bytes/byte-cursor.ts';
import { ElfError } from '../elf/error.ts';
import { bytesAt, utf8 } from '../elf/string-table.ts';

export class DwarfCursor extends ByteCursor {
  /** @throws ElfError */
  protected override error(code: 'truncated' | 'malformed', message: string): ElfError {
    return new ElfError(code, `debug information: ${message}`);
  }

  u24(): number {
    return this.u16() + this.u8() * 65_536;
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
