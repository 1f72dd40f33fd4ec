/** A summary as people read it: short tables, the most expensive first. */

import { durationText, printable, sizeText } from '@waggle/text';
import { cut } from '@waggle/text/columns';
import type { Palette } from '../../../terminal/text.ts';
import { Clock } from '../table/clock.ts';
import { commandOf, statusOf } from '../table/details.ts';
import type { Ended, ProgramSums, RunSummary } from './run-summary.ts';

const PROGRAMS_SHOWN = 20;
const STARTERS_SHOWN = 10;
const STATUS_WIDTH = 10;

export interface TextOptions {
  readonly colour: Palette;
  /** Of the terminal; undefined: lines may be of any length. */
  readonly width?: number | undefined;
}

export function summaryText(summary: RunSummary, { colour, width }: TextOptions): string {
  const inLine = (line: string) => (width === undefined ? line : cut(line, width));
  const sections = [
    [headline(summary)],
    programLines(summary),
    starterLines(summary),
    listLines('slowest', summary.slowest.items),
    listLines('failed, the latest last', summary.failures),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map(
      ([title = '', ...lines]) =>
        `${[colour.bold(inLine(title)), ...lines.map(inLine)].join('\n')}\n`,
    )
    .join('\n');
}

function headline(summary: RunSummary): string {
  const { execs, ended, failed, failedExecs, peak, lost, userNs, systemNs, from, to } = summary;
  const span = from === undefined || to === undefined ? 0n : to - from;
  return [
    `${execs} programs started in ${durationText(span)}`,
    `at most ${peak.count} a second`,
    `${ended} processes ended`,
    `${failed} failed`,
    `${failedExecs} execs failed`,
    `${durationText(userNs + systemNs)} CPU`,
    ...(lost > 0 ? [`${lost} events lost`] : []),
  ].join(', ');
}

function programLines({ programs }: RunSummary): readonly string[] {
  if (programs.size === 0) return [];
  const sorted = [...programs.values()].sort((a, b) => compare(b.totalNs, a.totalNs));
  const row = (...cells: readonly string[]) =>
    cells.map((cell, index) => cell.padStart(WIDTHS[index] ?? 0)).join(' ');
  const line = (sums: ProgramSums) =>
    row(
      String(sums.runs),
      sums.failed === 0 ? '-' : String(sums.failed),
      durationText(sums.totalNs),
      durationText(sums.longestNs),
      durationText(sums.userNs + sums.systemNs),
      sizeText(sums.maxRssBytes),
    );
  return [
    `${row('RUNS', 'FAILED', 'TOTAL', 'LONGEST', 'CPU', 'MEMORY')}  PROGRAM`,
    ...sorted.slice(0, PROGRAMS_SHOWN).map((sums) => `${line(sums)}  ${printable(sums.program)}`),
    ...(sorted.length > PROGRAMS_SHOWN ? [`and ${sorted.length - PROGRAMS_SHOWN} more`] : []),
  ];
}

const WIDTHS = [7, 7, 9, 9, 9, 7];

function starterLines({ starters }: RunSummary): readonly string[] {
  if (starters.size === 0) return [];
  const sorted = [...starters.values()].sort((a, b) => b.started - a.started);
  return [
    `${'STARTED'.padStart(7)} ${'A SECOND'.padStart(9)}  BY`,
    ...sorted
      .slice(0, STARTERS_SHOWN)
      .map(
        ({ program, started, peak }) =>
          `${String(started).padStart(7)} ${`≤ ${peak.count}`.padStart(9)}  ${printable(program)}`,
      ),
  ];
}

function listLines(title: string, items: readonly Ended[]): readonly string[] {
  if (items.length === 0) return [];
  const clock = new Clock('clock');
  const lines = items.map((event) => {
    const took = event.event === 'exit' ? durationText(event.lifetimeNs) : '-';
    const status = event.event === 'exit' ? statusOf(event) : event.error;
    const command = commandOf(event) || printable(event.comm);
    return `${clock.text(event.time)} ${String(event.pid).padStart(7)} ${took.padStart(8)}  ${status.padEnd(STATUS_WIDTH)} ${command}`;
  });
  return [
    `${'ENDED'.padEnd(12)} ${'PID'.padStart(7)} ${'LIFETIME'.padStart(8)}  ${'STATUS'.padEnd(STATUS_WIDTH)} COMMAND (${title})`,
    ...lines,
  ];
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
