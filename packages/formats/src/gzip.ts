/** Bytes unpacked where they are packed, within a limit: a hostile file unpacks to a thousand times its size. */
import { zlib } from './zlib.ts';

const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** A profile unpacks to some ten times its size. */
const MOST_UNPACKED_BYTES = 1 << 30;

export function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
}

/** @throws an Error when the bytes begin as gzip and are broken, or too many. */
export function unpacked(bytes: Uint8Array): Uint8Array {
  return isGzipped(bytes)
    ? zlib().gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED_BYTES })
    : bytes;
}
