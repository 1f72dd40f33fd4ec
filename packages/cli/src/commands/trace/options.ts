/** What `waggle trace` is asked for, as command.ts reads it. */

import type { EventKind } from '@waggle/core';

export interface TraceOptions {
  readonly json?: boolean;
  readonly pid?: readonly number[];
  readonly comm?: RegExp;
  readonly uid?: number;
  readonly cgroup?: readonly string[];
  /** Default: exec and exit; with `failed` what can have failed. See tracedEvents(). */
  readonly events?: readonly EventKind[];
  readonly duration?: number;
  readonly failed?: boolean;
  readonly ringSize?: number;
  readonly tree?: boolean;
  readonly redact?: readonly RegExp[];
  readonly environ?: boolean;
  readonly rateLimit?: number;
}

/** Beside core's list, which is not loaded to read a command line. */
export const TRACEABLE_EVENTS: readonly EventKind[] = ['fork', 'exec', 'exit', 'failed-exec'];

/** What to trace where nobody said it. */
export function tracedEvents({ events, failed }: TraceOptions): readonly EventKind[] {
  return events ?? (failed ? ['exit', 'failed-exec'] : ['exec', 'exit']);
}

/** What does not go together, for the person who asked for it. */
export function mistakeIn(options: TraceOptions, command: readonly string[]): string | undefined {
  if (command.length > 0 && options.pid !== undefined)
    return 'give either -p or a command to trace, not both';
  if (options.environ && !options.json)
    return '--environ needs --json: the table has no room for environments';
  const fails = (event: EventKind) => event === 'exit' || event === 'failed-exec';
  if (options.failed && !tracedEvents(options).some(fails))
    return '--failed shows exits and failed execs, and --events names neither of them';
  return undefined;
}
