// Damage to any bytes: bits, interesting numbers of each width and order, lengths, pieces that are cut
// out, repeated or of another input, and for text its numbers and separators.

import type { Random } from './target.ts';

const INTERESTING = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];
const TEXTS = [
  '-1',
  '0',
  '1e309',
  '9007199254740993',
  '18446744073709551616',
  'NaN',
  'null',
  '[]',
  '{}',
  '""',
  '\0',
  '\n',
  '\n\n',
  ' ',
  ';',
  ':',
  ',',
  '\\u0000',
  '__proto__',
  'constructor',
  '\ud83c\udf41',
];
const MAX_BYTES = 1 << 20;

/** @param other another input of the corpus, of which pieces are taken. */
export function mutate(seed: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  let bytes = seed.slice();
  for (let times = 1 + below(8); times > 0; times--) bytes = damaged(bytes, other, below);
  return bytes.subarray(0, MAX_BYTES);
}

function damaged(
  bytes: Uint8Array<ArrayBuffer>,
  other: Uint8Array,
  below: (limit: number) => number,
): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  const at = below(length + 1);
  switch (below(12)) {
    case 0:
    case 1:
      if (at < length) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
      return bytes;
    case 2:
      if (at < length) bytes[at] = below(256);
      return bytes;
    case 3:
    case 4: {
      const width = 1 << below(4);
      let value = INTERESTING[below(INTERESTING.length)] as bigint;
      const isBig = below(4) === 0;
      for (let byte = 0; byte < width && at + byte < length; byte++, value >>= 8n)
        bytes[isBig ? at + width - 1 - byte : at + byte] = Number(value & 0xffn);
      return bytes;
    }
    case 5: {
      // A length or a count that is a little wrong.
      if (at < length) bytes[at] = (bytes[at] as number) + below(9) - 4;
      return bytes;
    }
    case 6:
      return bytes.slice(0, at);
    case 7: {
      const cut = below(Math.min(64, length - at + 1));
      return joined(bytes.subarray(0, at), bytes.subarray(at + cut));
    }
    case 8: {
      // A piece again, now and then often.
      const piece = bytes.subarray(at, at + below(256));
      const times = below(8) === 0 ? below(256) : 1;
      return joined(bytes.subarray(0, at), ...Array(times).fill(piece), bytes.subarray(at));
    }
    case 9: {
      const from = below(other.length + 1);
      const piece = other.subarray(from, from + below(512));
      const cut = below(2) * piece.length;
      return joined(bytes.subarray(0, at), piece, bytes.subarray(at + cut));
    }
    default: {
      const text = new TextEncoder().encode(TEXTS[below(TEXTS.length)]);
      return joined(bytes.subarray(0, at), text, bytes.subarray(at + below(text.length + 1)));
    }
  }
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
