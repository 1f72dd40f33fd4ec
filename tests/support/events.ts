// Events as `waggle trace --json` writes them, and ways to pick some. The contract itself is
// checked field by field in trace-json-contract.test.ts.

export interface ExecLine {
  readonly event: 'exec';
  readonly time: string;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly startTime: string;
  readonly execId: number;
  readonly comm: string;
  readonly filename: string;
  readonly argv: readonly string[];
  readonly argvTruncated: boolean;
  readonly parentComm: string | null;
  readonly uid: number;
  readonly gid: number;
  readonly cgroupId: string;
  readonly containerId: string | null;
  readonly nsMnt: number;
  readonly nsPid: number;
}

export interface ExitLine {
  readonly event: 'exit';
  readonly time: string;
  readonly pid: number;
  readonly ppid: number;
  readonly startTime: string;
  readonly execId: number;
  readonly comm: string;
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
  readonly argvTruncated: boolean;
  readonly parentComm: string | null;
  readonly uid: number;
  readonly exitCode: number;
  readonly signal: string | null;
  readonly coreDumped: boolean;
  readonly lifetimeNs: string;
  readonly userNs: string;
  readonly systemNs: string;
  readonly maxRssBytes: string;
  readonly majorFaults: number;
  readonly readBytes: string | null;
  readonly writeBytes: string | null;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

export interface ForkLine {
  readonly event: 'fork';
  readonly time: string;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly startTime: string;
  readonly execId: number;
  readonly comm: string;
  readonly childPid: number;
  readonly childStartTime: string;
  readonly uid: number;
}

export interface FailedExecLine {
  readonly event: 'failed-exec';
  readonly time: string;
  readonly pid: number;
  readonly comm: string;
  readonly error: string;
  readonly filename: string | null;
  readonly argv: readonly string[];
  readonly argvTruncated: boolean;
}

/** What is missing beside losses. */
export interface WithheldLine {
  readonly event: 'limited' | 'untracked';
  readonly time: string;
  readonly count: number;
}

export interface LostLine {
  readonly event: 'lost';
  readonly time: string;
  readonly count: number;
}

export type TraceEvent = ExecLine | ExitLine | ForkLine | FailedExecLine | LostLine | WithheldLine;

export const isExec = (event: TraceEvent): event is ExecLine => event.event === 'exec';
export const isExit = (event: TraceEvent): event is ExitLine => event.event === 'exit';
export const isFork = (event: TraceEvent): event is ForkLine => event.event === 'fork';
export const isFailedExec = (event: TraceEvent): event is FailedExecLine =>
  event.event === 'failed-exec';
export const isLimited = (event: TraceEvent): event is WithheldLine => event.event === 'limited';
export const isUntracked = (event: TraceEvent): event is WithheldLine =>
  event.event === 'untracked';
export const isLost = (event: TraceEvent): event is LostLine => event.event === 'lost';

/** (pid, start time): what a process is known by. */
export const processOf = (event: ExecLine | ExitLine | ForkLine): string =>
  `${event.pid}@${event.startTime}`;

export function execsOf(events: readonly TraceEvent[], filename: string): ExecLine[] {
  return events.filter(isExec).filter((event) => event.filename === filename);
}

export function exitsOf(events: readonly TraceEvent[], pid: number): ExitLine[] {
  return events.filter(isExit).filter((event) => event.pid === pid);
}

/** N of `--id=N`. */
export function idOf(event: ExecLine): number {
  const word = event.argv.find((argument) => argument.startsWith('--id='));
  return word === undefined ? Number.NaN : Number(word.slice('--id='.length));
}

/** N of each exec of such a program, in their order by size. */
export function execIds(events: readonly TraceEvent[]): number[] {
  return events
    .filter(isExec)
    .map(idOf)
    .sort((a, b) => a - b);
}

/** The status that wait(2) gives, from an exit event. Signal numbers by name. */
export function waitStatus(event: ExitLine, signals: Readonly<Record<string, number>>): number {
  const signal = event.signal === null ? 0 : (signals[event.signal] ?? Number.NaN);
  return (event.exitCode << 8) | (event.coreDumped ? 0x80 : 0) | signal;
}

export interface Summary {
  readonly events: number;
  readonly lost: number;
  readonly suppressed: number;
}

/** The one summary line at the end of stderr. @throws when there is none, or not the last. */
export function summaryOf(stderr: string): Summary {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const match = /^waggle: (\d+) events, (\d+) lost, (\d+) suppressed$/.exec(last);
  if (match === null) throw new Error(`no summary at the end of:\n${stderr}`);
  return { events: Number(match[1]), lost: Number(match[2]), suppressed: Number(match[3]) };
}
