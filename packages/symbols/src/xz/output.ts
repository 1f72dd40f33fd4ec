/**
 * What a decoder has written so far, which is its dictionary as well: matches copy from bytes that
 * are already here. It grows by doubling up to a limit, so that memory follows what really comes
 * out and not what a header claims.
 */
import { XzError } from './error.ts';

const FIRST_SIZE = 64 * 1024;

export class Output {
  bytes = new Uint8Array(FIRST_SIZE);
  length = 0;
  readonly #limit: number;

  readonly #spend: (bytes: number) => void;

  /** @param spend called with what comes out, before it does; may throw */
  constructor(limit: number, spend: (bytes: number) => void = () => {}) {
    this.#spend = spend;

    this.#limit = limit;
  }

  /** Makes room for `count` more bytes. @throws `XzError('too-large')` beyond the limit */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.#limit) {
      throw new XzError('too-large', `more than ${this.#limit} bytes come out`);
    }
    this.#spend(count);
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(needed, this.bytes.length * 2)));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
