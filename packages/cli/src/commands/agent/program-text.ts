/**
 * What was run of the runtime's code at the start, while it compiled or once in an hour is given back: its pages are the
 * file's, and those that are run again are there again without being read.
 */

const STARTED_MS = 5000;
/** What runs often is compiled by then. */
const COMPILED_MS = 60_000;
const EVERY_MS = 600_000;

export class ProgramText implements Disposable {
  readonly #release: () => void;
  #timer: ReturnType<typeof setTimeout>;

  constructor(release: () => void) {
    this.#release = release;
    this.#timer = this.#releaseAfter(STARTED_MS, COMPILED_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #releaseAfter(ms: number, next: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#release();
      this.#timer = this.#releaseAfter(next, EVERY_MS);
    }, ms);
  }
}
