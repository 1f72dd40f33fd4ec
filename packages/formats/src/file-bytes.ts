/**
 * A file's bytes as they are to be read: unpacked where they are packed, within a limit (a hostile
 * file unpacks to a thousand times its size), and as text in the encoding that its first bytes tell.
 */
import { MemoryBudget } from './memory-budget.ts';
import { zlib } from './zlib.ts';

/** What JavaScript engines take as one text. */
const MAX_UNPACKED_BYTES = 1 << 30;
const UNPACKED = 'its unpacked bytes';

export function startsWith(bytes: Uint8Array, ...magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/**
 * @throws ProfileTooLargeError when there is more in them than the budget has; an Error when the bytes
 * begin as gzip or zstd and are broken, or unknown here.
 */
export function unpacked(
  bytes: Uint8Array,
  budget: MemoryBudget = new MemoryBudget(bytes.length),
): Uint8Array {
  try {
    const content = unpackedWithin(bytes, Math.min(MAX_UNPACKED_BYTES, budget.left));
    if (content !== bytes) budget.spend(content.length, UNPACKED);
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw budget.tooLarge(UNPACKED);
  }
}

function unpackedWithin(bytes: Uint8Array, maxOutputLength: number): Uint8Array {
  const limit = { maxOutputLength };
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
