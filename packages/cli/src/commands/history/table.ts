/** What ran as a table: when, for how long, how it ended, who, what. */

import type { HistoryEntry } from '@waggle/store';
import { commandLine, durationText, printable } from '@waggle/text';
import { cut } from '@waggle/text/columns';
import { momentText } from '../../store/moment.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { palette } from '../../terminal/text.ts';
import { hostUsers } from '../../users/passwd.ts';

const STDOUT = 1;
const HEADER = ['TIME', 'LASTED', 'ENDED', 'PID', 'PPID', 'USER', 'COMMAND'] as const;
/** What of a line is always there for the command. */
const MIN_COMMAND = 20;

export class Table {
  readonly text: string;

  constructor(all: readonly HistoryEntry[]) {
    const entries = withoutSearches(all);
    const rows = entries.map(rowOf);
    const widths = HEADER.map((name, column) =>
      Math.max(name.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
    );
    const room = isTerminal(STDOUT) ? process.stdout.columns : Number.POSITIVE_INFINITY;
    const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
    const left = Math.max(room - before, MIN_COMMAND);
    const { red, dim } = palette(isTerminal(STDOUT));
    const line = (cells: readonly string[]) =>
      cells
        .map((cell, column) =>
          column === HEADER.length - 1 ? cut(cell, left) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ');
    const lines = rows.map(({ cells, failed }) => (failed ? red(line(cells)) : line(cells)));
    this.text = entries.length === 0 ? '' : `${[dim(line(HEADER)), ...lines].join('\n')}\n`;
  }
}

interface TableRow {
  readonly cells: readonly string[];
  readonly failed: boolean;
}

function rowOf(entry: HistoryEntry): TableRow {
  const { pid, ppid, uid, argv, comm } = entry;
  const who = [String(pid), ppid === null ? '' : String(ppid), userName(uid)];
  const command = commandOf(entry);
  if (entry.event === 'failed-exec')
    return {
      cells: [
        ...[momentText(entry.timeNs), '', printable(entry.error), ...who],
        argv === null ? printable(entry.filename ?? comm) : command,
      ],
      failed: true,
    };
  const { startNs, endNs } = entry;
  return {
    cells: [
      momentText(startNs),
      endNs === null ? '' : durationText(endNs - startNs),
      outcomeOf(entry),
      ...who,
      command,
    ],
    failed: entry.signal !== null || (entry.exitCode ?? 0) !== 0,
  };
}

/** `running`, `0`, `1`, `SIGKILL`, or `?` where nobody saw the end. */
export function outcomeOf({
  endNs,
  exitCode,
  signal,
}: Extract<HistoryEntry, { readonly event: 'process' }>): string {
  if (endNs === null) return 'running';
  if (signal !== null) return printable(signal);
  return exitCode === null ? '?' : String(exitCode);
}

/** Arguments as they could be typed; of a kernel's thread its name. */
export function commandOf({ argv, comm }: HistoryEntry): string {
  return argv === null || argv.length === 0 ? `[${printable(comm)}]` : commandLine(argv);
}

/** A shell that looks for a program in one folder after the other fails in each but the last: one line is enough. */
function withoutSearches(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  return entries.filter((entry, index) => {
    const next = entries[index + 1];
    if (entry.event !== 'failed-exec' || entry.error !== 'ENOENT') return true;
    if (next?.event !== 'failed-exec' || next.pid !== entry.pid) return true;
    return JSON.stringify(next.argv) !== JSON.stringify(entry.argv);
  });
}

export function userName(uid: number | null): string {
  return uid === null ? '' : (hostUsers().byUid(uid)?.name ?? String(uid));
}
