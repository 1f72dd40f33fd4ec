/**
 * Notices a handler that never returns. JavaScript has one thread, so nothing in it can; a second
 * thread watches a word of shared memory that says which plugin is at work, and ends the process
 * with a message if the same call is at work for too long. The kernel frees what we hold then. What a
 * plugin does behind an await or in a timer is no call of ours: it is noticed by the event loop, which
 * has stopped.
 */

import { WorkerThread } from '@waggle/ffi';
import { AT_WORK, BEATS, CALLS, type WatchdogOrder, WORD_COUNT } from './watchdog-shared-memory.ts';

const BEATS_MS = 100;

export class Watchdog implements Disposable {
  readonly #names: string[] = [];
  readonly #words = new Int32Array(
    new SharedArrayBuffer(WORD_COUNT * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #worker: WorkerThread;
  readonly #beats: ReturnType<typeof setInterval>;

  /** @param timeoutMs how long one call may take. */
  constructor(names: readonly string[], timeoutMs: number) {
    this.#names.push(...names);
    // It does not keep a process alive that has nothing else to do. Where it cannot start, nobody
    // watches, and everything else works.
    this.#worker = new WorkerThread(
      {
        beside: import.meta.url,
        name: 'watchdog-worker',
        embedded: () => import('../generated/watchdog-worker.ts'),
      },
      { error: () => {} },
    );
    this.#worker.postMessage({
      words: this.#words,
      names: this.#names,
      timeoutMs,
    } satisfies WatchdogOrder);
    this.#beats = setInterval(() => {
      this.#words[BEATS] = (this.#words[BEATS] ?? 0) + 1;
    }, BEATS_MS);
    this.#beats.unref();
  }

  /** Calls what a plugin brings beside its handlers for events. */
  watch<Result>(name: string, call: () => Result): Result {
    this.enter(name);
    try {
      return call();
    } finally {
      this.leave();
    }
  }

  /** A handler of this plugin is called. */
  enter(name: string): void {
    this.#words[CALLS] = (this.#words[CALLS] ?? 0) + 1;
    this.#words[AT_WORK] = this.#names.indexOf(name) + 1;
  }

  leave(): void {
    this.#words[AT_WORK] = 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beats);
    this.#worker.terminate();
  }
}
