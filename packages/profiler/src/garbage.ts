/**
 * What the engine lets wait adds up over hours: its next full collection comes when the heap of a thread has
 * grown by a part of itself, and a heap that was large once, as of a thread that has read a browser's symbols,
 * is not looked at again for long. One takes some 20 ms of CPU time.
 */

const EVERY_MS = 60_000;

/** Of the thread that it is made in: each has a heap of its own. */
export class GarbageCollection {
  #last = performance.now();

  /** To be called when something has been let go of: collects, if that is some time ago. */
  whenDue(): void {
    if (performance.now() - this.#last < EVERY_MS) return;
    this.#last = performance.now();
    (globalThis as { Bun?: { gc(isSynchronous: boolean): void } }).Bun?.gc(true);
  }
}
