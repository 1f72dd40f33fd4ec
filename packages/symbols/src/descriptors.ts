/**
 * Opens and closes files for all of this package, and writes down which are open where somebody has asked
 * for it: a thread that is ended from outside, in the middle of a file, closes nothing, and the descriptor is
 * the process's. Whoever has ended it does that then.
 */
import { closeSync, type Mode, type OpenMode, openSync } from 'node:fs';

/** open(2), asm-generic/fcntl.h: the same on x86-64 and AArch64; node:fs does not list it. */
export const O_PATH = 0o10_000_000;

/** More than a process may have open as a rule (fs.nr_open is 1,048,576); those above are not written down. */
const MAX_DESCRIPTORS = 65_536;
const BITS = 32;

/**
 * Which descriptors a thread has opened and not closed. It shares the memory with the one that may end it.
 * A descriptor is written down once it is open, and crossed out before it is closed: what is written down
 * is the thread's, whenever it is ended, and no other file has its number yet.
 */
export class DescriptorLedger {
  readonly #words: Int32Array;

  /** @param memory of another thread's ledger */
  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(MAX_DESCRIPTORS / 8)) {
    this.#words = new Int32Array(memory);
  }

  opened(fd: number): void {
    if (fd < MAX_DESCRIPTORS) Atomics.or(this.#words, Math.floor(fd / BITS), 1 << (fd % BITS));
  }

  closing(fd: number): void {
    if (fd < MAX_DESCRIPTORS) Atomics.and(this.#words, Math.floor(fd / BITS), ~(1 << (fd % BITS)));
  }

  /** Closes what is open, and crosses it out. Only where the thread has ended. */
  closeAll(): void {
    for (let word = 0; word < this.#words.length; word++) {
      const open = Atomics.exchange(this.#words, word, 0);
      for (let bit = 0; bit < BITS; bit++)
        if ((open & (1 << bit)) !== 0) closeSync(word * BITS + bit);
    }
  }
}

/** Of this thread: each has its modules for itself. */
let ledger: DescriptorLedger | undefined;

/** From now on this thread writes down what it opens here. */
export function keepDescriptorLedger(kept: DescriptorLedger): void {
  ledger = kept;
}

/** As openSync(). @throws NodeJS.ErrnoException */
export function openFile(path: string, flags: OpenMode, mode?: Mode): number {
  const fd = openSync(path, flags, mode);
  ledger?.opened(fd);
  return fd;
}

/** As closeSync(). @throws NodeJS.ErrnoException */
export function closeFile(fd: number): void {
  ledger?.closing(fd);
  closeSync(fd);
}
