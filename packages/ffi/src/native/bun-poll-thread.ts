/** Bun's PollThread: a Worker, because bun:ffi has no call that runs on another thread. */

import { WorkerThread } from '../worker-thread.ts';
import type { PollThread } from './backend.ts';
import { END_WORD, FAILED, type PollRequest, TURN_WORD } from './bun-poll-protocol.ts';

export function bunPollThread(
  epoll: number,
  onReady: () => void,
  onFailure: () => void,
): PollThread {
  const words = new Int32Array(new SharedArrayBuffer(8));
  let ended = false;
  // What keeps the process alive is the user's business, not this thread's.
  const worker = new WorkerThread(
    {
      beside: import.meta.url,
      name: 'bun-poll-worker',
      embedded: () => import('../generated/bun-poll-worker.ts'),
    },
    {
      message(data) {
        if (ended) return;
        if (data === FAILED) onFailure();
        else onReady();
      },
      error() {
        if (!ended) onFailure();
      },
    },
  );
  worker.postMessage({ epoll, words } satisfies PollRequest);
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
