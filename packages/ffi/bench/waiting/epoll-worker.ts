// The Worker of the worker strategies: blocks in epoll_wait, says so, and blocks again when the
// reader has drained the ring. Opens libc alone.

import type { NativeBackend } from '../../src/native/backend.ts';
import { libcPath } from '../../src/native/libc-path.ts';
import { EPOLL, type WorkerMessage } from './strategy.ts';

declare const self: { onmessage: unknown; postMessage(message: unknown): void };

async function backend(): Promise<NativeBackend> {
  const { Deno } = globalThis as { Deno?: unknown };
  if (Deno === undefined) return (await import('../../src/native/bun.ts')).bunBackend;
  const { denoBackend } = await import('../../src/native/deno.ts');
  return denoBackend(Deno as Parameters<typeof denoBackend>[0]);
}

self.onmessage = async ({ data: message }: { data: WorkerMessage }) => {
  const libc = (await backend()).open(libcPath(), EPOLL);
  const epoll = libc.epoll_create1(0);
  const event = new Uint8Array(16);
  const EPOLL_CTL_ADD = 1;
  const EPOLLIN = 1;
  event[0] = EPOLLIN;
  libc.epoll_ctl(epoll, EPOLL_CTL_ADD, message.descriptor, event);
  const { turn, notifyBy } = message;
  for (;;) {
    const before = Atomics.load(turn, 0);
    libc.epoll_wait(epoll, event, 1, -1);
    if (notifyBy === 'message') self.postMessage(0);
    else {
      Atomics.add(turn, 1, 1);
      Atomics.notify(turn, 1);
    }
    Atomics.wait(turn, 0, before);
  }
};
