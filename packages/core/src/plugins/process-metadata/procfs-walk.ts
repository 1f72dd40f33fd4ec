// Who was running before we came: one walk of /proc, begun after the programs are attached, so
// that nothing falls between. Identity first; then what cannot be read any more when a process ends
// (its executable, arguments and container): at once on most hosts, in short turns where there are
// thousands of processes and a start would take too long.

import type { ProcessEntry, ProcessMetadataCache } from '@waggle/cache';

/** About three thousand processes. */
const AT_ONCE_MS = 150;
const TURN_MS = 4;
const BREAK_MS = 4;

export class ProcfsWalk {
  readonly #cache: ProcessMetadataCache;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(cache: ProcessMetadataCache) {
    this.#cache = cache;
  }

  begin(): void {
    this.#cache.resync();
    this.#readOn([...this.#cache], AT_ONCE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #readOn(entries: ProcessEntry[], turnMs: number): void {
    const end = performance.now() + turnMs;
    while (performance.now() < end) {
      const entry = entries.pop();
      if (entry === undefined) return;
      // Nobody needs it of what has ended meanwhile.
      if (entry.exitedAt === undefined) entry.load(['exe', 'cmdline', 'containerId']);
    }
    this.#timer = setTimeout(() => this.#readOn(entries, TURN_MS), BREAK_MS);
    this.#timer.unref?.();
  }
}
