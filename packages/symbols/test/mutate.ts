/**
 * Damage for tests and the fuzzer: any bytes, and ELF files where it hurts: header fields, counts,
 * offsets that make sections overlap, links in circles, contents of the sections that are parsed.
 */
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

/** A copy with one to eight places damaged, truncated or with a part repeated now and then. */
export function mutateBytes(original: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  let bytes = original.slice();
  for (let times = 1 + below(8); times > 0; times--) damage(bytes, below(bytes.length), below);
  const fate = below(12);
  if (fate === 0) bytes = bytes.subarray(0, below(bytes.length));
  else if (fate === 1) bytes.copyWithin(below(bytes.length), below(bytes.length));
  return bytes;
}

/** A damaged copy of an ELF64 file. */
export function mutateElf(original: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  let bytes = original.slice();
  const view = new DataView(bytes.buffer);
  const shoff = Number(view.getBigUint64(40, true));
  const shnum = view.getUint16(60, true);
  const phnum = view.getUint16(56, true);
  const header = () => shoff + below(shnum) * 64;
  for (let times = 1 + below(6); times > 0; times--) {
    switch (below(8)) {
      case 0:
        damage(bytes, below(64), below);
        break;
      case 1:
        damage(bytes, 64 + below(phnum * 56), below);
        break;
      case 2:
        damage(bytes, header() + below(64), below);
        break;
      case 3: {
        // Two sections in one place: offset, or offset and size, of another.
        const from = header();
        const to = header();
        for (const field of below(2) === 0 ? [24] : [24, 32]) {
          view.setBigUint64(to + field, view.getBigUint64(from + field, true), true);
        }
        break;
      }
      case 4:
        // Links in circles.
        view.setUint32(header() + 40, below(shnum + 1), true);
        break;
      case 5:
        view.setBigUint64(header() + 32, BigInt(below(2 ** 31)) << BigInt(below(33)), true);
        break;
      default: {
        // In the contents of a section: what is parsed there.
        const at = header();
        const offset = Number(view.getBigUint64(at + 24, true));
        const size = Number(view.getBigUint64(at + 32, true));
        const place = offset + below(Math.max(1, size));
        if (place < bytes.length) damage(bytes, place, below);
      }
    }
  }
  if (below(16) === 0) bytes = bytes.subarray(0, below(bytes.length));
  return bytes;
}

/** One place: a bit, a byte, or a field of four or eight bytes. */
function damage(bytes: Uint8Array, at: number, below: (limit: number) => number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const how = below(5);
  if (how === 0) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
  else if (how === 1) bytes[at] = INTERESTING[below(INTERESTING.length)] as number;
  else if (how === 2 && at + 4 <= bytes.length) view.setUint32(at, 0xffff_ffff - below(3), true);
  else if (how === 3 && at + 8 <= bytes.length) {
    view.setBigUint64(at, BigInt(below(2 ** 32)) << BigInt(below(32)), true);
  } else bytes[at] = below(256);
}
