/** An exec, an exit or a failure as the view of events shows it. */

import type { ExitEvent, ProcessEvent } from '@waggle/core';
import type { ProcessEnd } from '@waggle/core/plugins/brief-events';
import { printable } from '@waggle/text';

export const KINDS = [
  'exec',
  'exit',
  'failed-exec',
  'lost',
] as const satisfies readonly ProcessEvent['event'][];
export type LoggedKind = (typeof KINDS)[number];

/** What a process has used by its end. */
export interface LoggedUsage {
  readonly userMs: number;
  readonly systemMs: number;
  readonly maxRssBytes: number;
  /** From and to storage; null where the kernel counts none. */
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  readonly majorFaults: number;
}

export interface LoggedEvent {
  readonly kind: LoggedKind;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly parentComm: string | null;
  readonly uid: number | undefined;
  /** Arguments as they were: others' text, and perhaps secrets. */
  readonly argv: readonly string[];
  readonly filename: string | null;
  /** Of an exec, where they are known: its directory, and where its standard files go. */
  readonly cwd: string | null;
  readonly stdio: readonly string[] | null;
  /** Where the session has environments: its own, for its children and for itself. */
  readonly environ: readonly string[] | null;
  /** More arguments than these. */
  readonly isCut: boolean;
  /** How it went: `code 1`, `SIGKILL`, `ENOENT`, or empty for an exec. */
  readonly outcome: string;
  readonly failed: boolean;
  readonly lifetimeMs: number | undefined;
  /** Of an exit. */
  readonly usage: LoggedUsage | null;
}

/** Undefined for what is not listed. */
export function loggedOf(event: ProcessEvent): LoggedEvent | undefined {
  const time = Number(event.time / 1_000_000n);
  if (event.event === 'lost')
    return {
      ...NOBODY,
      kind: 'lost',
      time,
      outcome: `${event.count} events lost: the ring buffer was full`,
      failed: true,
    };
  if (event.event === 'fork') return undefined;
  const { pid, ppid, comm, parentComm, uid, filename, argv } = event;
  const detail = event.event === 'exec' ? event.detail : null;
  const common = {
    ...{ time, pid, ppid, comm, parentComm, uid, filename, argv: argv ?? [] },
    cwd: detail === null || detail.cwdTruncated ? null : detail.cwd,
    stdio: detail?.stdio ?? null,
    environ: event.event === 'exec' && !event.environTruncated ? event.environ : null,
    isCut: event.argvTruncated,
    ...{ lifetimeMs: undefined, usage: null },
  };
  switch (event.event) {
    case 'exec':
      return { ...common, kind: 'exec', outcome: '', failed: false };
    case 'failed-exec':
      return {
        ...common,
        kind: 'failed-exec',
        // Of a store that is replayed it may be anybody's words.
        outcome: printable(event.error),
        failed: true,
      };
    case 'exit':
      return {
        ...common,
        kind: 'exit',
        outcome: outcomeOf(event),
        failed: hasFailed(event),
        lifetimeMs: Number(event.lifetimeNs / 1_000_000n),
        usage: usageOf(event),
      };
  }
}

const NOBODY = {
  pid: 0,
  ppid: 0,
  comm: '',
  parentComm: null,
  uid: undefined,
  argv: [],
  filename: null,
  cwd: null,
  stdio: null,
  environ: null,
  isCut: false,
  lifetimeMs: undefined,
  usage: null,
} as const;

const NS_A_MS = 1e6;

function usageOf(event: ExitEvent): LoggedUsage {
  const { userNs, systemNs, maxRssBytes, readBytes, writeBytes, majorFaults } = event;
  return {
    userMs: Number(userNs) / NS_A_MS,
    systemMs: Number(systemNs) / NS_A_MS,
    maxRssBytes: Number(maxRssBytes),
    readBytes: readBytes === null ? null : Number(readBytes),
    writeBytes: writeBytes === null ? null : Number(writeBytes),
    majorFaults,
  };
}

export function hasFailed({ exitCode, signal }: Pick<ProcessEnd, 'exitCode' | 'signal'>): boolean {
  return exitCode !== 0 || signal !== null;
}

/** `code 0`, `SIGSEGV, core dumped`. */
export function outcomeOf(end: ProcessEnd): string {
  if (end.signal === null) return `code ${end.exitCode}`;
  const signal = printable(end.signal);
  return end.coreDumped ? `${signal}, core dumped` : signal;
}
