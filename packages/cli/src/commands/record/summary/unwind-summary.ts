/** How far the stacks of a recording can be trusted, and what knowing it took. */

import { stackBounds, unwindStop } from '@waggle/bpf';
import { type ProfilerCounts, summarizeUnwinds, type UnwindMode } from '@waggle/profiler';

type Counts = Pick<ProfilerCounts, 'stops' | 'unwindTables' | 'userTruncated'>;

/** Lines for stderr; where frame pointers were asked for only those about stacks that were cut off. */
export function unwindLines(counts: Counts, asked: UnwindMode): string[] {
  const { stops, unwindTables } = counts;
  if (unwindTables === undefined)
    return [
      ...(asked === 'fp'
        ? []
        : [
            'this kernel does not walk stacks by call frame information (`waggle doctor`); callers are those that frame pointers lead to',
          ]),
      ...linesOfFramePointers(counts),
    ];
  const { walks, complete, stops: early } = summarizeUnwinds(stops);
  const { tables, rows, bytes, withoutTable, leftOut, evicted } = unwindTables;
  const lines: string[] = [];
  if (walks > 0) {
    const reasons = early.map(({ reason, count }) => `${count} by ${reason}`).join(', ');
    const share = ((100 * complete) / walks).toFixed(2);
    lines.push(
      `${share} % of user stacks are complete${reasons === '' ? '' : `; cut off: ${reasons}`}`,
    );
  }
  lines.push(...linesOfFramePointers(counts));
  lines.push(
    `unwind tables: ${tables} objects, ${rows} rows, ${(bytes / 1024).toFixed(0)} KiB` +
      (withoutTable > 0 ? `, ${withoutTable} without rows` : '') +
      (evicted > 0 ? `, ${evicted} evicted` : ''),
  );
  if (leftOut > 0)
    lines.push(
      `${leftOut} objects have no unwind table: their call frame information is more than is read of one file, or reading it took too long`,
    );
  return lines;
}

/** Walks by frame pointers are not among `stops`: all that is known of them is which ones were too deep. */
function linesOfFramePointers({ stops, userTruncated }: Counts): string[] {
  const cut = userTruncated - (stops[unwindStop.STOP_TOO_DEEP] ?? 0);
  if (cut <= 0) return [];
  // The kernel's own walks end sooner than ours.
  return [
    `user stacks by frame pointers; cut off: ${cut} by more than ${stackBounds.STACK_MAX_FRAMES} frames`,
  ];
}
