/**
 * Standard output of a trace: whole lines, and an account of them. While the trace goes on, a reader that is
 * behind is waited for. At the end it is waited for as long as it takes something now and then; what it did
 * not take is counted.
 */

import { writeSync } from 'node:fs';
import type { Session } from '@waggle/core/session';
import { PIPE_BYTES, type PipeWriter, pipeWriter } from '@waggle/ffi';
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
  async write(text: string, others: readonly number[] = []): Promise<void> {
    if (this.problem !== undefined || this.#output.closed) return;
    const bytes = this.#encoder.encode(text);
    let taken = 0;
    try {
      while (taken < bytes.length && !this.#output.closed) {
        const count = this.#hasGivenUp ? 0 : await this.#writeSome(bytes.subarray(taken));
        if (count === 0 && this.#hasGivenUp) break;
        if (count > 0) this.#takenAt = performance.now();
        taken += count;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') this.#output.end();
      else {
        this.problem = error instanceof Error ? error.message : String(error);
        this.#stop();
      }
      return;
    }
    if (!this.#output.closed) this.undelivered += eventsAfter(bytes, taken, others);
  }

  /** How many bytes were taken, whole lines where they are not very long. */
  async #writeSome(bytes: Uint8Array): Promise<number> {
    if (this.#output.isFile) return writeSync(STDOUT, bytes);
    const lines = wholeLines(bytes, PIPE_BYTES);
    if (this.#writer === undefined)
      return (await this.#isWritten(this.#output.writeBytes(lines))) ? lines.length : 0;
    const taken = this.#writer.write(lines);
    if (taken === 0) await new Promise((retry) => setTimeout(retry, RETRY_MS));
    return taken;
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
