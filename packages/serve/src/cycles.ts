/**
 * When what was sampled is collected: every second, more seldom on a host where naming it is work, and at once
 * where somebody wants a profile that begins or ends now.
 */

import type { Profile } from '@waggle/formats';
import type { Span } from './store/span.ts';

export interface CyclesOptions {
  /** The profile since the last call. */
  collect(): Promise<Profile>;
  take(profile: Profile, span: Span): void;
  failed(error: unknown): void;
  /** Where nobody asks. Default: a second. */
  readonly everyMs?: number | undefined;
}

const EVERY_MS = 1000;
const SELDOM_MS = 5000;
/** Of one CPU, that collecting may take. */
const SHARE = 0.15;

export class Cycles implements Disposable {
  readonly #options: CyclesOptions;
  #from: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<number> | undefined;
  #next: Promise<number> | undefined;
  #isClosed = false;

  constructor(options: CyclesOptions) {
    this.#options = options;
    this.#from = Date.now();
    this.#schedule(this.#everyMs);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Everything until now is in the store then. @returns the moment until which it is, in ms since 1970 */
  now(): Promise<number> {
    if (this.#running === undefined) return this.#begin();
    // One that is under way may have begun too early: all that ask meanwhile wait for the same next one.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  get #everyMs(): number {
    return this.#options.everyMs ?? EVERY_MS;
  }

  #begin(): Promise<number> {
    this.#running = this.#collect().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #collect(): Promise<number> {
    const to = Date.now();
    try {
      const profile = await this.#options.collect();
      if (this.#isClosed) return to;
      const span = { from: Math.min(this.#from, to), to };
      this.#from = to;
      this.#options.take(profile, span);
    } catch (error) {
      if (!this.#isClosed) this.#options.failed(error);
    }
    return to;
  }

  #schedule(waitMs: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(async () => {
      const before = process.cpuUsage();
      await this.now();
      const { user, system } = process.cpuUsage(before);
      const wanted = Math.min((user + system) / 1000 / SHARE, SELDOM_MS);
      this.#schedule(Math.max(wanted, this.#everyMs));
    }, waitMs);
  }
}
