/**
 * What was written is garbage, which the engine would let grow to twice the heap. A full collection takes some 100 ms
 * of CPU after a storm, so there is one in ten seconds at most, and none where little has happened.
 */

import type { EventMetrics } from '@waggle/serve';

const COLLECTION_MS = 10_000;
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
