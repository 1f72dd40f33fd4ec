/**
 * Tells when the kernel has woken the readers of a descriptor, without blocking the event loop:
 * a second thread blocks in epoll_wait(2). A BPF ring wakes its readers for the first record
 * after they caught up (flags 0), or as its program says (BPF_RB_FORCE_WAKEUP).
 */

import { Handle } from '../handle.ts';
import type { PollThread } from '../native/backend.ts';
import type { Native } from '../native/native.ts';
import { EPOLL_EVENT_BYTES } from '../native/symbols.ts';

const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
/** O_CLOEXEC, the same bit as EPOLL_CLOEXEC and EFD_CLOEXEC. */
const CLOEXEC = 0o2000000;

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
  readonly #epoll: number;
  /** Written to for closing, so that the thread comes back. */
  readonly #closeEvent: number;
  readonly #thread: PollThread;
  #onReady: (() => void) | undefined;
  #failed = false;

  readonly #native: Native;

  /**
   * @param descriptors what to wait for, one or several: `map.fd` of a ring buffer, `fd` of a perf event.
   * @throws SystemError EPERM when it cannot be polled.
   */
  constructor(native: Native, descriptors: number | readonly number[]) {
    super('epoll wakeup');
    this.#native = native;

    const { libc, backend } = native;
    this.#epoll = native.checkErrno('create epoll', libc.epoll_create1(CLOEXEC));
    this.#closeEvent = libc.eventfd(0, CLOEXEC);
    try {
      native.checkErrno('create eventfd', this.#closeEvent);
      this.#watch(this.#closeEvent);
      for (const descriptor of [descriptors].flat()) this.#watch(descriptor);
    } catch (error) {
      this.#closeDescriptors();
      throw error;
    }
    this.#thread = backend.pollThread(
      this.#epoll,
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

  arm(onReady: () => void): boolean {
    this.guard();
    if (this.#failed) return false;
    const armed = this.#onReady !== undefined;
    this.#onReady = onReady;
    if (!armed) this.#thread.poll();
    return true;
  }

  protected release(): void {
    if (this.#failed) {
      this.#closeDescriptors();
      return;
    }
    this.#native.libc.write(this.#closeEvent, new Uint8Array(BigUint64Array.of(1n).buffer), 8);
    this.#thread.end([this.#epoll, this.#closeEvent]);
  }

  #watch(descriptor: number): void {
    // struct epoll_event: the events word, then data that nobody reads.
    const event = new Uint8Array(EPOLL_EVENT_BYTES);
    event[0] = EPOLLIN;
    this.#native.checkErrno(
      `watch descriptor ${descriptor}`,
      this.#native.libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, descriptor, event),
    );
  }

  #closeDescriptors(): void {
    this.#native.libc.close(this.#epoll);
    this.#native.libc.close(this.#closeEvent);
  }
}
