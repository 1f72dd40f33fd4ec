/** What `waggle trace` is asked for, as command.ts reads it. */

import { EVENT_KINDS, type EventKind } from '@waggle/kernel/event-kinds';
import { mistakeInOutputs } from '../../event-files/formats.ts';
import type { Rotation } from '../../event-files/rotating-file.ts';
import type { User } from '../../users/passwd.ts';
import type { TimeForm } from './table/clock.ts';
import type { ColumnName } from './table/columns.ts';

export interface TraceOptions {
  readonly json?: boolean | undefined;
  readonly pid?: readonly number[] | undefined;
  readonly comm?: RegExp | undefined;
  readonly uid?: number | undefined;
  /** With the directories of the containers, once they are found. */
  readonly cgroup?: readonly string[] | undefined;
  readonly container?: readonly string[] | undefined;
  /** Default: exec and exit; with `failed` what can have failed. See tracedEvents(). */
  readonly events?: readonly EventKind[] | undefined;
  readonly duration?: number | undefined;
  readonly failed?: boolean | undefined;
  readonly ringSize?: number | undefined;
  readonly tree?: boolean | undefined;
  readonly redact?: readonly RegExp[] | undefined;
  readonly environ?: boolean | undefined;
  readonly rateLimit?: number | undefined;
  /** Files by their extensions; `-` is standard output. */
  readonly output?: readonly string[] | undefined;
  readonly rotate?: Omit<Rotation, 'keep'> | undefined;
  readonly keep?: number | undefined;
  readonly columns?: readonly ColumnName[] | undefined;
  readonly time?: TimeForm | undefined;
  readonly arg?: RegExp | undefined;
  readonly exclude?: RegExp | undefined;
  readonly path?: RegExp | undefined;
  /** Names of the parent, or its pid. */
  readonly parent?: RegExp | number | undefined;
  readonly user?: User | undefined;
  readonly as?: User | undefined;
  readonly summary?: boolean | undefined;
  /** In JSON: each program as it can be pasted into a shell. */
  readonly shellCommand?: boolean | undefined;
}

/** What to trace where nobody said it. */
export function tracedEvents({ events, failed, summary }: TraceOptions): readonly EventKind[] {
  if (summary) return ['exec', 'exit', 'failed-exec'];
  return events ?? (failed ? ['exit', 'failed-exec'] : ['exec', 'exit']);
}

/** What files get where nobody said it: all that a picture of what ran is made of. */
export function recordedEvents(options: TraceOptions): readonly EventKind[] {
  return options.events ?? (options.failed ? tracedEvents(options) : EVENT_KINDS);
}

/** The trace goes to standard output, whether or not it goes to files too. */
export function isPrinted({ output = ['-'], json, summary }: TraceOptions): boolean {
  return json === true || summary === true || output.includes('-');
}

/** Pieces of a recording that stay where nobody said how many. */
const PIECES_KEPT = 10;

export function rotationOf({ rotate, keep = PIECES_KEPT }: TraceOptions): Rotation | undefined {
  return rotate === undefined ? undefined : { ...rotate, keep };
}

/** What does not go together, for the person who asked for it. */
export function mistakeIn(options: TraceOptions, command: readonly string[]): string | undefined {
  if (command.length > 0 && options.pid !== undefined)
    return 'give either -p or a command to trace, not both';
  const { output = [] } = options;
  const wrongOutput = mistakeInOutputs(output, rotationOf(options));
  if (wrongOutput !== undefined) return wrongOutput;
  const isRecorded = output.some((path) => path !== '-');
  if (options.rotate !== undefined && !isRecorded)
    return '--rotate needs a file to rotate: -o FILE.jsonl or -o FILE.csv';
  if (options.keep !== undefined && options.rotate === undefined)
    return '--keep needs --rotate: without it there is one file';
  if (options.environ && !options.json && !isRecorded)
    return '--environ needs --json or -o: the table has no room for environments';
  if (options.shellCommand && (!options.json || options.tree))
    return `--shell-command is a field of --json${options.tree ? ', and goes without --tree' : ''}`;
  if (options.as !== undefined && command.length === 0)
    return '--as chooses who runs the command: give one behind --';
  if (options.user !== undefined && options.uid !== undefined)
    return 'give either --user or --uid, not both';
  if (options.summary && (options.events !== undefined || options.tree))
    return `--summary is of all that runs: it goes without ${options.tree ? '--tree' : '--events'}`;
  const aboutTable = options.columns !== undefined ? '--columns' : options.time && '--time';
  if (aboutTable !== undefined && (options.json || options.summary))
    return `${aboutTable} is about the table, which ${options.json ? '--json' : '--summary'} does not print`;
  const fails = (event: EventKind) => event === 'exit' || event === 'failed-exec';
  if (options.failed && !tracedEvents(options).some(fails))
    return '--failed shows exits and failed execs, and --events names neither of them';
  return undefined;
}
