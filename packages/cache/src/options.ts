/** The options of a cache and the two small things of the outside world that it takes. */
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
  readonly policy?: CapacityPolicy;
  /** Default `new RealProcfs()`. */
  readonly procfs?: Procfs;
  /** Default `Date`. */
  readonly clock?: Clock;
  /** Told once each time the cache fills up. Default `console`; `null` for silence. */
  readonly logger?: Logger | null;
  /**
   * When room is needed, how many entries are at most checked for a process that is gone,
   * before a living one has to leave: one read of /proc each. Default 8.
   */
  readonly pruneProbes?: number;
}

export function checkedCapacity(capacity: number): number {
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new RangeError(`capacity must be a whole number of at least 1, not ${capacity}`);
  }
  return capacity;
}

/** Pids come from outside; a path is made of them. */
export function checkedPid(pid: number): number {
  if (!Number.isSafeInteger(pid) || pid < 1) {
    throw new RangeError(`a pid is a whole number of at least 1, not ${pid}`);
  }
  return pid;
}
