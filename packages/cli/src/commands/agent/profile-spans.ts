/** What was sampled goes to the outputs in spans of ten seconds. */

import type { Profile } from '@waggle/formats';
import { say } from '../../terminal/messages.ts';
import type { AgentOutput } from './outputs.ts';

const SPAN_MS = 10_000;

export class ProfileSpans implements Disposable {
  readonly #outputs: readonly Pick<AgentOutput, 'addProfile'>[];
  readonly #collect: () => Promise<Profile>;
  #from = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    outputs: readonly Pick<AgentOutput, 'addProfile'>[],
    collect: () => Promise<Profile>,
  ) {
    this.#outputs = outputs;
    this.#collect = collect;
    this.#schedule();
  }

  /** What was sampled since the last span. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#last;
    await this.#take();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #take(): Promise<void> {
    if (this.#isClosed) return;
    const to = Date.now();
    try {
      const profile = await this.#collect();
      // A clock that was set back makes no span that ends before it begins.
      const from = Math.min(this.#from, to);
      this.#from = to;
      if (profile.stacks.length === 0) return;
      for (const output of this.#outputs) output.addProfile(profile, { from, to });
    } catch (error) {
      say(`warning: a span has no profile: ${error instanceof Error ? error.message : error}`);
    }
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#last = this.#take();
      void this.#last.then(() => this.#schedule());
    }, SPAN_MS);
  }
}
