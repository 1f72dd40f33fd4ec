/**
 * What the engine lets wait adds up over hours: its next full collection comes when the heap of a thread has
 * grown by a part of itself, and a heap that was large once, as of a thread that has read a browser's symbols,
 * is not looked at again for long. One takes some 20 ms of CPU time.
 */

const EVERY_MS = 60_000;
/** Of work on files: what reading a large one has left is as much as all that the thread keeps. */
const WORKED_MS = 100;
const MIN_INTERVAL_MS = 2000;

/** Of the thread that it is made in: each has a heap of its own. */
export class GarbageCollection {
  #last = performance.now();
  #worked = 0;

  /** To be called when something has been let go of: collects, if that is some time ago. */
  whenDue(): void {
    if (performance.now() - this.#last >= EVERY_MS) this.#collect();
  }

  /** To be called by who is to stay small, with how long it has read: collects, if that was much since the last. */
  afterWork(ms: number): void {
    this.#worked += ms;
    if (this.#worked > WORKED_MS && performance.now() - this.#last > MIN_INTERVAL_MS)
      this.#collect();
  }

  #collect(): void {
    this.#last = performance.now();
    this.#worked = 0;
    (globalThis as { Bun?: { gc(isSynchronous: boolean): void } }).Bun?.gc(true);
  }
}
