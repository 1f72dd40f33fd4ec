/** The profile of a span: parts that lie in it for the most part, added up. */

import type { Database } from 'bun:sqlite';
import type { Profile } from '@waggle/formats';
import type { HistorySpan } from './bounds.ts';
import { SampleSum } from './sample-sum.ts';
import { samplesOf } from './samples.ts';
import { StackReader } from './stack-reader.ts';

export interface ProfileQuery extends HistorySpan {
  /** Of this process only, whichever have had the pid. */
  readonly pid?: number | undefined;
  /** Of processes of these names. */
  readonly comm?: RegExp | undefined;
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
  const sum = new SampleSum();
  for (const part of samplesOf(database, span))
    sum.add(part, pid === undefined ? undefined : (entry) => entry.pid === pid);
  const reader = new StackReader(database);
  const stacks = [...sum.stacks((stack) => reader.framesOf(stack))];
  const isWanted = comm === undefined ? undefined : (name: string) => comm.test(name);
  return sum.profile(
    isWanted === undefined
      ? stacks
      : stacks.filter(({ frames }) => isWanted(frames[0]?.name ?? '')),
    host,
  );
}
