/**
 * Whether the other end of a pipe or socket is gone, asked without writing: a writer that has nothing to
 * write would never learn it.
 */

import type { Native } from '../native/native.ts';

// include/uapi/asm-generic/poll.h
const POLLERR = 0x0008;
const POLLHUP = 0x0010;
const POLLNVAL = 0x0020;

/**
 * True when nothing that is written to the descriptor can arrive: a pipe without readers (POLLERR), a
 * socket that is shut in both directions (POLLHUP), a descriptor that is closed.
 */
export function isHungUp(native: Native, fd: number): boolean {
  // struct pollfd: fd, then the asked for events (none: these three always count), then what there is.
  const request = new Uint8Array(8);
  const view = new DataView(request.buffer);
  view.setInt32(0, fd, true);
  if (native.libc.poll(request, 1, 0) <= 0) return false;
  return (view.getUint16(6, true) & (POLLERR | POLLHUP | POLLNVAL)) !== 0;
}
