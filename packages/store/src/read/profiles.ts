/** The profile of a span: spans that lie in it for the most part, added up. */

import type { Database } from 'bun:sqlite';
import type { FrameKind, Profile, ProfileFrame } from '@waggle/formats';
import { type ProfileEntry, unpackEntries } from '../profiles/entries.ts';
import { boundsOf, type HistorySpan } from './bounds.ts';

export interface ProfileQuery extends HistorySpan {
  /** Of this process only, whichever have had the pid. */
  readonly pid?: number | undefined;
  /** Of processes of these names. */
  readonly comm?: RegExp | undefined;
}

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

/**
 * @param host its name, for the profile
 * @returns undefined where nothing was sampled in the span
 */
export function profileOf(
  database: Database,
  { pid, comm, ...span }: ProfileQuery,
  host: string,
): Profile | undefined {
  const counts = new Map<number, number>();
  let first: SampledPart | undefined;
  let [samples, lost, seconds] = [0, 0, 0];
  for (const part of samplesOf(database, span)) {
    first ??= part;
    lost += part.lost;
    seconds += Number(part.toNs - part.fromNs) / 1e9;
    for (const entry of part.entries) {
      if (pid !== undefined && entry.pid !== pid) continue;
      counts.set(entry.stack, (counts.get(entry.stack) ?? 0) + entry.count);
    }
  }
  if (first === undefined) return undefined;
  const reader = new StackReader(database);
  const stacks: { readonly frames: readonly ProfileFrame[]; readonly count: number }[] = [];
  for (const [stack, count] of counts) {
    const frames = reader.framesOf(stack);
    if (frames === undefined) continue;
    if (comm !== undefined && !comm.test(frames[0]?.name ?? '')) continue;
    stacks.push({ frames, count });
    samples += count;
  }
  return {
    stacks,
    metadata: {
      host,
      frequencyHz: first.frequencyHz,
      startTime: new Date(Number(first.fromNs / 1_000_000n)),
      durationSeconds: seconds,
      samples,
      lostSamples: lost,
    },
  };
}

/** A part cannot be cut in two: its middle decides. The oldest first. */
export function* samplesOf(database: Database, span: HistorySpan): Generator<SampledPart> {
  const parts = database
    .query(
      'SELECT * FROM profile WHERE toNs >= ?1 AND (fromNs / 2 + toNs / 2) >= ?1 AND (fromNs / 2 + toNs / 2) < ?2 ORDER BY toNs',
    )
    .iterate(...boundsOf(span));
  for (const row of parts) {
    const { fromNs, toNs, frequencyHz, samples, lost, entries } = row as Part;
    const known = entriesOf(entries);
    yield {
      fromNs,
      toNs,
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

/** Its row was on a page that is damaged. */
const LOST_FRAME: ProfileFrame = { name: '[lost]', kind: 'unresolved' };

export class StackReader {
  readonly #frames = new Map<number, ProfileFrame | undefined>();
  readonly #stack: ReturnType<Database['query']>;
  readonly #frame: ReturnType<Database['query']>;

  constructor(database: Database) {
    this.#stack = database.query('SELECT frames FROM stack WHERE id = ?');
    this.#frame = database.query('SELECT name, kind, object FROM frame WHERE id = ?');
  }

  /** From the root on; undefined for one that is not there. */
  framesOf(stack: number): readonly ProfileFrame[] | undefined {
    const row = this.#stack.get(stack) as { readonly frames: Uint8Array } | null;
    if (row === null) return undefined;
    const text = new TextDecoder().decode(row.frames);
    const ids = text === '' ? [] : text.split(',').map(Number);
    return ids.map((id) => this.#frameOf(id) ?? LOST_FRAME);
  }

  #frameOf(id: number): ProfileFrame | undefined {
    if (this.#frames.has(id)) return this.#frames.get(id);
    const row = this.#frame.get(id) as {
      readonly name: string;
      readonly kind: FrameKind;
      readonly object: string | null;
    } | null;
    const frame =
      row === null
        ? undefined
        : {
            name: row.name,
            kind: row.kind,
            ...(row.object === null ? {} : { object: row.object }),
          };
    this.#frames.set(id, frame);
    return frame;
  }
}
