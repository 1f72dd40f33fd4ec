/**
 * What may be spent on one object. Its file is written by whoever is watched: a terabyte of symbols can
 * stand in a file of a few kilobytes on disk, and a few kilobytes can inflate to gigabytes. Whatever
 * reads an object takes from one budget, and what is left when that is spent has no names.
 */
import { ElfError } from './error.ts';

export interface ReadLimits {
  /** Bytes read of the object and its debug files; 1.5 GiB: twice a browser's whole symbol table. */
  readonly bytes: number;
  /** Bytes that decompression gives, which may all be in memory; 1 GiB. */
  readonly inflatedBytes: number;
  /** Milliseconds; no limit unless told. */
  readonly ms: number;
}

const MEBIBYTE = 1024 * 1024;
const DEFAULTS: ReadLimits = {
  bytes: 1536 * MEBIBYTE,
  inflatedBytes: 1024 * MEBIBYTE,
  ms: Number.POSITIVE_INFINITY,
};

export class ReadBudget {
  readonly #limits: ReadLimits;
  #bytes = 0;
  #inflated = 0;
  #deadline: number;
  #exceeded = false;

  constructor(limits: Partial<ReadLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
    this.#deadline = performance.now() + this.#limits.ms;
  }

  /** Whether something was left out because it would have cost more. */
  get exceeded(): boolean {
    return this.#exceeded;
  }

  /** Bytes in memory that decompression gave. */
  get inflatedBytes(): number {
    return this.#inflated;
  }

  /**
   * Takes the cost of a read.
   * @throws `ElfError('too-large')` when there is less left, or no time
   */
  read(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.bytes)
      throw this.refuse(`more than ${this.#limits.bytes / MEBIBYTE} MiB would have to be read`);
    this.checkTime();
  }

  /** As `read`, for what decompression gives. @throws ElfError where that is above the budget. */
  inflate(bytes: number): void {
    if (this.#inflated + bytes > this.#limits.inflatedBytes)
      throw this.refuse(`it inflates to more than ${this.#limits.inflatedBytes / MEBIBYTE} MiB`);
    this.#inflated += bytes;
    this.checkTime();
  }

  /** @throws ElfError where reading takes too long. */
  checkTime(): void {
    if (performance.now() > this.#deadline)
      throw this.refuse(`reading it takes longer than ${this.#limits.ms / 1000} s`);
  }

  /** The error to throw for another limit that an object exceeds. */
  refuse(why: string): ElfError {
    this.#exceeded = true;
    return new ElfError('too-large', why);
  }

  /** Bytes and time for what is asked next; what is in memory stays there. */
  renew(): void {
    this.#bytes = 0;
    this.#exceeded = false;
    this.#deadline = performance.now() + this.#limits.ms;
  }
}
