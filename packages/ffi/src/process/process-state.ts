/** What became of a child process, by waitpid(2), without waiting. */

import { SystemError } from '../errors/system-error.ts';
import type { Native } from '../native/native.ts';

export type ProcessState =
  | { readonly state: 'running' }
  /** By this signal, until SIGCONT. Said once. */
  | { readonly state: 'stopped'; readonly signal: number }
  | { readonly state: 'exited'; readonly code: number }
  | { readonly state: 'killed'; readonly signal: number };

// include/uapi/linux/wait.h
const WNOHANG = 1;
const WUNTRACED = 2;
const EINTR = 4;

/**
 * The news of a child; a child that has ended is reaped by it.
 * @throws SystemError ECHILD when it is no child of ours, or its end was told already.
 */
export function processState(native: Native, pid: number): ProcessState {
  const status = new Int32Array(1);
  const bytes = new Uint8Array(status.buffer);
  for (;;) {
    const got = native.libc.waitpid(pid, bytes, WNOHANG | WUNTRACED);
    if (got === 0) return { state: 'running' };
    if (got > 0) return decode(status[0] ?? 0);
    const errno = native.lastErrno();
    if (errno !== EINTR) throw new SystemError(`wait for process ${pid}`, errno);
  }
}

/** bits/waitstatus.h */
function decode(status: number): ProcessState {
  const signal = status & 0x7f;
  if (signal === 0) return { state: 'exited', code: (status >> 8) & 0xff };
  if (signal === 0x7f) return { state: 'stopped', signal: (status >> 8) & 0xff };
  return { state: 'killed', signal };
}
