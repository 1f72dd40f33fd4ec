/** Log records that wait to be sent, as bytes: some hundred for each, and no objects. */

import { logAndMetricMessages } from '@waggle/formats';
import { codec, type Draft, lengthTag } from '../schema/codec.ts';

const TAG = lengthTag(logAndMetricMessages.ScopeLogs.logRecords.id);
const FIRST_BYTES = 64 * 1024;

export class LogBatch {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get length(): number {
    return this.#length;
  }

  add(record: Draft<'LogRecord'>): void {
    const bytes = codec.encode('LogRecord', record);
    // A tag of one byte, and a length of at most five.
    this.#reserve(bytes.length + 6);
    this.#bytes[this.#length++] = TAG;
    let rest = bytes.length;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    this.#count++;
  }

  /** The records, until the next is added. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    this.#count = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
