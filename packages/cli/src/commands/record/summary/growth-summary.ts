/** What a long recording left out so that it takes no more memory and descriptors than it may. */

import type { ProfilerCounts } from '@waggle/profiler';

/** Lines for stderr; none as a rule. */
export function growthLines({
  earlySamples,
  leftOutAddresses,
  filesNotHeld,
}: Pick<ProfilerCounts, 'earlySamples' | 'leftOutAddresses' | 'filesNotHeld'>): string[] {
  const lines: string[] = [];
  if (leftOutAddresses)
    lines.push(
      'only functions were told apart, not their instructions, and labels have no pids: there were too many different stacks; record for a shorter time to have them',
    );
  if (earlySamples > 0)
    lines.push(
      `${earlySamples} samples of generated code have no name, and later ones were not waited for: there were too many different stacks of it`,
    );
  if (filesNotHeld > 0)
    lines.push(
      `${filesNotHeld} files were not held open, too many were: those that were deleted since have addresses in the place of names`,
    );
  return lines;
}
