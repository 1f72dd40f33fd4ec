/** A span in figures. */

import type { CgroupSummary, SpanSummary } from '@waggle/store';
import { durationText, printable, sizeText, stringifyJson } from '@waggle/text';
import { momentText, momentUtc } from '../../store/moment.ts';

const SHOWN = 30;
const SHOWN_CGROUPS = 15;

export function summaryText(summary: SpanSummary): string {
  const { programs, cgroups, failedExecs, lost, gaps, pressure, oomKills } = summary;
  const header = ['PROGRAM', 'RUNS', 'FAILED', 'CPU', 'TOTAL', 'LONGEST', 'MEMORY'];
  const rows = programs
    .slice(0, SHOWN)
    .map(({ comm, runs, failed, cpuNs, totalNs, longestNs, maxRssBytes }) => [
      ...[printable(comm), String(runs), String(failed), durationText(cpuNs)],
      ...[durationText(totalNs), durationText(longestNs), sizeText(maxRssBytes)],
    ]);
  const lines = tableLines([header, ...rows]);
  if (programs.length > SHOWN) lines.push(`and ${programs.length - SHOWN} programs more`);
  if (cgroups.length > 0) lines.push('', ...tableLines(cgroupRows(cgroups)));
  if (cgroups.length > SHOWN_CGROUPS)
    lines.push(`and ${cgroups.length - SHOWN_CGROUPS} cgroups more`);
  lines.push('');
  if (failedExecs.length > 0)
    lines.push(
      `failed execs: ${failedExecs.map(({ error, count }) => `${printable(error)} ${count}`).join(', ')}`,
    );
  const { cpu, memory, io } = pressure;
  if (cpu !== null)
    lines.push(`pressure at its worst: CPU ${cpu} %, memory ${memory} %, I/O ${io} %`);
  if (oomKills > 0) lines.push(`out of memory: ${oomKills} kills`);
  if (lost > 0) lines.push(`missing: ${lost} events`);
  for (const { fromNs, toNs, reason } of gaps)
    lines.push(
      `nobody looked from ${momentText(fromNs)} to ${momentText(toNs)} (${printable(reason)})`,
    );
  return `${lines.join('\n')}\n`;
}

/** With all below each. */
function cgroupRows(cgroups: readonly CgroupSummary[]): string[][] {
  const size = (bytes: bigint | null) => (bytes === null ? '' : sizeText(bytes));
  return [
    ['CGROUP', 'CPU', 'MEMORY', 'READ', 'WRITTEN'],
    ...cgroups
      .slice(0, SHOWN_CGROUPS)
      .map(({ cgroup, cpuNs, maxMemoryBytes, readBytes, writeBytes }) => [
        ...[printable(cgroup), cpuNs === null ? '' : durationText(cpuNs), size(maxMemoryBytes)],
        ...[size(readBytes), size(writeBytes)],
      ]),
  ];
}

function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

export function summaryJson({ programs, cgroups, gaps, ...rest }: SpanSummary): string {
  const text = (bytes: bigint | null) => (bytes === null ? null : String(bytes));
  return `${stringifyJson({
    cgroups: cgroups.map(({ cgroup, cpuNs, maxMemoryBytes, readBytes, writeBytes }) => ({
      ...{ cgroup, cpuNs: text(cpuNs), maxMemoryBytes: text(maxMemoryBytes) },
      ...{ readBytes: text(readBytes), writeBytes: text(writeBytes) },
    })),
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
