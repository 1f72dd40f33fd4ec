/** A span of time, and its ends as SQL compares with them. */

import { LONG_NS } from '../schema/schema.ts';

/** A span of time, in ns since 1970; without an end what is open there. */
export interface HistorySpan {
  readonly sinceNs?: bigint | undefined;
  readonly untilNs?: bigint | undefined;
}

/** SQLite's largest INTEGER: later than anything. */
export const LARGEST = (1n << 63n) - 1n;

export function boundsOf({ sinceNs = 0n, untilNs = LARGEST }: HistorySpan): [bigint, bigint] {
  return [sinceNs, untilNs];
}

/**
 * Ids of processes that were there between ?1 and ?2, by indexes: those that began shortly before or in the span, those that
 * run still, and those that lived long. An older store has no index of the last, and is read as a whole.
 */
export const OVERLAPPING = `
SELECT id FROM process WHERE startNs >= ?1 - ${LONG_NS} AND startNs <= ?2 AND (endNs IS NULL OR endNs >= ?1)
UNION ALL SELECT id FROM process WHERE endNs IS NULL AND startNs < ?1 - ${LONG_NS} AND startNs <= ?2
UNION ALL SELECT id FROM process WHERE endNs >= ?1 AND endNs - startNs > ${LONG_NS} AND startNs < ?1 - ${LONG_NS} AND startNs <= ?2`;

/** A part of a profile cannot be cut in two: its middle says in which span it is. */
export const MIDDLE = '(fromNs / 2 + toNs / 2)';
