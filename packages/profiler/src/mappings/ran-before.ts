/**
 * Who ran before us. On a host with ten thousand processes nearly all of them sleep, are never sampled, and would
 * hold up the start for seconds if each had to be read first. So there is a moment in which those of most hosts are
 * read, the newest first: they are the first to end. Any other is read before it is asked about: when it was sampled,
 * or has a child that shares what it mapped. The rest have their turns, since what has ended can be read no more.
 */

import type { SidebandRecord } from './perf-records.ts';

/** Some 700 processes. */
const AT_ONCE_MS = 100;
/** In each round. */
const TURN_MS = 10;

export interface RanBeforeParts {
  /** Followed from now on, with nothing mapped as far as is known. */
  readonly follow: (pid: number) => void;
  /** Reads what it has mapped, for everybody who asks. Says whether it had anything. */
  readonly read: (pid: number) => boolean;
}

export class RanBefore {
  readonly #unread = new Set<number>();
  readonly #parts: RanBeforeParts;
  readonly #atOnceMs: number;

  constructor(parts: RanBeforeParts, atOnceMs = AT_ONCE_MS) {
    this.#parts = parts;
    this.#atOnceMs = atOnceMs;
  }

  /** How many are still to be read. */
  get unread(): number {
    return this.#unread.size;
  }

  /** @param pids in the order of their births, as /proc has them */
  begin(pids: readonly number[]): void {
    const { follow, read } = this.#parts;
    const until = performance.now() + this.#atOnceMs;
    for (const pid of pids.toReversed()) {
      follow(pid);
      if (performance.now() < until) read(pid);
      else this.#unread.add(pid);
    }
  }

  /** It was sampled: before its addresses are looked up. */
  need(pid: number): void {
    if (this.#unread.delete(pid)) this.#parts.read(pid);
  }

  /** Before what is told is applied: a child shares what its parent had mapped. */
  told(records: readonly SidebandRecord[]): void {
    if (this.#unread.size === 0) return;
    // By now /proc has another program's.
    const replaced = new Set<number>();
    for (const record of records) if (record.type === 'exec') replaced.add(record.pid);
    for (const record of records)
      if (record.type === 'fork') this.#forked(record.parent, record.pid, replaced);
      else if (record.type === 'exec') this.#unread.delete(record.pid);
  }

  /** It has ended. */
  forget(pid: number): void {
    this.#unread.delete(pid);
  }

  /** Goes on for a moment. */
  readOn(): void {
    if (this.#unread.size === 0) return;
    const until = performance.now() + TURN_MS;
    for (const pid of this.#unread) {
      this.need(pid);
      if (performance.now() > until) return;
    }
  }

  #forked(parent: number, child: number, replaced: ReadonlySet<number>): void {
    // Whoever had the pid before.
    this.#unread.delete(child);
    if (!this.#unread.has(parent)) return;
    if (!replaced.has(parent)) {
      this.#unread.delete(parent);
      if (this.#parts.read(parent)) return;
    }
    // The child may say what it was born with.
    if (!replaced.has(child)) this.#unread.add(child);
  }
}
