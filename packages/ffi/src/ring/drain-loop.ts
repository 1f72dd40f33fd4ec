/**
 * Decides when a ring is read. While records keep coming, a timer looks every few
 * milliseconds, so that a batch costs one look; after silence a Wakeup says when to begin
 * again. Alternatives and measurements: docs/adr/0001-waiting.md.
 */

import { Handle } from '../handle.ts';
import type { Wakeup } from './epoll-wakeup.ts';

export interface DrainLoopOptions {
  /** Reads what is there; returns the number of records. */
  readonly drain: () => number;
  /** Called when `drain` throws; the loop has ended by then. */
  readonly onError: (error: unknown) => void;
  /** Ends silence. The loop owns it from now on. Without one, a timer looks more and more rarely. */
  readonly wakeup?: Wakeup | undefined;
  /** Milliseconds until the next look while records keep coming; by how many the last look found. */
  readonly busyDelayMs?: number | ((records: number) => number) | undefined;
  /**
   * The longest wait while nothing comes. Without a wake-up it is the latency of the first
   * record after silence, 50 by default; with one it is only a safety net, 1000 by default.
   */
  readonly idleDelayMs?: number | undefined;
}

const BUSY_DELAY_MS = 10;
const IDLE_DELAY_MS = { timer: 50, wakeup: 1000 } as const;

export class DrainLoop extends Handle {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay: number;
  readonly #busyDelay: (records: number) => number;

  readonly #options: DrainLoopOptions;

  constructor(options: DrainLoopOptions) {
    super('drain loop');
    this.#options = options;
    const { busyDelayMs = BUSY_DELAY_MS } = options;
    this.#busyDelay = typeof busyDelayMs === 'number' ? () => busyDelayMs : busyDelayMs;
    this.#delay = this.#busyDelay(0);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#look(false), this.#delay);
  }

  #look(woken: boolean): void {
    try {
      const records = this.#options.drain();
      if (this.closed) return;
      // A wake-up may come for a record that is still being written: look once more, and do
      // not sleep at once, or the two would chase each other.
      this.#delay = records > 0 || woken ? this.#busyDelay(records) : this.#idleDelay();
    } catch (error) {
      this.close();
      this.#options.onError(error);
      return;
    }
    this.#schedule();
  }

  #idleDelay(): number {
    const { wakeup, idleDelayMs } = this.#options;
    if (wakeup?.arm(() => this.#wake())) return idleDelayMs ?? IDLE_DELAY_MS.wakeup;
    return Math.min(this.#delay * 2, idleDelayMs ?? IDLE_DELAY_MS.timer);
  }

  #wake(): void {
    if (this.closed) return;
    clearTimeout(this.#timer);
    this.#look(true);
  }

  protected release(): void {
    clearTimeout(this.#timer);
    this.#options.wakeup?.close();
  }
}
