/**
 * Bytes of a record to text: names with U+FFFD for what is no UTF-8, arguments and paths without any
 * loss.
 */

import { Buffer } from 'node:buffer';

// Else a byte order mark at the beginning would be dropped, though it is the program's own.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Below this, building the string here is quicker than a call of TextDecoder. */
const SHORT_TEXT_BYTES = 24;

/** Invalid UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  // The ring buffer's memory on Bun: half the time of a TextDecoder, and no view to be made.
  if (bytes instanceof Buffer) return bytes.toString('utf8', start, end);
  if (end - start > SHORT_TEXT_BYTES) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * Invalid UTF-8 becomes U+DC80 to U+DCFF, one for each byte, so that the bytes can be had back: half
 * surrogate pairs, which valid UTF-8 never gives (PEP 383, `surrogateescape`). Every encoder makes
 * U+FFFD of them.
 */
export function decodeBytes(bytes: Uint8Array, start: number, end: number): string {
  // A length that leads out of the memory would be walked through to its end.
  const last = Math.min(end, bytes.length);
  const text = decodeText(bytes, start, last);
  return text.includes(REPLACEMENT) ? withEscapedBytes(bytes, start, last) : text;
}

const REPLACEMENT = '\ufffd';

function withEscapedBytes(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let valid = start;
  for (let at = start; at < end; ) {
    const length = sequenceLength(bytes, at, end);
    if (length > 0) {
      at += length;
      continue;
    }
    text += decodeText(bytes, valid, at) + String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    at++;
    valid = at;
  }
  return text + decodeText(bytes, valid, end);
}

/** Bytes of the UTF-8 character there, 0 for none: table 3-7 of the Unicode standard. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let next = at + 2; next < at + length; next++)
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/** Each ends with a NUL, but for a last one that was cut. As decodeBytes. */
export function decodeStrings(bytes: Uint8Array, start: number, end: number): string[] {
  if (start === end) return [];
  const stop = bytes[end - 1] === 0 ? end - 1 : end;
  return decodeBytes(bytes, start, stop).split('\0');
}

/**
 * A path of which each component ends with a NUL, the leaf first, as the kernel can walk it. A component
 * may hold any byte but NUL and the slash; as decodeBytes.
 */
export function decodePath(bytes: Uint8Array, start: number, until: number): string {
  const end = Math.min(until, bytes.length);
  let path = '';
  for (let at = start; at < end; ) {
    let stop = at;
    while (stop < end && bytes[stop] !== 0) stop++;
    path = `/${decodeBytes(bytes, at, stop)}${path}`;
    at = stop + 1;
  }
  return path === '' ? '/' : path;
}
