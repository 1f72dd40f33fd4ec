/** Standard input, output and error of a program, as a shell writes where they go. */

import { decodePath, standardState } from '@waggle/bpf';

export interface StandardFile {
  /** standard_state of records.h, and the type of the file. */
  readonly state: number;
  /** Bytes of its path or inode number. */
  readonly length: number;
}

const S_IFMT = 0o170000;
const S_IFSOCK = 0o140000;

/**
 * `</dev/null`, `>/tmp/x`, `>>/var/log/x`, `<>/dev/pts/0`, `>pipe:[4711]`, `<>socket:[4712]`; `-` for one that is
 * closed. Behind the sign of a path that lacks its beginning is a `…`.
 *
 * @param at where the first one's bytes are
 */
export function standardFilesOf(
  bytes: Uint8Array,
  at: number,
  files: readonly StandardFile[],
): string[] {
  const texts: string[] = [];
  let from = at;
  for (const { state, length } of files) {
    const isAsBefore = (state & standardState.STANDARD_AS_BEFORE) !== 0;
    texts.push(isAsBefore ? (texts.at(-1) ?? CLOSED) : textOf(bytes, from, { state, length }));
    from += length;
  }
  return texts;
}

const CLOSED = '-';

function textOf(bytes: Uint8Array, from: number, { state, length }: StandardFile): string {
  if (state === 0) return CLOSED;
  const has = (bit: number): boolean => (state & bit) !== 0;
  const reads = has(standardState.STANDARD_READS);
  const writes = has(standardState.STANDARD_WRITES);
  const sign = `${reads ? '<' : ''}${writes ? '>' : ''}${has(standardState.STANDARD_APPENDS) && writes && !reads ? '>' : ''}`;
  if (!has(standardState.STANDARD_NAMELESS)) {
    const cut = has(standardState.STANDARD_CUT) ? '\u2026' : '';
    return `${sign}${cut}${decodePath(bytes, from, from + length)}`;
  }
  const kind = (state & S_IFMT) === S_IFSOCK ? 'socket' : 'pipe';
  return `${sign}${kind}:[${inodeAt(bytes, from, length)}]`;
}

const INODE_BYTES = 8;
/** Beyond it a number is not exact. */
const EXACT_BYTES = 6;

/** As numbers, for as long as they are exact: a bigint of each byte is an object. */
function inodeAt(bytes: Uint8Array, from: number, length: number): number | bigint {
  const end = from + Math.min(length, INODE_BYTES);
  let high = 0n;
  for (let at = end - 1; at >= from + EXACT_BYTES; at--)
    high = (high << 8n) | BigInt(bytes[at] ?? 0);
  let low = 0;
  for (let at = Math.min(end, from + EXACT_BYTES) - 1; at >= from; at--)
    low = low * 256 + (bytes[at] ?? 0);
  return high === 0n ? low : (high << BigInt(EXACT_BYTES * 8)) | BigInt(low);
}
