/**
 * What was written is garbage, which the engine would let grow to twice the heap. A full collection takes some 100 ms
 * of CPU after a storm, so there is one in ten seconds at most, and none where little has happened.
 */

import { heapSize } from 'bun:jsc';
import type { EventMetrics } from '@waggle/serve';

const COLLECTION_MS = 10_000;
const COLLECTED_PROCESSES = 2000;
/** Tables of large programs are there for a moment only, and are no processes. */
const COLLECTED_BYTES = 8 * 1024 * 1024;

export class Collections implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #collectedAt = 0;
  /** After the last collection. */
  #heapBytes = heapSize();

  constructor(events: Pick<EventMetrics, 'processes'>) {
    this.#timer = setInterval(() => {
      const isMany = events.processes - this.#collectedAt >= COLLECTED_PROCESSES;
      if (!isMany && heapSize() - this.#heapBytes < COLLECTED_BYTES) return;
      this.#collectedAt = events.processes;
      Bun.gc(true);
      this.#heapBytes = heapSize();
    }, COLLECTION_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
