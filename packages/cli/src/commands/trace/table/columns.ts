/** Which columns the table of a trace has. */

export const COLUMN_NAMES = [
  ...(['time', 'event', 'pid', 'ppid', 'comm', 'parent', 'user', 'where', 'status'] as const),
  ...(['lifetime', 'cpu', 'memory', 'faults', 'read', 'written', 'program', 'command'] as const),
  'details',
] as const;

export type ColumnName = (typeof COLUMN_NAMES)[number];

/** What has a table where nobody chose: scripts read it too, so that it stays. */
export const DEFAULT_COLUMNS: readonly ColumnName[] = [
  ...(['time', 'event', 'pid', 'ppid', 'comm', 'details'] as const),
];

interface Column {
  readonly title: string;
  /** Columns of the terminal; 0: as much as there is, and last. */
  readonly width: number;
  readonly toTheRight?: boolean;
}

const number = (title: string, width: number): Column => ({ title, width, toTheRight: true });

export const COLUMNS: Readonly<Record<Exclude<ColumnName, 'time'>, Column>> = {
  event: { title: 'EVENT', width: 6 },
  pid: number('PID', 7),
  ppid: number('PPID', 7),
  comm: { title: 'COMM', width: 16 },
  parent: { title: 'PARENT', width: 16 },
  user: { title: 'USER', width: 10 },
  where: { title: 'WHERE', width: 16 },
  status: { title: 'STATUS', width: 9 },
  lifetime: number('LIFETIME', 8),
  cpu: number('CPU', 8),
  memory: number('MEMORY', 7),
  faults: number('FAULTS', 6),
  read: number('READ', 7),
  written: number('WRITTEN', 7),
  program: { title: 'PROGRAM', width: 24 },
  command: { title: 'COMMAND', width: 0 },
  details: { title: 'DETAILS', width: 0 },
};

/** Those that take the rest of the line. */
export const isLast = (name: ColumnName): boolean => name !== 'time' && COLUMNS[name].width === 0;

/** Why a list of columns is none; undefined where it is one. */
export function mistakeInColumns(names: readonly string[]): string | undefined {
  const unknown = names.find((name) => !COLUMN_NAMES.includes(name as ColumnName));
  if (unknown !== undefined) return `"${unknown}" is none of ${COLUMN_NAMES.join(', ')}.`;
  if (names.slice(0, -1).some((name) => isLast(name as ColumnName)))
    return 'command and details take the rest of the line: name one of them, last.';
  return undefined;
}
