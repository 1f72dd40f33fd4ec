/** What CPUs did besides running what was recorded: softirqs on top of it, and nothing at all. */

import type { Profile, ProfileFrame } from '@waggle/formats';
import { IDLE_FRAME, type ProfilerCounts, SOFTIRQ_FRAME } from '@waggle/profiler';

/** Softirqs below this share are part of every recording. */
const WORTH_TELLING_PERCENT = 1;

const isSoftirq = ({ kind, name }: ProfileFrame) => kind === 'kernel' && name === SOFTIRQ_FRAME;

/** Lines for stderr. @param isHost every process of the host was recorded, so that idle is the rest. */
export function cpuStateLines(
  { stacks }: Profile,
  { stored, lost, idle }: Pick<ProfilerCounts, 'stored' | 'lost' | 'idle'>,
  isHost: boolean,
): string[] {
  let total = 0;
  let inSoftirqs = 0;
  let idleSamples = 0;
  for (const { frames, count } of stacks) {
    total += count;
    const [root] = frames;
    if (root?.kind === 'process' && root.name === IDLE_FRAME) idleSamples += count;
    if (frames.some(isSoftirq)) inSoftirqs += count;
  }
  const lines: string[] = [];
  const softirqs = percentOf(inSoftirqs, total);
  if (softirqs > WORTH_TELLING_PERCENT)
    lines.push(
      `${softirqs.toFixed(1)} % of samples in softirqs, which are no work of the process they are on (${SOFTIRQ_FRAME})`,
    );
  if (idleSamples > 0)
    lines.push(
      `CPUs were idle in ${percentOf(idleSamples, total).toFixed(1)} % of samples (${IDLE_FRAME})`,
    );
  else if (isHost && idle > 0)
    lines.push(
      `CPUs were idle ${percentOf(idle, idle + stored + lost).toFixed(1)} % of the time, which is left out; --idle shows it`,
    );
  return lines;
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}
