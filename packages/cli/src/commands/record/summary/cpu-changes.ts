/**
 * What the summary says of CPUs that came online or could not be sampled: "0 lost" is not true of them.
 */

import type { ProfilerCounts } from '@waggle/profiler';

export function cpuChangeLines({ came, unsampled }: ProfilerCounts['cpus']): string[] {
  const lines: string[] = [];
  const taken = came.filter((cpu) => !unsampled.has(cpu));
  if (taken.length > 0)
    lines.push(
      `${cpuList(taken)} came online while recording; of that, up to a quarter of a second was not sampled`,
    );
  for (const [cpu, reason] of unsampled) lines.push(`CPU ${cpu} was not sampled: ${reason}`);
  return lines;
}

function cpuList(cpus: readonly number[]): string {
  return `CPU${cpus.length > 1 ? 's' : ''} ${cpus.join(', ')}`;
}
