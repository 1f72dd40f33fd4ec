/** Why walks of user stacks ended: as the kernel numbers it, and in words. */

import { stackBounds, unwindStop } from '@waggle/bpf';
import type { StopReason } from '@waggle/unwind';

/** enum unwind_stop of a walk in userspace. */
export const STOP_OF_REASON: Readonly<Record<StopReason, number>> = {
  end: unwindStop.STOP_END,
  'no-mapping': unwindStop.STOP_NO_MAPPING,
  unsupported: unwindStop.STOP_UNSUPPORTED,
  'unknown-register': unwindStop.STOP_UNKNOWN_REGISTER,
  unreadable: unwindStop.STOP_UNREADABLE,
  'no-progress': unwindStop.STOP_NO_PROGRESS,
  'no-frame-pointer': unwindStop.STOP_NO_FRAME_POINTER,
  'too-deep': unwindStop.STOP_TOO_DEEP,
};

/** enum unwind_stop to the names of packages/unwind, in its order. */
const STOP_NAMES: readonly (readonly [stop: number, name: string])[] = [
  [unwindStop.STOP_NO_MAPPING, 'a return address outside of any code'],
  [unwindStop.STOP_UNSUPPORTED, 'a rule that rows cannot express'],
  [unwindStop.STOP_UNKNOWN_REGISTER, 'a register whose value is lost'],
  [unwindStop.STOP_UNREADABLE, 'stack memory that cannot be read'],
  [unwindStop.STOP_NO_PROGRESS, 'a stack that leads nowhere'],
  [unwindStop.STOP_NO_FRAME_POINTER, 'code with neither rows nor frame pointers'],
  [unwindStop.STOP_TOO_DEEP, `more than ${stackBounds.STACK_WALKED_FRAMES} frames`],
  [unwindStop.STOP_NO_TABLE, 'an object whose table was not there yet'],
  [unwindStop.STOP_NO_ROOM, 'a full map, which had no room for all frames'],
];

export interface UnwindSummary {
  readonly walks: number;
  /** Walks that reached the outermost frame. */
  readonly complete: number;
  /** Of the others, most frequent first. */
  readonly stops: readonly { readonly reason: string; readonly count: number }[];
}

/** @param stops counts by enum unwind_stop, as in ProfilerCounts */
export function summarizeUnwinds(stops: readonly number[]): UnwindSummary {
  const early = STOP_NAMES.map(([stop, reason]) => ({ reason, count: stops[stop] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const complete = stops[unwindStop.STOP_END] ?? 0;
  return {
    walks: early.reduce((sum, { count }) => sum + count, complete),
    complete,
    stops: early,
  };
}
