/**
 * A file's bytes as they are to be read: unpacked where they are packed, within a limit (a hostile
 * file unpacks to a thousand times its size), and as text in the encoding that its first bytes tell.
 */
import { zlib } from './zlib.ts';

/** A profile unpacks to some ten times its size. */
const MOST_UNPACKED_BYTES = 1 << 30;

export function startsWith(bytes: Uint8Array, ...magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/** @throws an Error when the bytes begin as gzip or zstd and are broken, too many, or unknown here. */
export function unpacked(bytes: Uint8Array): Uint8Array {
  const limit = { maxOutputLength: MOST_UNPACKED_BYTES };
  if (startsWith(bytes, 0x1f, 0x8b)) return zlib().gunzipSync(bytes, limit);
  if (startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd)) {
    // In Node from 22.15 on, and in Bun.
    const { zstdDecompressSync } = zlib();
    if (zstdDecompressSync === undefined)
      throw new Error('packed with zstd, which this runtime cannot unpack: use unzstd first');
    return zstdDecompressSync(bytes, limit);
  }
  return bytes;
}

/** UTF-8, or UTF-16 with a byte order mark, as PowerShell's `>` writes it. */
export function textOf(bytes: Uint8Array): string {
  if (startsWith(bytes, 0xff, 0xfe)) return new TextDecoder('utf-16le').decode(bytes);
  if (startsWith(bytes, 0xfe, 0xff)) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder().decode(bytes);
}
