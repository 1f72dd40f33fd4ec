/**
 * Bun's PollThread: a thread of waggle's own library, which answers through a socket that Bun's event loop
 * watches. bun:ffi has no call that runs on another thread, and a Worker costs an engine of its own.
 */

import type { Address, PollLibrary, PollThread } from './backend.ts';

const REQUEST = new Uint8Array(1);

export function bunPollThread(
  { waggle }: PollLibrary,
  poll: Address,
  onReady: () => void,
  onFailure: () => void,
): PollThread {
  const fd = waggle.waggle_poll_thread(poll);
  let socket: Bun.Socket | undefined;
  let isWanted = false;
  // The thread frees what it was given when it ends: then there is nothing to stop.
  let hasEnded = false;
  const fail = () => {
    if (hasEnded) return;
    hasEnded = true;
    onFailure();
  };
  if (fd < 0) {
    waggle.waggle_poll_free(poll);
    queueMicrotask(fail);
  } else {
    const handlers = {
      data: () => {
        if (!hasEnded) onReady();
      },
      close: fail,
      error: fail,
    };
    // bun-types has FdSocketOptions, and no overload that takes them.
    const options = { fd, socket: handlers } as unknown as Bun.UnixSocketOptions;
    Bun.connect(options).then((connected) => {
      socket = connected;
      // What keeps the process alive is the user's business, not this thread's.
      socket.unref();
      if (hasEnded) socket.terminate();
      else if (isWanted) socket.write(REQUEST);
    }, fail);
  }
  return {
    poll() {
      isWanted = true;
      socket?.write(REQUEST);
    },
    end() {
      if (hasEnded) return;
      hasEnded = true;
      waggle.waggle_poll_stop(poll);
      socket?.terminate();
    },
  };
}
