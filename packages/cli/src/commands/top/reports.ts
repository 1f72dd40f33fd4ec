/** `--screen-reader`: reports in lines on standard output, some seconds apart, until a signal comes. */

import type { Top } from '@waggle/tui';
import { Output } from '../../terminal/output.ts';
import type { TopOptions } from './options.ts';

const STDOUT = 1;
const REPORT_MS = 5000;
/** The first is not to be waited for long, and has a second of samples in it. */
const FIRST_MS = 1200;
/** Figures of /proc are of the time since the look before. */
const LOOK_MS = 500;

export class Reports implements Disposable {
  readonly #view: Top;
  readonly #timers: readonly ReturnType<typeof setInterval>[];
  readonly #output: Output;
  #last: ReturnType<typeof setInterval> | undefined;

  /** @param stop when whoever reads is gone */
  constructor(view: Top, { refresh }: TopOptions, stop: () => void) {
    this.#view = view;
    this.#output = new Output(STDOUT, stop);
    const everyMs = refresh === undefined ? REPORT_MS : refresh * 1000;
    this.#timers = [
      setInterval(() => view.tick(Date.now()), LOOK_MS),
      setTimeout(() => {
        void this.#report();
        this.#last = setInterval(() => void this.#report(), everyMs);
      }, FIRST_MS),
    ];
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearInterval(this.#last);
  }

  async #report(): Promise<void> {
    await this.#output.write(`${this.#view.report(Date.now()).join('\n')}\n\n`);
  }
}
