/**
 * @waggle/cache/testing: what tests of a program that uses the cache need, so that they run
 * without real processes, root or waiting. A kernel in memory, a clock that stands, a logger
 * that remembers.
 */
import type { Clock, Logger } from './options.ts';

export { MemoryProcfs, type ProcfsFile, type ProcfsRead } from './procfs/memory.ts';
export type { MemoryProcess } from './procfs/memory-process.ts';

/** A clock that moves when told to. Starts at 1,000,000 ms. */
export class TestClock implements Clock {
  #now: number;

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

/** Keeps what it was told. */
export class RecordingLogger implements Logger {
  readonly warnings: string[] = [];

  warn(message: string): void {
    this.warnings.push(message);
  }
}
