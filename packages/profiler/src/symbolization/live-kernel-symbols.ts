/**
 * The kernel's symbols for as long as a reader lives, which may be months: read when they are first
 * wanted, and anew for an address without a name, whose module may have been loaded since.
 */

import type { KernelNames, KernelSymbolHit } from '@waggle/symbols';
import { isSystemError } from '@waggle/symbols';

/** The kernel takes tens of milliseconds to write them, and some addresses have a name in none. */
const MIN_AGE_MS = 10_000;

export class LiveKernelSymbols {
  #symbols: KernelNames | undefined;
  #readAt = 0;

  readonly #read: () => KernelNames;
  readonly #now: () => number;

  /** @param now in ms, of a clock that is never set back */
  constructor(read: () => KernelNames, now = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  /** @throws NodeJS.ErrnoException when the symbols cannot be read for the first time. */
  lookup(address: bigint): KernelSymbolHit | undefined {
    this.#symbols ??= this.#readNow();
    const hit = this.#symbols.lookup(address);
    if (hit !== undefined || this.#now() - this.#readAt < MIN_AGE_MS) return hit;
    const before = this.#symbols;
    try {
      this.#symbols = this.#readNow();
      before.close?.();
    } catch (error) {
      // Out of descriptors or memory for now: what is known goes on answering.
      if (isSystemError(error)) return undefined;
      throw error;
    }
    return this.#symbols.lookup(address);
  }

  close(): void {
    this.#symbols?.close?.();
  }

  #readNow(): KernelNames {
    this.#readAt = this.#now();
    return this.#read();
  }
}
