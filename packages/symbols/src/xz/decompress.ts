/**
 * Decompresses .xz files in memory, for .gnu_debugdata: all streams and blocks, their headers,
 * sizes and checks verified. Synchronous and bounded in what may come out; the libraries at hand
 * are either streams of promises (xz-decompress) or native addons. Source: the .xz file format
 * specification 1.2.
 */

import { cryptography } from '../crypto.ts';
import { crc32, crc64 } from './checksum.ts';
import { XzError } from './error.ts';
import { decodeLzma2 } from './lzma2.ts';
import { Output } from './output.ts';

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const HEADER_SIZE = 12;
const FILTER_LZMA2 = 0x21;
const CHECK_CRC32 = 1;
const CHECK_CRC64 = 4;
const CHECK_SHA256 = 10;
/** Bytes of each kind of check, by its number; kinds without a name are skipped by size. */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/**
 * The decompressed bytes.
 * @throws `XzError`: `damaged`, `unsupported` (a filter other than LZMA2), or `too-large` as soon
 *   as more than `maxOutput` bytes come out; and what `spend` throws, which is called with the
 *   bytes of each chunk before it is decompressed
 */
export function decompressXz(
  input: Uint8Array,
  maxOutput: number,
  spend?: (bytes: number) => void,
): Uint8Array {
  const output = new Output(maxOutput, spend);
  let at = 0;
  do {
    at = decodeStream(input, at, output);
    // Between streams and behind the last one: zeros, a multiple of four.
    while (at + 4 <= input.length && view(input).getUint32(at) === 0) at += 4;
  } while (at < input.length);
  return output.bytes.slice(0, output.length);
}

/** A reader of fields that stops at the end of what it was given. */
class Fields {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new XzError('damaged', 'the data is cut off');
    this.at++;
    return byte;
  }

  /** Seven bits per byte, the lowest first; beyond 2^53 is no size of anything here. */
  integer(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new XzError('damaged', 'a number is out of range');
  }

  /** The four bytes here must be the CRC-32 of what stands from `from` up to them. */
  checkCrc32(from: number, what: string): void {
    const expected = crc32(this.bytes.subarray(from, this.at));
    if (this.at + 4 > this.bytes.length) throw new XzError('damaged', 'the data is cut off');
    if (view(this.bytes).getUint32(this.at, true) !== expected) {
      throw new XzError('damaged', `the checksum of the ${what} is wrong`);
    }
    this.at += 4;
  }

  padTo4(from: number): void {
    while ((this.at - from) % 4 !== 0) {
      if (this.byte() !== 0) throw new XzError('damaged', 'padding is not zero');
    }
  }
}

function decodeStream(input: Uint8Array, start: number, output: Output): number {
  if (MAGIC.some((byte, i) => input[start + i] !== byte)) {
    throw new XzError('damaged', 'the data does not begin with the xz magic');
  }
  const fields = new Fields(input, start + MAGIC.length);
  const reserved = fields.byte();
  const check = fields.byte();
  fields.checkCrc32(start + MAGIC.length, 'stream header');
  const checkSize = CHECK_SIZES[check];
  if (reserved !== 0 || checkSize === undefined) {
    throw new XzError('unsupported', 'unknown stream flags');
  }
  let blocks = 0;
  while (fields.bytes[fields.at] !== 0) {
    decodeBlock(fields, check, checkSize, output);
    blocks++;
  }
  const index = fields.at;
  skipIndex(fields, blocks);
  checkFooter(fields, fields.at - index, check);
  return fields.at;
}

function decodeBlock(fields: Fields, check: number, checkSize: number, output: Output): void {
  const start = fields.at;
  const headerEnd = start + fields.byte() * 4;
  const flags = fields.byte();
  const compressed = flags & 0x40 ? fields.integer() : undefined;
  const uncompressed = flags & 0x80 ? fields.integer() : undefined;
  if ((flags & 0x3f) !== 0) throw new XzError('unsupported', 'a chain of filters');
  if (fields.integer() !== FILTER_LZMA2) throw new XzError('unsupported', 'a filter not LZMA2');
  // One byte, the dictionary's size: all output stays in memory, so it does not matter.
  if (fields.integer() !== 1) throw new XzError('damaged', 'bad LZMA2 properties');
  fields.byte();
  if (fields.at > headerEnd) throw new XzError('damaged', 'a block header is too short');
  fields.at = headerEnd;
  fields.checkCrc32(start, 'block header');
  const dataStart = fields.at;
  const outputStart = output.length;
  fields.at = decodeLzma2(fields.bytes, dataStart, output);
  const packed = fields.at - dataStart;
  const unpacked = output.length - outputStart;
  if ((compressed ?? packed) !== packed || (uncompressed ?? unpacked) !== unpacked) {
    throw new XzError('damaged', 'a block is not as long as its header says');
  }
  fields.padTo4(dataStart);
  const sum = fields.bytes.subarray(fields.at, fields.at + checkSize);
  if (sum.length !== checkSize) throw new XzError('damaged', 'the data is cut off');
  fields.at += checkSize;
  const expected = checksumOf(check, output.bytes.subarray(outputStart, output.length));
  if (expected?.some((byte, i) => sum[i] !== byte)) {
    throw new XzError('damaged', 'the checksum of a block is wrong');
  }
}

function checksumOf(check: number, bytes: Uint8Array): Uint8Array | undefined {
  if (check === CHECK_CRC64) return crc64(bytes);
  if (check === CHECK_SHA256) return cryptography().createHash('sha256').update(bytes).digest();
  if (check !== CHECK_CRC32) return undefined;
  const sum = new Uint8Array(4);
  view(sum).setUint32(0, crc32(bytes), true);
  return sum;
}

function skipIndex(fields: Fields, blocks: number): void {
  const start = fields.at;
  fields.byte();
  if (fields.integer() !== blocks) throw new XzError('damaged', 'the index counts other blocks');
  for (let i = 0; i < 2 * blocks; i++) fields.integer();
  fields.padTo4(start);
  fields.checkCrc32(start, 'index');
}

function checkFooter(fields: Fields, indexSize: number, check: number): void {
  const { bytes, at } = fields;
  if (at + HEADER_SIZE > bytes.length) throw new XzError('damaged', 'the data is cut off');
  const footer = view(bytes);
  const sound =
    footer.getUint32(at, true) === crc32(bytes.subarray(at + 4, at + 10)) &&
    (footer.getUint32(at + 4, true) + 1) * 4 === indexSize &&
    bytes[at + 8] === 0 &&
    bytes[at + 9] === check &&
    bytes[at + 10] === 0x59 &&
    bytes[at + 11] === 0x5a;
  if (!sound) throw new XzError('damaged', 'the stream footer is wrong');
  fields.at += HEADER_SIZE;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
