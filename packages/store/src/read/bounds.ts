// A span of time, and its ends as SQL compares with them.

/** A span of time, in ns since 1970; without an end what is open there. */
export interface HistorySpan {
  readonly sinceNs?: bigint | undefined;
  readonly untilNs?: bigint | undefined;
}

/** SQLite's largest INTEGER: later than anything. */
const LARGEST = (1n << 63n) - 1n;

export function boundsOf({ sinceNs = 0n, untilNs = LARGEST }: HistorySpan): [bigint, bigint] {
  return [sinceNs, untilNs];
}
