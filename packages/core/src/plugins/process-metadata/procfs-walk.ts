/**
 * Who was running before we came: one walk of /proc, begun after the programs are attached, so
 * that nothing falls between. Identity first; then what cannot be read any more when a process ends
 * (its executable, arguments and container): at once on most hosts, in short turns where there are
 * thousands of processes and a start would take too long. Threads of the kernel, half of what a small host
 * has, do without a program and seldom end: they have their turns after all others.
 */

import type { ProcessEntry, ProcessMetadataCache } from '@waggle/cache';

/** The pid of kthreadd, whose children are the kernel's threads; in another PID namespace anybody's. */
const KTHREADD = 2;
/** About three thousand processes. */
const AT_ONCE_MS = 150;
const TURN_MS = 4;
const BREAK_MS = 4;
/** Most bytes of arguments that the walk reads; later processes' arguments are read when somebody asks for them. */
const MAX_ARGUMENT_BYTES = 64 * 1024 * 1024;
/** Of an array's element and the string in it, besides its characters. */
const ARGUMENT_OVERHEAD = 32;

export class ProcfsWalk {
  readonly #cache: ProcessMetadataCache;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #argumentBytes = 0;

  constructor(cache: ProcessMetadataCache) {
    this.#cache = cache;
  }

  begin(): void {
    this.#cache.resync();
    const ofKernel: ProcessEntry[] = [];
    const others: ProcessEntry[] = [];
    for (const entry of this.#cache) (entry.ppid === KTHREADD ? ofKernel : others).push(entry);
    this.#readOn([...ofKernel, ...others], AT_ONCE_MS, ofKernel.length);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** The last first, until as many as `later` are left. */
  #readOn(entries: ProcessEntry[], turnMs: number, later = 0): void {
    const end = performance.now() + turnMs;
    while (entries.length > later && performance.now() < end) {
      const entry = entries.pop();
      // Nobody needs it of what has ended meanwhile.
      if (entry !== undefined && entry.exitedAt === undefined) this.#load(entry);
    }
    if (entries.length === 0) return;
    this.#timer = setTimeout(() => this.#readOn(entries, TURN_MS), BREAK_MS);
    this.#timer.unref?.();
  }

  #load(entry: ProcessEntry): void {
    if (this.#argumentBytes >= MAX_ARGUMENT_BYTES) {
      entry.load(['exe', 'containerId']);
      return;
    }
    entry.load(['exe', 'cmdline', 'containerId']);
    for (const { length } of entry.cmdline ?? []) this.#argumentBytes += length + ARGUMENT_OVERHEAD;
  }
}
