/** How often probes were hit, what that has cost, and how long what they timed took: for stderr. */

import type { ProbeStats } from '@waggle/core/plugins/probes';

const MICROSECOND = 1000;
/** Where it begins to be felt: 5 % of a CPU, at two microseconds each. */
const BUSY_PER_SECOND = 25_000;
const BAR_WIDTH = 40;

export function probeLines(stats: readonly ProbeStats[], seconds: number): string[] {
  return stats.flatMap((probe) => [
    costLine(probe, seconds),
    ...warningLines(probe),
    ...latencyLines(probe),
  ]);
}

function costLine({ name, hits, spentNs }: ProbeStats, seconds: number): string {
  if (hits === 0) return `${name} was not hit`;
  const each = (spentNs / hits / MICROSECOND).toFixed(1);
  const perSecond = hits / Math.max(seconds, 0.001);
  const advice =
    perSecond > BUSY_PER_SECOND
      ? `: ${Math.round(perSecond)} times a second, which slows down what is recorded; --max-rate bounds the stacks`
      : '';
  return `${name} was hit ${hits} times, at ${each} µs of CPU time each and the kernel's way there${advice}`;
}

function warningLines({ name, withoutStack, lost, negative, unmatched }: ProbeStats): string[] {
  return [
    ...(withoutStack > 0
      ? [`${name}: ${withoutStack} hits are above --max-rate and were counted without a stack`]
      : []),
    ...(lost > 0
      ? [`${name}: ${lost} hits were lost: too many threads of one CPU were in the middle of one`]
      : []),
    ...(negative > 0 ? [`${name}: ${negative} hits had a negative value, which adds nothing`] : []),
    ...(unmatched > 0 ? [`${name}: ${unmatched} returns are of calls that began before`] : []),
  ];
}

function latencyLines({ name, latencies }: ProbeStats): string[] {
  const last = latencies.findLastIndex((count) => count > 0);
  if (last < 0) return [];
  const first = latencies.findIndex((count) => count > 0);
  const most = Math.max(...latencies);
  const rows = latencies.slice(first, last + 1).map((count, at) => {
    const from = timeText(2 ** (first + at)).padStart(8);
    const to = timeText(2 ** (first + at + 1)).padStart(8);
    return `${from} ..${to}  ${String(count).padStart(9)}  ${'#'.repeat(Math.ceil((BAR_WIDTH * count) / most))}`;
  });
  return [`${name} took, from entry to return:`, ...rows.map((row) => row.trimEnd())];
}

function timeText(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(0)} µs`;
  return ns < 1e9 ? `${(ns / 1e6).toFixed(0)} ms` : `${(ns / 1e9).toFixed(1)} s`;
}
