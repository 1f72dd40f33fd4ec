/** Numbers of the kinds of events in records and maps, and counts of each. */

import { recordType } from '@waggle/bpf';
import { EVENT_KINDS, type EventKind } from './event-kinds.ts';

export { EVENT_KINDS, type EventKind };

/** The type that records of a kind have. */
export const RECORD_TYPES: Readonly<Record<EventKind, number>> = {
  fork: recordType.RECORD_FORK,
  exec: recordType.RECORD_EXEC,
  exit: recordType.RECORD_EXIT,
  'failed-exec': recordType.RECORD_FAILED_EXEC,
};

/** The kind of a record's type; undefined for records that are no events. */
export const EVENT_OF_TYPE: readonly (EventKind | undefined)[] = Object.assign(
  [],
  Object.fromEntries(EVENT_KINDS.map((kind) => [RECORD_TYPES[kind], kind])),
);

export type CountByKind = Readonly<Record<EventKind, number>>;

/** A count for each kind. */
export function countByKind(countOf: (kind: EventKind) => number): Record<EventKind, number> {
  return {
    fork: countOf('fork'),
    exec: countOf('exec'),
    exit: countOf('exit'),
    'failed-exec': countOf('failed-exec'),
  };
}

/** Nothing yet. */
export function noEvents(): Record<EventKind, number> {
  return countByKind(() => 0);
}

/** The sum over some kinds. */
export function sumOf(counts: CountByKind, kinds: readonly EventKind[] = EVENT_KINDS): number {
  return kinds.reduce((sum, kind) => sum + counts[kind], 0);
}
