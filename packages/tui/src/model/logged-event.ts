/** An exec, an exit or a failure as the view of events shows it. */

import type { ProcessEvent } from '@waggle/core';

export const KINDS = ['exec', 'exit', 'failed-exec', 'lost'] as const;
export type LoggedKind = (typeof KINDS)[number];

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
  };
  switch (event.event) {
    case 'exec':
      return { ...common, kind: 'exec', outcome: '', failed: false, lifetimeMs: undefined };
    case 'failed-exec':
      return {
        ...common,
        kind: 'failed-exec',
        outcome: event.error,
        failed: true,
        lifetimeMs: undefined,
      };
    case 'exit':
      return {
        ...common,
        kind: 'exit',
        outcome: outcomeOf(event),
        failed: event.exitCode !== 0 || event.signal !== null,
        lifetimeMs: Number(event.lifetimeNs / 1_000_000n),
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
} as const;

/** `code 0`, `SIGSEGV, core dumped`. */
export function outcomeOf(end: {
  readonly exitCode: number;
  readonly signal: string | null;
  readonly coreDumped: boolean;
}): string {
  if (end.signal === null) return `code ${end.exitCode}`;
  return end.coreDumped ? `${end.signal}, core dumped` : end.signal;
}
