/** When this host was started, by its clock of now: asked of the kernel once there is a session to ask it with. */

import { bootTimeMs, bootToRealtimeOffset, type Native } from '@waggle/ffi';

/** The clock of now is asked again after so long. */
const FRESH_MS = 1000;

export class BootClock {
  #native: Native | undefined;
  #bootNs = 0n;
  #readAt = Number.NEGATIVE_INFINITY;

  /** From now on to the nanosecond. */
  useKernel(native: Native): void {
    this.#native = native;
  }

  /** Nanoseconds since 1970. */
  bootNs(): bigint {
    if (this.#native === undefined) return byUptime();
    const now = performance.now();
    if (now - this.#readAt > FRESH_MS) {
      this.#bootNs = bootToRealtimeOffset(this.#native);
      this.#readAt = now;
    }
    return this.#bootNs;
  }
}

function byUptime(): bigint {
  return BigInt(Math.round(bootTimeMs())) * 1_000_000n;
}
