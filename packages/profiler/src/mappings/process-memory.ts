/**
 * Memory of other processes, as /proc shows it to whoever may trace them. What is mapped there may be a file
 * that does not answer, and reading it waits for that, so it is read by a process of its own, for a moment.
 */

import { type GuardedFile, GuardedReader, log } from '@waggle/ffi';
import { isSystemError } from '@waggle/symbols';

/** It is read while samples wait. */
const PATIENCE_MS = 500;
const MAX_REMEMBERED = 1024;

export class ProcessMemory implements Disposable {
  readonly #reader = new GuardedReader(PATIENCE_MS);
  /** Processes whose memory did not answer once. */
  readonly #silent = new Set<number>();

  /**
   * What `use` makes of a process's memory, whose offsets are addresses; undefined when the process is gone,
   * may not be looked into, or does not answer.
   */
  of<Result>(pid: number, use: (memory: GuardedFile) => Result): Result | undefined {
    if (this.#silent.has(pid)) return undefined;
    try {
      using memory = this.#reader.open(`/proc/${pid}/mem`);
      return use(memory);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ETIMEDOUT') this.#leave(pid);
      return undefined;
    }
  }

  /** undefined as well when not all of it is mapped. */
  read(pid: number, start: number, bytes: number): Uint8Array | undefined {
    const content = new Uint8Array(bytes);
    return this.of(pid, (memory) => (memory.read(content, start) === bytes ? content : undefined));
  }

  [Symbol.dispose](): void {
    this.#reader[Symbol.dispose]();
  }

  #leave(pid: number): void {
    if (this.#silent.size >= MAX_REMEMBERED) this.#silent.clear();
    this.#silent.add(pid);
    log('refused', () => ({ what: 'memory of process', name: `${pid}`, why: 'no answer' }));
  }
}
