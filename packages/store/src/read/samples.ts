/** What was sampled, span by span, as the agent collected it. */

import type { Database } from 'bun:sqlite';
import { type ProfileEntry, unpackEntries } from '../profiles/entries.ts';
import { boundsOf, type HistorySpan, MIDDLE } from './bounds.ts';
import { timeOf } from './history.ts';

/** What was sampled in one span that the agent collected: some seconds. */
export interface SampledPart {
  /** ns since 1970. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly frequencyHz: number;
  readonly samples: number;
  /** Those of damaged entries too. */
  readonly lost: number;
  readonly entries: readonly ProfileEntry[];
}

interface Part {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly frequencyHz: bigint;
  readonly samples: bigint;
  readonly lost: bigint;
  readonly entries: Uint8Array;
}

/** By the middle of each. The oldest first. */
export function* samplesOf(database: Database, span: HistorySpan): Generator<SampledPart> {
  const parts = database
    .query(
      `SELECT * FROM profile WHERE toNs >= ?1 AND ${MIDDLE} >= ?1 AND ${MIDDLE} < ?2 ORDER BY toNs`,
    )
    .iterate(...boundsOf(span));
  for (const row of parts) {
    const { frequencyHz, samples, lost, entries, ...times } = row as Part;
    const known = entriesOf(entries);
    const fromNs = timeOf(times.fromNs);
    const length = timeOf(times.toNs) - fromNs;
    yield {
      fromNs,
      toNs: length > 0n ? fromNs + length : fromNs,
      frequencyHz: Number(frequencyHz),
      samples: Number(samples),
      // Damaged: what was sampled then is known to be missing.
      lost: Number(lost) + (known === undefined ? Number(samples) : 0),
      entries: known ?? [],
    };
  }
}

function entriesOf(entries: Uint8Array): readonly ProfileEntry[] | undefined {
  try {
    return unpackEntries(entries);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
