/** The options of a cache and the two small things of the outside world that it takes. */
import { invalidType, optional, outOfRange, wholeNumber } from './argument-error.ts';
import type { Procfs } from './procfs/procfs.ts';

/** Milliseconds since 1970, as `Date` has it. */
export interface Clock {
  now(): number;
}

/** `console` is one. */
export interface Logger {
  warn(message: string): void;
}

/**
 * What to do when the cache is full of living processes:
 * - `lru`: the least recently used entry makes room
 * - `reject`: the newcomer is handed out and not kept
 */
export type CapacityPolicy = 'lru' | 'reject';

export interface CacheOptions {
  /** Most entries at any time, at least 1. There is no default: only you know your host. */
  readonly capacity: number;
  /** Default `lru`. */
  readonly policy?: CapacityPolicy | undefined;
  /** Default `new RealProcfs()`. */
  readonly procfs?: Procfs | undefined;
  /** Default `Date`. */
  readonly clock?: Clock | undefined;
  /** Told once each time the cache fills up. Default `console`; `null` for silence. */
  readonly logger?: Logger | null | undefined;
  /**
   * When room is needed, how many entries are at most checked for a process that is gone,
   * before a living one has to leave: one read of /proc each. Default 8.
   */
  readonly pruneProbes?: number | undefined;
  /**
   * Called before anything is looked up, listed, counted or changed: for a feeder that holds records back
   * until somebody asks, and seeds them here. What it calls meanwhile calls it again.
   */
  readonly beforeUse?: (() => void) | undefined;
}

export function checkedCapacity(capacity: number): number {
  // The one option that has to be there.
  if (capacity === undefined) throw outOfRange('capacity', 'given: a whole number', 'left out');
  return wholeNumber('capacity', capacity, 1);
}

/** @throws `TypeError` or `RangeError`, both with a `code`; says which option is wrong */
export function checkedOptions(options: CacheOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw invalidType('the options', '{ capacity: NUMBER, ... }', options);
  }
  const { capacity, policy, procfs, clock, logger, pruneProbes, beforeUse } = options;
  checkedCapacity(capacity);
  optional('policy', policy, "'lru' or 'reject'", typeof policy === 'string');
  if (policy !== undefined && policy !== 'lru' && policy !== 'reject') {
    throw outOfRange('policy', "'lru' or 'reject'", JSON.stringify(policy));
  }
  optional('procfs', procfs, 'a Procfs', hasMethods(procfs, 'pids', 'probe', 'stat'));
  optional('clock', clock, 'a Clock: { now(): number }', hasMethods(clock, 'now'));
  if (logger !== null) {
    optional('logger', logger, 'a Logger: { warn(message) }, or null', hasMethods(logger, 'warn'));
  }
  optional('beforeUse', beforeUse, 'a function', typeof beforeUse === 'function');
  if (pruneProbes !== undefined) wholeNumber('pruneProbes', pruneProbes, 0);
}

/** `Date`, which is a clock, is a function. */
function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const members = value as Readonly<Record<string, unknown>>;
  return names.every((name) => typeof members[name] === 'function');
}
