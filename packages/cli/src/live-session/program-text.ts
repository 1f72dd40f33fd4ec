/**
 * What was run of the runtime's code at the start, while it compiled or once in an hour is given back: its pages are the
 * file's, and those that are run again are there again without being read.
 */

const STARTED_MS = 5000;
/** What runs all the time comes back from the page cache, 64 KiB with each fault. */
const EVERY_MS = 60_000;

export class ProgramText implements Disposable {
  readonly #release: () => void;
  #timer: ReturnType<typeof setTimeout>;

  constructor(release: () => void) {
    this.#release = release;
    this.#timer = this.#releaseAfter(STARTED_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #releaseAfter(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#release();
      this.#timer = this.#releaseAfter(EVERY_MS);
    }, ms);
  }
}
