/**
 * Writing to a terminal whose other side may have stopped reading: a frozen window holds a writer that waits for
 * ever. Pictures are larger than the kernel's buffer, so that one of them is enough.
 */

import { closeSync, writeSync } from 'node:fs';
import { errnoOf } from '../errors/errno-of.ts';
import type { Native } from '../native/native.ts';
import { openWithoutWaiting } from './open-without-waiting.ts';

// include/uapi/asm-generic/ioctls.h, termbits-common.h
const TCFLSH = 0x540b;
const TCOFLUSH = 1n;

export interface TerminalWriter extends Disposable {
  /**
   * How many of the bytes were taken: 0 where there is no room now.
   *
   * @throws NodeJS.ErrnoException, with the code EIO where the terminal has hung up.
   */
  write(bytes: Uint8Array): number;
  /** Has the kernel forget what was taken and not yet read, so that there is room again. */
  discard(): void;
}

/** Undefined where this cannot be done: no /proc, no terminal, another user's. */
export function terminalWriter(native: Native, fd: number): TerminalWriter | undefined {
  const own = openWithoutWaiting(fd);
  if (own === undefined) return undefined;
  return {
    write(bytes) {
      try {
        return writeSync(own, bytes);
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN') return 0;
        throw error;
      }
    },
    discard: () => void native.libc.ioctl(own, TCFLSH, TCOFLUSH),
    [Symbol.dispose]: () => closeSync(own),
  };
}
