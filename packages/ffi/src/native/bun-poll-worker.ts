/**
 * Runs in the Worker of bun-poll-thread.ts: blocks in epoll_wait, says so, and sleeps until it
 * is told to poll again. It opens libc alone, since libbpf calls back to the main thread.
 */

import { dlopen } from 'bun:ffi';
import { END_WORD, FAILED, type PollRequest, TURN_WORD } from './bun-poll-protocol.ts';
import { libcPath } from './library-paths.ts';
import { EPOLL_EVENT_BYTES } from './symbols.ts';

declare const self: Worker;

function openLibc() {
  return dlopen(libcPath(), {
    epoll_wait: { args: ['i32', 'ptr', 'i32', 'i32'], returns: 'i32' },
    close: { args: ['i32'], returns: 'i32' },
  }).symbols;
}

function pollUntilEnd({ epoll, words }: PollRequest, libc: ReturnType<typeof openLibc>): void {
  const event = new Uint8Array(EPOLL_EVENT_BYTES);
  for (let turn = 0; ; ) {
    Atomics.wait(words, TURN_WORD, turn);
    turn = Atomics.load(words, TURN_WORD);
    if (Atomics.load(words, END_WORD) !== 0) return;
    libc.epoll_wait(epoll, event, 1, -1);
    if (Atomics.load(words, END_WORD) !== 0) return;
    self.postMessage('ready');
  }
}

self.onmessage = ({ data: request }: { data: PollRequest }) => {
  try {
    const libc = openLibc();
    // The next message holds the descriptors, and it is there when the loop has ended.
    self.onmessage = ({ data: descriptors }: { data: readonly number[] }) => {
      for (const descriptor of descriptors) libc.close(descriptor);
      process.exit();
    };
    pollUntilEnd(request, libc);
  } catch {
    self.onmessage = null;
    self.postMessage(FAILED);
  }
};
