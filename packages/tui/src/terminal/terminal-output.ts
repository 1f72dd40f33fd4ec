/**
 * Standard output as the terminal library wants it, without waiting for the terminal. The library by itself writes
 * a whole picture in one go on the thread that runs everything else: where the window is frozen it would never come
 * back, and no signal would be heeded. A picture that is not taken yet keeps it from drawing the next one.
 */

import type { TerminalWriter } from '@waggle/ffi';

/** Between two looks whether there is room again. */
const FIRST_RETRY_MS = 1;
const LAST_RETRY_MS = 64;
const LOOK_MS = 5;
/** At the end: without any byte taken, and altogether. A serial line takes a picture's rest in some seconds. */
const PATIENCE_MS = 1000;
const MAX_PATIENCE_MS = 5000;
/** Ends whatever sequence was cut: CAN, and the terminator of strings (ECMA-48). */
const END_OF_SEQUENCE = '\u0018\u001b\\';

interface Piece {
  readonly bytes: Uint8Array;
  readonly taken?: (() => void) | undefined;
}

type Taken = () => void;

/** As much of a stream as the library uses. */
export class TerminalOutput implements Disposable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  readonly #writer: TerminalWriter;
  #waiting: Piece[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** Where what is written is wanted a second time. */
  #farewell: Uint8Array[] | undefined;
  /** It has hung up, or is ours no more: everything is taken, and goes nowhere. */
  #isGone = false;

  constructor(writer: TerminalWriter, columns: number, rows: number) {
    this.#writer = writer;
    this.columns = columns;
    this.rows = rows;
  }

  /** True: what is not taken yet is kept. */
  write(chunk: Uint8Array | string, encoding?: BufferEncoding | Taken, callback?: Taken): boolean {
    const taken = typeof encoding === 'function' ? encoding : callback;
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    this.#farewell?.push(bytes.slice());
    const rest = this.#waiting.length === 0 ? this.#writeSome(bytes) : bytes;
    if (rest.length === 0) taken?.();
    else {
      // The library's memory, which is its own again at its end.
      this.#waiting.push({ bytes: rest.slice(), taken });
      this.#retryLater();
    }
    return true;
  }

  /** A stream's way to tell of errors: there are none. */
  on(): this {
    return this;
  }

  off(): this {
    return this;
  }

  /**
   * Gives the terminal back by what `farewell` writes. One that has stopped reading finds that alone when it goes
   * on: what is in its way is thrown away, since there is no room behind it.
   */
  giveBack(farewell: () => void): void {
    const said: Uint8Array[] = [];
    this.#farewell = said;
    farewell();
    this.#farewell = undefined;
    if (this.#flush()) return;
    this.#writer.discard();
    this.#takeAll();
    this.write(END_OF_SEQUENCE);
    for (const bytes of said) this.write(bytes);
    this.#takeAll();
  }

  [Symbol.dispose](): void {
    this.#isGone = true;
    this.#takeAll();
    this.#writer[Symbol.dispose]();
  }

  /** Waits for a terminal that reads. False where it has stopped, and does not have everything. */
  #flush(): boolean {
    const startedAt = performance.now();
    let takenAt = startedAt;
    for (let left = this.#bytesLeft(); left > 0; left = this.#bytesLeft()) {
      this.#writeWaiting();
      const now = performance.now();
      if (this.#bytesLeft() < left) takenAt = now;
      else if (now - takenAt > PATIENCE_MS || now - startedAt > MAX_PATIENCE_MS) return false;
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
    }
    return true;
  }

  #bytesLeft(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** What was not taken. */
  #writeSome(bytes: Uint8Array): Uint8Array {
    for (let rest = bytes; ; ) {
      if (this.#isGone || rest.length === 0) return rest.subarray(rest.length);
      try {
        const taken = this.#writer.write(rest);
        if (taken === 0) return rest;
        rest = rest.subarray(taken);
      } catch {
        // EIO: its other side is gone, and a SIGHUP on its way.
        this.#isGone = true;
      }
    }
  }

  #writeWaiting(): void {
    const pieces = this.#waiting;
    this.#waiting = [];
    for (const [index, { bytes, taken }] of pieces.entries()) {
      const rest = this.#writeSome(bytes);
      if (rest.length === 0) {
        taken?.();
        continue;
      }
      if (rest.length < bytes.length) this.#retryMs = FIRST_RETRY_MS;
      // What was written by those who were told comes behind.
      this.#waiting = [{ bytes: rest, taken }, ...pieces.slice(index + 1), ...this.#waiting];
      return;
    }
  }

  #retryLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
      this.#writeWaiting();
      if (this.#waiting.length > 0) this.#retryLater();
      else this.#retryMs = FIRST_RETRY_MS;
    }, this.#retryMs);
  }

  #takeAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pieces = this.#waiting;
    this.#waiting = [];
    for (const { taken } of pieces) taken?.();
  }
}
