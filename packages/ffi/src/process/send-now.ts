/**
 * Writing to a socket without waiting for its reader, and without making it non-blocking for everybody who
 * shares it, as O_NONBLOCK does.
 */

import { errnoName, SystemError } from '../errors/system-error.ts';
import type { Native } from '../native/native.ts';

// include/linux/socket.h
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** How many bytes were taken; 0 where there is no room now. @throws SystemError, EPIPE without a reader. */
export function sendNow(native: Native, fd: number, bytes: Uint8Array): number {
  for (;;) {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const taken = Number(native.libc.send(fd, bytes, bytes.length, flags));
    if (taken >= 0) return taken;
    const errno = native.lastErrno();
    const code = errnoName(errno);
    if (code === 'EAGAIN') return 0;
    if (code !== 'EINTR') throw new SystemError('send', errno);
  }
}
