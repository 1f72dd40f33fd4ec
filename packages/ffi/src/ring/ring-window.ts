/**
 * Which part of a ring's data can be read now. The kernel puts every page of a mapping into our memory at once,
 * and a ring is mapped twice: one of 8 MiB would take 16 MiB of what is resident, nearly all of it for nothing.
 * So a range of addresses is kept for all of it, and what is read is mapped there, a piece at a time. The rest
 * of the range reads as zeros. Small rings are mapped whole.
 */

import type { Address } from '../native/backend.ts';
import type { Native } from '../native/native.ts';

/** A power of two, and at least a page on every machine. A record that is longer gets a longer piece. */
const PIECE_BYTES = 512 * 1024;

export class RingWindow {
  /** The page of the producer's position, with the data twice behind it. */
  readonly address: Address;
  readonly bytes: number;
  /** What is mapped: bytes of the doubled data. */
  from = 0;
  to: number;
  readonly #native: Native;
  readonly #operation: string;
  readonly #fd: number;

  /** @throws SystemError when the descriptor may not be mapped as a ring. */
  constructor(native: Native, operation: string, fd: number, size: number) {
    this.#native = native;
    this.#operation = operation;
    this.#fd = fd;
    const { pageSize } = native;
    this.bytes = pageSize + 2 * size;
    if (size <= PIECE_BYTES) {
      this.address = native.map(operation, fd, this.bytes, false, pageSize);
      this.to = 2 * size;
      return;
    }
    this.address = native.reserve(operation, this.bytes);
    this.to = 0;
    try {
      native.map(operation, fd, pageSize, false, pageSize, this.address);
    } catch (error) {
      native.libc.munmap(this.address, this.bytes);
      throw error;
    }
  }

  /**
   * Makes these bytes of the doubled data readable, with some behind them. What was mapped before is gone then.
   * @throws SystemError
   */
  show(from: number, to: number): void {
    const native = this.#native;
    const { pageSize } = native;
    const start = from - (from % PIECE_BYTES);
    const end = Math.min(
      Math.ceil(Math.max(to, start + PIECE_BYTES) / pageSize) * pageSize,
      this.bytes - pageSize,
    );
    const addressOf = (byte: number) => (this.address + pageSize + byte) as Address;
    if (this.to > this.from)
      native.reserve(this.#operation, this.to - this.from, addressOf(this.from));
    this.from = 0;
    this.to = 0;
    native.map(
      this.#operation,
      this.#fd,
      end - start,
      false,
      2 * pageSize + start,
      addressOf(start),
    );
    this.from = start;
    this.to = end;
  }
}
