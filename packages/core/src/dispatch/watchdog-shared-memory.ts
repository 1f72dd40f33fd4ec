/** The memory that the two threads of the watchdog share. */

/** Index in the names of the plugin at work, plus one; 0: none. */
export const AT_WORK = 0;
/** Grows with every call, so that a long series of short ones is no long one. */
export const CALLS = 1;
/** Grows while the event loop turns. */
export const BEATS = 2;
export const WORD_COUNT = 3;

export interface WatchdogOrder {
  readonly words: Int32Array;
  readonly names: readonly string[];
  readonly timeoutMs: number;
}
