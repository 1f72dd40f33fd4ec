/**
 * Bytes that a program chose, as text from which they can be had back. What is no UTF-8 becomes
 * U+DC80 to U+DCFF, one for each byte: half surrogate pairs, which valid UTF-8 never gives (PEP 383,
 * `surrogateescape`). Every encoder makes U+FFFD of them. The records of @waggle/bpf are decoded to the same
 * text by code of their own, within the ring's memory: neither package depends on another.
 */

const REPLACEMENT = '\ufffd';
// Else a byte order mark at the beginning would be dropped, though it is the program's own.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function decodeBytes(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes(REPLACEMENT) ? withEscapedBytes(bytes) : text;
}

function withEscapedBytes(bytes: Uint8Array): string {
  let text = '';
  let valid = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    text += decoder.decode(bytes.subarray(valid, at)) + String.fromCharCode(0xdc00 + bytes[at]!);
    at++;
    valid = at;
  }
  return text + decoder.decode(bytes.subarray(valid));
}

/** Bytes of the UTF-8 character there, 0 for none: table 3-7 of the Unicode standard. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let next = at + 2; next < at + length; next++)
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
