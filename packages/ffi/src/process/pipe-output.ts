/**
 * Writing to a pipe, socket or terminal whose reader may have stopped reading, without waiting for it. What
 * fits into a page is taken whole or not at all (PIPE_BUF, pipe(7)), so that no reader finds half a line;
 * only a terminal takes what it has room for.
 */

import { closeSync, fstatSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors/errno-of.ts';
import type { Native } from '../native/native.ts';
import { openWithoutWaiting } from './open-without-waiting.ts';
import { sendNow } from './send-now.ts';

/** PIPE_BUF of include/uapi/linux/limits.h. */
export const PIPE_BYTES = 4096;

export interface PipeWriter extends Disposable {
  /**
   * How many of the first PIPE_BYTES bytes were taken: all or, where there is no room now, none. A terminal
   * may take some.
   *
   * @throws NodeJS.ErrnoException, with the code EPIPE where nobody reads.
   */
  write(bytes: Uint8Array): number;
}

/** Undefined for files, and where this cannot be done: a pipe that another user made. */
export function pipeWriter(
  { kernel: { native } }: { readonly kernel: { readonly native: Native } },
  fd: number,
): PipeWriter | undefined {
  if (fstatSync(fd).isSocket())
    return {
      write: (bytes) => sendNow(native, fd, bytes.subarray(0, PIPE_BYTES)),
      [Symbol.dispose]: () => {},
    };
  const own = openWithoutWaiting(fd);
  return own === undefined ? undefined : writerTo(own);
}

function writerTo(own: number): PipeWriter {
  return {
    write(bytes) {
      try {
        return writeSync(own, bytes, 0, Math.min(bytes.length, PIPE_BYTES));
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN') return 0;
        throw error;
      }
    },
    [Symbol.dispose]: () => closeSync(own),
  };
}
