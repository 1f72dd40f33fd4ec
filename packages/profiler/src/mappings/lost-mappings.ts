/**
 * What to do when records of mappings were lost: read from /proc what the processes that are sampled
 * have mapped now. Anybody can bring about a loss, with threads by the hundred thousand, so names have
 * to come back by themselves, at a price that a flood cannot drive up.
 */

import type { AddressSpaces } from './address-spaces.ts';
import type { Mapping } from './perf-records.ts';

/** A program that has just begun maps its libraries within this time. */
const FIRST_WAIT_NS = 50_000_000n;
/** Between two looks at a process in which there was nothing new. */
const LONGEST_WAIT_NS = 1_000_000_000n;
/** Of all time, what may go into looks that take long: at processes with mappings by the ten thousand. */
const SHARE_OF_LONG = 20;
const LONG_NS = 10_000_000n;
/** More than run on a host. Beyond it all are looked at again. */
const MAX_PROCESSES = 65_536;

interface Looked {
  readonly at: bigint;
  readonly wait: bigint;
  /** What it took, in ns. */
  readonly took: bigint;
}

export class LostMappings {
  readonly #looked = new Map<number, Looked>();
  #firstLoss: bigint | undefined;
  #lastLoss = 0n;
  /** When the next look is due at one of those that took long. */
  #nextLong = 0n;

  readonly #spaces: AddressSpaces;
  readonly #read: (pid: number) => readonly Mapping[];
  readonly #now: () => bigint;

  constructor(
    spaces: AddressSpaces,
    /** Executable mappings as /proc has them; none of a process that is gone. */
    read: (pid: number) => readonly Mapping[],
    /** CLOCK_BOOTTIME in ns. */
    now: () => bigint,
  ) {
    this.#spaces = spaces;
    this.#read = read;
    this.#now = now;
  }

  /** Mappings made between `since` and now may be unknown. */
  lost(since: bigint): void {
    this.#firstLoss ??= since;
    this.#lastLoss = this.#now();
  }

  /**
   * Before what was sampled of a process is looked up.
   * @param startTime when the process began, in ns since boot
   */
  recover(pid: number, startTime: bigint): void {
    // The idle task has no mappings.
    if (this.#firstLoss === undefined || pid === 0) return;
    // It executed its program since, or was born with what somebody has looked at: as nearly all are, a while later.
    if (this.#spaces.completeAt(pid) > this.#lastLoss) return;
    const looked = this.#looked.get(pid);
    const unknownSince = looked?.at ?? this.#firstLoss;
    if (looked !== undefined && looked.at > this.#lastLoss) return;
    const now = this.#now();
    if (looked !== undefined && now < looked.at + looked.wait) return;
    if (looked !== undefined && looked.took > LONG_NS && now < this.#nextLong) return;
    const found = this.#read(pid);
    const since = startTime > unknownSince ? startTime : unknownSince;
    const isNews = found.length > 0 && this.#spaces.recover(pid, found, since, now);
    const wait = isNews || looked === undefined ? FIRST_WAIT_NS : longer(looked.wait);
    if (this.#looked.size >= MAX_PROCESSES) this.#looked.clear();
    const took = this.#now() - now;
    if (took > LONG_NS) this.#nextLong = now + took * BigInt(SHARE_OF_LONG);
    this.#looked.set(pid, { at: now, wait, took });
  }

  forget(pid: number): void {
    this.#looked.delete(pid);
  }
}

function longer(wait: bigint): bigint {
  return 2n * wait > LONGEST_WAIT_NS ? LONGEST_WAIT_NS : 2n * wait;
}
