/**
 * From text in which bytes that were no UTF-8 are kept (escapedByte) to bytes, and to text that
 * every reader takes: half a surrogate pair in JSON is an error to many.
 */

import { escapedByte } from './printable.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The bytes that the text was decoded from. */
export function bytesOf(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const byte = escapedByte(character.codePointAt(0) ?? 0);
    if (byte === undefined) bytes.push(...encoder.encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** The same text with U+FFFD for bytes that were no UTF-8, as every decoder puts it. */
export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : decoder.decode(bytesOf(text));
}
