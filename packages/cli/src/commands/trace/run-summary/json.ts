/** A summary as one JSON object: everything of the text, and all programs. 64-bit numbers are strings. */

import { EventJson } from '@waggle/core/plugins/event-output';
import { stringifyJson } from '@waggle/text';
import type { RunSummary } from './run-summary.ts';

export function summaryJson(summary: RunSummary): string {
  const json = new EventJson();
  const { execs, ended, failed, failedExecs, lost, userNs, systemNs, peak, from, to } = summary;
  return `${stringifyJson({
    event: 'summary',
    from: from === undefined ? null : instant(from),
    to: to === undefined ? null : instant(to),
    ...{ execs, ended, failed, failedExecs, lost },
    ...{ userNs: String(userNs), systemNs: String(systemNs) },
    peakPerSecond: peak.count,
    peakTime: peak.count === 0 ? null : instant(BigInt(peak.second) * 1_000_000_000n),
    programs: [...summary.programs.values()]
      .sort((a, b) => (a.totalNs < b.totalNs ? 1 : a.totalNs > b.totalNs ? -1 : 0))
      .map(({ program, runs, failed, ...sums }) => ({
        ...{ program, runs, failed },
        ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, String(sum)])),
      })),
    starters: [...summary.starters.values()]
      .sort((a, b) => b.started - a.started)
      .map(({ program, started, peak }) => ({ program, started, peakPerSecond: peak.count })),
    slowest: summary.slowest.items.map((event) => json.fields(event)),
    failures: summary.failures.map((event) => json.fields(event)),
  })}\n`;
}

/** RFC 3339, to the millisecond. */
function instant(time: bigint): string {
  return new Date(Number(time / 1_000_000n)).toISOString();
}
