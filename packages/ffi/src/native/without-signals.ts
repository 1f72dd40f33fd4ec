// Keeps signals from this thread for the time of one call. The kernel's verifier gives up with EAGAIN
// when a signal is pending (kernel/bpf/verifier.c, do_check), and both runtimes send signals to their
// own threads: for garbage collection, and for CPU profiles a thousand times a second. What arrives
// meanwhile is delivered afterwards.

import type { Native } from './native.ts';

// include/uapi/asm-generic/signal-defs.h, which x86_64 and aarch64 share.
const SIG_SETMASK = 2;
/** sigset_t of glibc and musl. */
const SIGSET_BYTES = 128;

export function withoutSignals<T>(native: Native, call: () => T): T {
  const all = new Uint8Array(SIGSET_BYTES).fill(0xff);
  const before = new Uint8Array(SIGSET_BYTES);
  native.libc.pthread_sigmask(SIG_SETMASK, all, before);
  try {
    return call();
  } finally {
    native.libc.pthread_sigmask(SIG_SETMASK, before, new Uint8Array(SIGSET_BYTES));
  }
}
