// Bun's PollThread: a Worker, because bun:ffi has no call that runs on another thread. The two
// sides share two words: how often to poll, and whether to end.

import type { PollThread } from './backend.ts';

export const TURN_WORD = 0;
export const END_WORD = 1;

export interface PollRequest {
  readonly epoll: number;
  readonly words: Int32Array<SharedArrayBuffer>;
}

/** The worker's one answer beside "ready": it could not start. */
export const FAILED = 'failed';

export function bunPollThread(
  epoll: number,
  onReady: () => void,
  onFailure: () => void,
): PollThread {
  const words = new Int32Array(new SharedArrayBuffer(8));
  // Beside this file in the sources, and beside the bundle in the published build.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./bun-poll-worker.${extension}`, import.meta.url));
  // What keeps the process alive is the user's business, not this thread's.
  worker.unref();
  worker.postMessage({ epoll, words } satisfies PollRequest);
  let ended = false;
  worker.onmessage = ({ data }) => {
    if (ended) return;
    if (data === FAILED) onFailure();
    else onReady();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    if (!ended) onFailure();
  };
  return {
    poll() {
      Atomics.add(words, TURN_WORD, 1);
      Atomics.notify(words, TURN_WORD);
    },
    end(descriptors) {
      ended = true;
      worker.postMessage(descriptors);
      Atomics.store(words, END_WORD, 1);
      this.poll();
    },
  };
}
