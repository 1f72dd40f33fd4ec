/**
 * Which part of a ring's data can be read now. The kernel puts every page of a mapping into our memory at once,
 * and a ring is mapped twice: one of 8 MiB would take 16 MiB of what is resident, nearly all of it for nothing.
 * So a range of addresses is kept for all of it, and what is read is mapped there, a piece at a time. The rest
 * of the range reads as zeros. Small rings are mapped whole, and others while much of them is read at a time: then
 * mapping its pages anew would cost many times what reading them does.
 */

import type { Address } from '../native/backend.ts';
import type { Native } from '../native/native.ts';

/** A power of two, and at least a page on every machine. A record that is longer gets a longer piece. */
const PIECE_BYTES = 512 * 1024;
/** With so much of the ring to be read at a time, all of it is mapped. */
const MUCH = 1 / 4;
/** As many looks that find less, one after the other, and it is a piece again. */
const CALM_LOOKS = 200;

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
  readonly #size: number;
  #calmLooks = 0;

  /** @throws SystemError when the descriptor may not be mapped as a ring. */
  constructor(native: Native, operation: string, fd: number, size: number) {
    this.#native = native;
    this.#operation = operation;
    this.#fd = fd;
    this.#size = size;
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
   * Before each look at the ring. @param pending bytes that are to be read
   * @throws SystemError
   */
  look(pending: number): void {
    const size = this.#size;
    if (size <= PIECE_BYTES) return;
    const isWhole = this.to - this.from === 2 * size;
    if (pending >= size * MUCH) {
      this.#calmLooks = 0;
      if (!isWhole) this.#map(0, 2 * size);
    } else if (isWhole && ++this.#calmLooks >= CALM_LOOKS) this.#forget();
  }

  /**
   * Makes these bytes of the doubled data readable, with some behind them. What was mapped before is gone then.
   * @throws SystemError
   */
  show(from: number, to: number): void {
    const { pageSize } = this.#native;
    const start = from - (from % PIECE_BYTES);
    const end = Math.ceil(Math.max(to, start + PIECE_BYTES) / pageSize) * pageSize;
    this.#map(start, Math.min(end, this.bytes - pageSize));
  }

  #map(start: number, end: number): void {
    const native = this.#native;
    this.#forget();
    const operation = this.#operation;
    const offset = 2 * native.pageSize + start;
    native.map(operation, this.#fd, end - start, false, offset, this.#addressOf(start));
    this.from = start;
    this.to = end;
  }

  #forget(): void {
    const { from, to } = this;
    this.#calmLooks = 0;
    this.from = 0;
    this.to = 0;
    if (to > from) this.#native.reserve(this.#operation, to - from, this.#addressOf(from));
  }

  #addressOf(byte: number): Address {
    return (this.address + this.#native.pageSize + byte) as Address;
  }
}
