/**
 * Standard output for bulk data: whole strings in order, without blocking the event loop, and
 * a closed pipe (`| head`) is an end and not an error.
 */

import { fstatSync, write, writeSync } from 'node:fs';
import { isSystemError } from '@waggle/symbols/system-error';

const STDOUT = 1;
const RETRY_MS = 5;

export class Output {
  readonly #encoder = new TextEncoder();
  /** A regular file never makes a writer wait for a reader, so the cheaper call will do. */
  readonly isFile: boolean;

  readonly #fd: number;
  /** Nobody reads any more. Called once. */
  readonly #onClosed: () => void;

  constructor(
    fd = STDOUT,

    onClosed: () => void = () => {},
  ) {
    this.#fd = fd;
    this.#onClosed = onClosed;

    this.isFile = fstatSync(fd).isFile();
  }

  #ended = false;

  get closed(): boolean {
    return this.#ended;
  }

  /** @throws NodeJS.ErrnoException for anything but a closed pipe: a full disk, for example. */
  async write(text: string): Promise<void> {
    await this.writeBytes(this.#encoder.encode(text));
  }

  /** @throws NodeJS.ErrnoException as write() does. */
  async writeBytes(all: Uint8Array): Promise<void> {
    for (let bytes = all; bytes.length > 0 && !this.#ended; ) {
      try {
        bytes = bytes.subarray(
          this.isFile ? writeSync(this.#fd, bytes) : await this.#writeSome(bytes),
        );
      } catch (error) {
        const code = isSystemError(error) ? error.code : undefined;
        if (code === 'EAGAIN') await new Promise((retry) => setTimeout(retry, RETRY_MS));
        else if (code === 'EPIPE') this.end();
        else throw error;
      }
    }
  }

  #writeSome(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, (error, written) => (error ? reject(error) : resolve(written)));
    });
  }

  /** Nobody reads any more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onClosed();
  }
}
