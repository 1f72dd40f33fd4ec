/** How far the stacks of a recording can be trusted, and what knowing it took. */

import { type ProfilerCounts, summarizeUnwinds, type UnwindMode } from '@waggle/profiler';

/** Lines for stderr; none where frame pointers were asked for. */
export function unwindLines(
  { stops, unwindTables }: Pick<ProfilerCounts, 'stops' | 'unwindTables'>,
  asked: UnwindMode,
): string[] {
  if (unwindTables === undefined)
    return asked === 'fp'
      ? []
      : [
          'this kernel does not walk stacks by call frame information (`waggle doctor`); callers are those that frame pointers lead to',
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
