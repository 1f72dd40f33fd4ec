/**
 * What the cache counts. The numbers add up:
 * `hits + misses === lookups`, and
 * `insertions - (sum of evictions) === size`.
 */

/**
 * Why an entry left:
 * - `capacity`: room was needed and it was the least recently used, or in its grace
 * - `gone`: a lookup, a prune or a resync found its process ended, with no exit marked
 * - `exited`: its exit was marked and its grace is over
 * - `reuse`: its pid has a new owner
 * - `exec`: its process runs another image
 * - `removed`: `remove` was called
 * - `cleared`: `clear` was called, or the cache disposed of
 */
export type EvictionReason =
  | 'capacity'
  | 'gone'
  | 'exited'
  | 'reuse'
  | 'exec'
  | 'removed'
  | 'cleared';

export interface CacheStats {
  readonly size: number;
  readonly capacity: number;
  /** Calls of `get`, `getOrLoad`, `getOrLoadAsync`, `peek`, `getByIdentity` and `environVar`. */
  readonly lookups: number;
  /** Answered by an entry that was there. */
  readonly hits: number;
  /** Not so: loaded, or not found. */
  readonly misses: number;
  /** Processes read from /proc. */
  readonly loads: number;
  /** Kernel records taken. */
  readonly seeds: number;
  /** Entries put in, for whatever reason. */
  readonly insertions: number;
  readonly evictions: Readonly<Record<EvictionReason, number>>;
  /** Entries for which there was no room under policy `reject`. */
  readonly rejected: number;
  /** A pid was found to have a new owner. */
  readonly reuseDetected: number;
  /** A process was found to run a new image that no record had announced. */
  readonly execDetected: number;
  /** Checks that could not be made because /proc could not be read. */
  readonly errors: number;
}

/** The counters behind `stats()`. */
export class StatsCounter {
  hits = 0;
  misses = 0;
  loads = 0;
  seeds = 0;
  insertions = 0;
  rejected = 0;
  reuseDetected = 0;
  execDetected = 0;
  errors = 0;
  readonly evictions: Record<EvictionReason, number> = {
    capacity: 0,
    gone: 0,
    exited: 0,
    reuse: 0,
    exec: 0,
    removed: 0,
    cleared: 0,
  };

  snapshot(size: number, capacity: number): CacheStats {
    return {
      size,
      capacity,
      lookups: this.hits + this.misses,
      hits: this.hits,
      misses: this.misses,
      loads: this.loads,
      seeds: this.seeds,
      insertions: this.insertions,
      evictions: { ...this.evictions },
      rejected: this.rejected,
      reuseDetected: this.reuseDetected,
      execDetected: this.execDetected,
      errors: this.errors,
    };
  }
}
