/**
 * What every native handle is: open until closed, closing twice is harmless, use after close
 * is a ClosedError and not a crash.
 */

import { ClosedError } from './errors/system-error.ts';

export abstract class Handle implements Disposable {
  #open = true;

  protected constructor(protected readonly label: string) {}

  get closed(): boolean {
    return !this.#open;
  }

  /** Frees the native resource. Later calls do nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.release();
  }

  /** Closes without freeing: another handle owns the native resource from now on. */
  protected surrender(): void {
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @throws ClosedError */
  protected guard(): void {
    if (!this.#open) throw new ClosedError(this.label);
  }

  protected abstract release(): void;
}
