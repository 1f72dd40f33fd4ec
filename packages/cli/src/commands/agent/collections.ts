/**
 * What was written is garbage, which the engine would let grow to twice the heap: it is collected for every few thousand
 * processes, some 20 ms of CPU.
 */

import type { EventMetrics } from '@waggle/serve';

const COLLECTION_MS = 1000;
const COLLECTED_PROCESSES = 2000;

export class Collections implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #collectedAt = 0;

  constructor(events: Pick<EventMetrics, 'processes'>) {
    this.#timer = setInterval(() => {
      if (events.processes - this.#collectedAt < COLLECTED_PROCESSES) return;
      this.#collectedAt = events.processes;
      Bun.gc(true);
    }, COLLECTION_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
