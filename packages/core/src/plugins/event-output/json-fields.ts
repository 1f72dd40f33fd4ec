/**
 * Fields of JSON from the bytes of records: a name, and behind it a number, a text or a list. What they are the
 * fields of is in record-json.ts.
 */

import { decodeBytes, decodePath } from '@waggle/bpf';
import type { NumberOf, TextField } from '@waggle/events';
import { type ByteWriter, NULL, rawBytes } from '@waggle/text';

/** More than the fields of a line take that are no text: names, numbers, ids. */
export const FIXED_BYTES = 2048;
const COMMA = 44;
const QUOTE = 34;
const SLASH = 47;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const TRUE = rawBytes('true');
const FALSE = rawBytes('false');
const EMPTY_LIST = rawBytes('[]');

/** A text of a table, with what is written before it and before whether it is cut. */
interface KeyedText extends Pick<TextField<unknown>, 'form'> {
  /** The word of the record that has it. */
  readonly length: number;
  readonly key: Uint8Array;
  readonly cutKey: Uint8Array;
  /** 0 where the record does not tell. */
  readonly cut: number;
}

/** Room for FIXED_BYTES is there before each field, and is made again behind one of any length. */
export class JsonFields {
  readonly #out: ByteWriter;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** @param none the number that stands for none, and is null. */
  number(name: Uint8Array, value: number, none = -1): void {
    this.#out.raw(name);
    if (value === none) this.#out.raw(NULL);
    else this.#out.number(value);
  }

  /** Each from where the reader has it, 64 bits as a string. */
  numbers<Reader>(
    fields: readonly (readonly [name: Uint8Array, from: NumberOf<Reader>])[],
    reader: Reader,
  ): void {
    const out = this.#out;
    for (const [name, from] of fields) {
      const value = reader[from] as number | bigint;
      out.raw(name);
      if (typeof value === 'number') out.number(value);
      else out.jsonText(String(value));
    }
  }

  /** Each behind the one before. @returns where the last ends */
  texts(
    fields: readonly KeyedText[],
    words: Uint32Array,
    record: number,
    bytes: Uint8Array,
    flags: number,
    from: number,
  ): number {
    let at = from;
    for (const { key, length, form, cut, cutKey } of fields) {
      const end = at + words[record + length]!;
      if (form === 'path') this.path(key, bytes, at, end);
      else if (end === at) this.text(key, null);
      else this.bytes(key, bytes, at, end);
      if (cut !== 0) this.flag(cutKey, (flags & cut) !== 0);
      at = end;
    }
    return at;
  }

  u64(name: Uint8Array, words: Uint32Array, at: number): void {
    const out = this.#out;
    out.raw(name);
    out.byte(QUOTE);
    out.u64(words[at]!, words[at + 1]!);
    out.byte(QUOTE);
  }

  flag(name: Uint8Array, value: boolean): void {
    this.#out.raw(name);
    this.#out.raw(value ? TRUE : FALSE);
  }

  text(name: Uint8Array, text: string | null | undefined): void {
    this.#out.raw(name);
    this.#out.jsonText(text);
    this.#out.reserve(FIXED_BYTES);
  }

  /** What is JSON already. */
  json(value: Uint8Array): void {
    this.#out.reserve(value.length + FIXED_BYTES);
    this.#out.raw(value);
  }

  bytes(name: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    this.#out.raw(name);
    this.#out.jsonBytes(bytes, from, to, decodeBytes);
    this.#out.reserve(FIXED_BYTES);
  }

  /** Strings with a NUL behind each, but for a last one that was cut: as decodeStrings takes them. */
  list(name: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    const out = this.#out;
    out.raw(name);
    if (from === to) {
      out.raw(EMPTY_LIST);
      return;
    }
    const stop = bytes[to - 1] === 0 ? to - 1 : to;
    out.byte(OPEN_LIST);
    for (let at = from; ; ) {
      let end = at;
      while (end < stop && bytes[end] !== 0) end++;
      out.jsonBytes(bytes, at, end, decodeBytes);
      out.reserve(FIXED_BYTES);
      if (end >= stop) break;
      out.byte(COMMA);
      at = end + 1;
    }
    out.byte(CLOSE_LIST);
  }

  strings(name: Uint8Array, words: readonly string[]): void {
    const out = this.#out;
    out.raw(name);
    out.byte(OPEN_LIST);
    for (const [index, word] of words.entries()) {
      if (index > 0) out.byte(COMMA);
      out.jsonText(word);
      out.reserve(FIXED_BYTES);
    }
    out.byte(CLOSE_LIST);
  }

  /** Components with a NUL behind each, the leaf first: as decodePath takes them. */
  path(name: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    const out = this.#out;
    out.raw(name);
    const start = out.length;
    out.reserve(to - from + FIXED_BYTES);
    out.byte(QUOTE);
    let end = to > from && bytes[to - 1] === 0 ? to - 1 : to;
    if (from === to) out.byte(SLASH);
    for (let at = end; from < to && at >= from; ) {
      while (at > from && bytes[at - 1] !== 0) at--;
      out.byte(SLASH);
      for (let next = at; next < end; next++) {
        const byte = bytes[next]!;
        if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) {
          out.length = start;
          out.jsonText(decodePath(bytes, from, to));
          out.reserve(FIXED_BYTES);
          return;
        }
        out.byte(byte);
      }
      end = at - 1;
      at = end;
    }
    out.byte(QUOTE);
  }
}
