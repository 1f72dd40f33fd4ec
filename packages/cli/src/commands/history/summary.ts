/** A span in figures. */

import type { SpanSummary } from '@waggle/store';
import { durationText, printable, sizeText, stringifyJson } from '@waggle/text';
import { momentText, momentUtc } from '../../store/moment.ts';

const SHOWN = 30;

export function summaryText(summary: SpanSummary): string {
  const { programs, failedExecs, lost, gaps, pressure, oomKills } = summary;
  const header = ['PROGRAM', 'RUNS', 'FAILED', 'CPU', 'TOTAL', 'LONGEST', 'MEMORY'];
  const rows = programs
    .slice(0, SHOWN)
    .map(({ comm, runs, failed, cpuNs, totalNs, longestNs, maxRssBytes }) => [
      ...[printable(comm), String(runs), String(failed), durationText(cpuNs)],
      ...[durationText(totalNs), durationText(longestNs), sizeText(maxRssBytes)],
    ]);
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = [header, ...rows].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  if (programs.length > SHOWN) lines.push(`and ${programs.length - SHOWN} programs more`);
  if (failedExecs.length > 0)
    lines.push(
      `failed execs: ${failedExecs.map(({ error, count }) => `${error} ${count}`).join(', ')}`,
    );
  const { cpu, memory, io } = pressure;
  if (cpu !== null)
    lines.push(`pressure at its worst: CPU ${cpu} %, memory ${memory} %, I/O ${io} %`);
  if (oomKills > 0) lines.push(`out of memory: ${oomKills} kills`);
  if (lost > 0) lines.push(`missing: ${lost} events`);
  for (const { fromNs, toNs, reason } of gaps)
    lines.push(`nobody looked from ${momentText(fromNs)} to ${momentText(toNs)} (${reason})`);
  return `${lines.join('\n')}\n`;
}

export function summaryJson({ programs, gaps, ...rest }: SpanSummary): string {
  return `${stringifyJson({
    programs: programs.map(({ totalNs, longestNs, cpuNs, maxRssBytes, ...program }) => ({
      ...program,
      totalNs: String(totalNs),
      longestNs: String(longestNs),
      cpuNs: String(cpuNs),
      maxRssBytes: String(maxRssBytes),
    })),
    gaps: gaps.map(({ fromNs, toNs, reason }) => ({
      from: momentUtc(fromNs),
      to: momentUtc(toNs),
      reason,
    })),
    ...rest,
  })}\n`;
}
