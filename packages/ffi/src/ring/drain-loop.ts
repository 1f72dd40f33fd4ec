// Decides when a ring is read: an adaptive timer on the runtime's own event loop. It never
// blocks the loop, never spins, and while nothing happens it wakes a few dozen times a second.
// Alternatives and measurements: docs/adr/0001-waiting.md.

import { Handle } from '../handle.ts';

export interface DrainLoopOptions {
  /** Reads what is there; returns the number of records. */
  readonly drain: () => number;
  /** Called when `drain` throws; the loop has ended by then. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds until the next look while records keep coming. */
  readonly busyDelayMs?: number;
  /** The longest wait while nothing comes; latency of the first event after silence. */
  readonly idleDelayMs?: number;
}

export class DrainLoop extends Handle {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private delay: number;
  private readonly busyDelay: number;
  private readonly idleDelay: number;

  constructor(private readonly options: DrainLoopOptions) {
    super('drain loop');
    this.busyDelay = options.busyDelayMs ?? 2;
    this.idleDelay = options.idleDelayMs ?? 50;
    this.delay = this.busyDelay;
    this.schedule();
  }

  private schedule(): void {
    this.timer = setTimeout(() => this.look(), this.delay);
  }

  private look(): void {
    try {
      const records = this.options.drain();
      this.delay = records > 0 ? this.busyDelay : Math.min(this.delay * 2, this.idleDelay);
    } catch (error) {
      this.close();
      this.options.onError(error);
      return;
    }
    if (!this.closed) this.schedule();
  }

  protected release(): void {
    clearTimeout(this.timer);
  }
}
