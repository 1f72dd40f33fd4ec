/**
 * How many clock ticks have passed since boot, at least: from /proc/uptime, read once in a while,
 * and the monotonic clock of the runtime in between, which is cheaper. It stands still while the
 * host sleeps, so the answer may be too low, and never is too high.
 */
import { type ProcfsIo, readWhole } from './read-file.ts';

const REFRESH_MS = 10_000;
/** Clocks of runtimes are rounded, to a millisecond at worst. */
const ROUNDING_MS = 2;

export class BootClock {
  readonly #io: ProcfsIo;
  readonly #path: string;
  #uptimeMs = 0;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(io: ProcfsIo, root: string) {
    this.#io = io;
    this.#path = `${root}/uptime`;
  }

  /** 0 where there is no uptime: procfs can be mounted without (`subset=pid`). */
  ticks(ticksPerSecond: number): number {
    const now = performance.now();
    if (!(now - this.#readAt < REFRESH_MS)) this.#read();
    if (this.#uptimeMs === 0) return 0;
    const elapsed = Math.max(0, performance.now() - this.#readAt - ROUNDING_MS);
    return Math.floor(((this.#uptimeMs + elapsed) * ticksPerSecond) / 1000);
  }

  #read(): void {
    let text = '';
    try {
      text = new TextDecoder().decode(readWhole(this.#io, this.#path, 256).bytes);
    } catch {
      // Asked again after the pause.
    }
    this.#uptimeMs = Number(/^\d+\.\d+/.exec(text)?.[0] ?? 0) * 1000;
    // After the read: what passed since is rather too little than too much.
    this.#readAt = performance.now();
  }
}
