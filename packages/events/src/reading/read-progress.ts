/**
 * Until when a ring has been read. Its reader may be late by seconds on a host that leaves it no time, and need several turns
 * for what there is; the newest record that it has seen says nothing of one that another CPU has still to finish. What does
 * is the kernel's position in the ring.
 */

import type { RingBuffer } from '@waggle/ffi';

export class ReadProgress {
  readonly #ring: Pick<RingBuffer, 'produced' | 'consumed'>;
  /** Whatever was made before that moment lies before that position. */
  #mark: { readonly time: bigint; readonly position: bigint } | undefined;

  constructor(ring: Pick<RingBuffer, 'produced' | 'consumed'>) {
    this.#ring = ring;
  }

  /**
   * To be asked after each turn of reading. The time is that of its beginning: a record has its time from shortly before it
   * gets its place, and reading takes longer than that.
   *
   * @returns a moment of which everything earlier has been read, where a later one than the last is known
   */
  after(beganAt: bigint): bigint | undefined {
    this.#mark ??= { time: beganAt, position: this.#ring.produced };
    const { time, position } = this.#mark;
    if (this.#ring.consumed < position) return undefined;
    this.#mark = undefined;
    return time;
  }
}
