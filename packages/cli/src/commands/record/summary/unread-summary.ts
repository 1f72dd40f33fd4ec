/**
 * What was left without names because reading it would have cost more than it may, or took too long.
 */

import type { ProfilerCounts } from '@waggle/profiler';

/** Lines for stderr; none as a rule. */
export function unreadLines({
  unreadObjects,
  clippedMaps,
}: Pick<ProfilerCounts, 'unreadObjects' | 'clippedMaps'>): string[] {
  const { tooLarge, unfinished, unanswered } = unreadObjects;
  const lines: string[] = [];
  if (tooLarge > 0)
    lines.push(
      `${tooLarge} objects were left without some of their names: their symbol tables are more than is read of one file`,
    );
  if (unfinished > 0)
    lines.push(
      `${unfinished} objects were left without names: reading them took too long, or was ended by a signal`,
    );
  if (unanswered > 0)
    lines.push(
      `${unanswered} objects were left without names: the file systems that they lie on (FUSE, NFS, ...) did not answer`,
    );
  if (clippedMaps > 0)
    lines.push(
      `the perf maps of ${clippedMaps} processes were not read to their end: they are more than is read, or it took too long`,
    );
  return lines;
}
