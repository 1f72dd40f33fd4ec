/** How far the functions of interpreted programs can be trusted, and which interpreters were not walked. */

import { interpretedOutcome } from '@waggle/bpf';
import type { ProfilerCounts } from '@waggle/profiler';

/** Reasons in words, by interpreted_outcome. */
const REASONS: Readonly<Partial<Record<number, string>>> = {
  [interpretedOutcome.INTERPRETED_NO_THREAD]: 'a thread that the interpreter does not know',
  [interpretedOutcome.INTERPRETED_UNREADABLE]: 'memory that could not be read',
  [interpretedOutcome.INTERPRETED_NOT_CODE]: 'frames that did not lead to code',
  [interpretedOutcome.INTERPRETED_NAME_LOST]: 'names that had no room',
  [interpretedOutcome.INTERPRETED_NOT_INLINED]: 'inlined functions that could not be read',
};

/** Lines for stderr; none where no interpreter was met. */
export function interpreterLines({
  interpreted,
  unknownInterpreters,
}: Pick<ProfilerCounts, 'interpreted' | 'unknownInterpreters'>): string[] {
  const walked = interpreted[interpretedOutcome.INTERPRETED_WALKED] ?? 0;
  const reasons = Object.entries(REASONS).flatMap(([outcome, reason]) => {
    const count = interpreted[Number(outcome)] ?? 0;
    return count === 0 ? [] : [`${count} by ${reason}`];
  });
  const lines = unknownInterpreters.map((what) => `${what}: its functions are not shown`);
  if (walked === 0 && reasons.length === 0) return lines;
  const missing = reasons.length === 0 ? '' : `; cut off: ${reasons.join(', ')}`;
  return [...lines, `${walked} stacks with interpreted functions${missing}`];
}

/** What came of the perf maps that Java processes were to write. */
export function javaPerfMapLines({ javaPerfMaps }: Pick<ProfilerCounts, 'javaPerfMaps'>): string[] {
  if (javaPerfMaps === undefined) return [];
  const { written, problems } = javaPerfMaps;
  if (written === 0 && problems.length === 0)
    return ['no Java process was sampled that could write a perf map'];
  const processes = written === 1 ? 'Java process' : 'Java processes';
  return [...problems, ...(written === 0 ? [] : [`${written} ${processes} wrote a perf map`])];
}
