/**
 * Tells when the kernel has woken the readers of a descriptor, without blocking the event loop:
 * a second thread blocks in epoll_wait(2). A BPF ring wakes its readers for the first record
 * after they caught up (flags 0), or as its program says (BPF_RB_FORCE_WAKEUP).
 */

import { Handle } from '../handle.ts';
import type { PollThread } from '../native/backend.ts';
import type { Native } from '../native/native.ts';

/** What DrainLoop sleeps by; `EpollWakeup` is the real one. */
export interface Wakeup {
  /**
   * Asks for one `onReady`; asking again before it came changes nothing. False: no wake-up can
   * come, use a timer.
   */
  arm(onReady: () => void): boolean;
  close(): void;
}

export class EpollWakeup extends Handle implements Wakeup {
  readonly #thread: PollThread;
  #onReady: (() => void) | undefined;
  #failed = false;

  /**
   * @param descriptors what to wait for, one or several: `map.fd` of a ring buffer, `fd` of a perf event.
   * @throws SystemError EPERM when one cannot be polled.
   */
  constructor(native: Native, descriptors: number | readonly number[]) {
    super('epoll wakeup');
    const all = Int32Array.from([descriptors].flat());
    const poll = native.checkPointer('watch descriptors', () =>
      native.waggle.waggle_poll_open(new Uint8Array(all.buffer), all.length),
    );
    this.#thread = native.backend.pollThread(
      native,
      poll,
      () => {
        const onReady = this.#onReady;
        this.#onReady = undefined;
        onReady?.();
      },
      () => {
        this.#failed = true;
      },
    );
  }

  /** @throws ClosedError after close(). */
  arm(onReady: () => void): boolean {
    this.guard();
    if (this.#failed) return false;
    const armed = this.#onReady !== undefined;
    this.#onReady = onReady;
    if (!armed) this.#thread.poll();
    return true;
  }

  protected release(): void {
    this.#thread.end();
  }
}
