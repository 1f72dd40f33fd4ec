/**
 * Standard output of a trace: whole lines, and an account of them. While the trace goes on, a reader that is
 * behind is waited for. At the end it is waited for as long as it takes something now and then; what it did
 * not take is counted.
 */

import { writeSync } from 'node:fs';
import type { Session } from '@waggle/core/session';
import { PIPE_BYTES, type PipeWriter, pipeWriter } from '@waggle/ffi';
import { isSystemError } from '@waggle/symbols/system-error';
import { Output } from '../../terminal/output.ts';

const STDOUT = 1;
/** How long a reader may take nothing at the end. */
const PATIENCE_MS = 5000;
/** The same once somebody is in a hurry. */
const HURRY_MS = 200;
const LOOK_MS = 50;
const RETRY_MS = 5;
const LINE_FEED = 10;

export class TraceOutput {
  /** Why it cannot be written; what came before is there. */
  problem: string | undefined;
  /** Events whose line was not taken by a reader who is there and does not read. */
  undelivered = 0;
  readonly #output: Output;
  readonly #encoder = new TextEncoder();
  #writer: PipeWriter | undefined;
  #takenAt = performance.now();
  #patienceMs = PATIENCE_MS;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** Ends the wait for what is being written. */
  #giveUpWrite = () => {};
  #hasGivenUp = false;

  readonly #stop: () => void;

  /** @param stop ends the trace. */
  constructor(stop: () => void) {
    this.#stop = stop;

    this.#output = new Output(STDOUT, stop);
  }

  /** Before the first line. */
  open(session: Session): Disposable {
    this.#writer = pipeWriter(session, STDOUT);
    return { [Symbol.dispose]: () => this.#writer?.[Symbol.dispose]() };
  }

  /** Nobody reads any more. */
  end(): void {
    this.#output.end();
  }

  /** The trace ends: from now on the reader is waited for only while it reads. */
  endWhenStalled(): void {
    if (this.#watch !== undefined) return;
    this.#takenAt = performance.now();
    this.#watch = setInterval(() => {
      if (performance.now() - this.#takenAt > this.#patienceMs) this.#giveUp();
    }, LOOK_MS);
    this.#watch.unref();
  }

  /** A reader that does not read now is not waited for. */
  hurry(): void {
    this.#patienceMs = HURRY_MS;
  }

  #giveUp(): void {
    clearInterval(this.#watch);
    this.#hasGivenUp = true;
    this.#giveUpWrite();
  }

  /** @param others which of the lines are about no event: the header, a loss. By index, ascending. */
  write(text: string, others: readonly number[] = []): void | Promise<void> {
    return this.writeBytes(this.#encoder.encode(text), others);
  }

  /** The same as bytes, which are not looked at any more once it returns, or what it returned resolves. */
  writeBytes(bytes: Uint8Array, others: readonly number[] = []): void | Promise<void> {
    if (this.problem !== undefined || this.#output.closed) return;
    // As long as the reader takes what it gets, nobody has to be waited for.
    let taken = 0;
    try {
      while (taken < bytes.length && !this.#hasGivenUp) {
        const count = this.#writeNow(bytes.subarray(taken));
        if (count === 0) break;
        this.#takenAt = performance.now();
        taken += count;
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (taken < bytes.length) return this.#writeRest(bytes, taken, others);
  }

  async #writeRest(bytes: Uint8Array, from: number, others: readonly number[]): Promise<void> {
    let taken = from;
    try {
      while (taken < bytes.length && !this.#output.closed) {
        const count = this.#hasGivenUp ? 0 : await this.#writeSome(bytes.subarray(taken));
        if (count === 0 && this.#hasGivenUp) break;
        if (count > 0) this.#takenAt = performance.now();
        taken += count;
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (!this.#output.closed) this.undelivered += eventsAfter(bytes, taken, others);
  }

  #failed(error: unknown): void {
    if (isSystemError(error) && error.code === 'EPIPE') this.#output.end();
    else {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#stop();
    }
  }

  /** How many bytes were taken at once, whole lines where they are not very long. */
  #writeNow(bytes: Uint8Array): number {
    if (this.#output.isFile) return writeSync(STDOUT, bytes);
    return this.#writer?.write(wholeLines(bytes, PIPE_BYTES)) ?? 0;
  }

  /** The same after a while: nothing was taken, or who writes is a thread. */
  async #writeSome(bytes: Uint8Array): Promise<number> {
    if (this.#writer !== undefined || this.#output.isFile) {
      await new Promise((retry) => setTimeout(retry, RETRY_MS));
      return this.#hasGivenUp ? 0 : this.#writeNow(bytes);
    }
    // Copied: once it is given up, the bytes are somebody else's, and the thread still has them.
    const lines = new Uint8Array(wholeLines(bytes, PIPE_BYTES));
    return (await this.#isWritten(this.#output.writeBytes(lines))) ? lines.length : 0;
  }

  /** False once it is given up. A race with a promise of a whole trace would keep every write until its end. */
  #isWritten(writing: Promise<void>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#giveUpWrite = () => resolve(false);
      writing.then(() => resolve(true), reject);
    });
  }
}

/** As many lines as fit, or the beginning of one that does not. */
function wholeLines(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length <= limit) return bytes;
  const end = bytes.lastIndexOf(LINE_FEED, limit - 1);
  return bytes.subarray(0, end < 0 ? limit : end + 1);
}

/** Lines about events that do not end within the first `taken` bytes. */
function eventsAfter(bytes: Uint8Array, taken: number, others: readonly number[]): number {
  if (taken >= bytes.length) return 0;
  let line = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0 && at < taken; line++)
    at = bytes.indexOf(LINE_FEED, at + 1);
  let count = 0;
  for (let at = taken; at >= 0 && at < bytes.length; line++, count++) {
    const end = bytes.indexOf(LINE_FEED, at);
    at = end < 0 ? -1 : end + 1;
    if (others.includes(line)) count--;
  }
  return count;
}
