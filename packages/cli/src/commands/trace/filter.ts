/** The filters that userspace applies; pids and cgroups are filtered in the kernel. */

import type { ProcessEvent } from '@waggle/core';
import type { TraceOptions } from './options.ts';

type ProcessEventOnly = Exclude<ProcessEvent, { readonly event: 'lost' }>;

/** What a process runs, as far as it is known. */
interface Program {
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
}

/** Whose event it is; of forks and failed execs the event itself does not say it. */
export type ProgramOf = (event: ProcessEventOnly) => Program | undefined;

/** Lets events through or not, and counts both. */
export class EventFilter {
  shown = 0;
  hidden = 0;

  readonly #options: Pick<TraceOptions, 'comm' | 'uid' | 'failed'>;
  readonly #programOf: ProgramOf;

  constructor(
    options: Pick<TraceOptions, 'comm' | 'uid' | 'failed'>,
    programOf: ProgramOf = () => undefined,
  ) {
    this.#options = options;
    this.#programOf = programOf;
  }

  /** Everything passes. Then who writes may leave the filter out, and count what is shown. */
  get isOpen(): boolean {
    const { comm, uid, failed } = this.#options;
    return comm === undefined && uid === undefined && !failed;
  }

  /** Losses always pass: who reads a trace has to know that it has holes. They are not counted. */
  readonly passes = (event: ProcessEvent): boolean => {
    if (event.event === 'lost') return true;
    const passes = this.#isWanted(event);
    if (passes) this.shown++;
    else this.hidden++;
    return passes;
  };

  #isWanted(event: ProcessEventOnly): boolean {
    const { comm, uid, failed } = this.#options;
    if (uid !== undefined && event.uid !== uid) return false;
    if (failed && !hasFailed(event)) return false;
    return comm === undefined || comm.test(event.comm) || this.#hasLongName(event, comm);
  }

  /** The kernel keeps 15 bytes of a name; the program's path has it whole. */
  #hasLongName(event: ProcessEventOnly, comm: RegExp): boolean {
    if (Buffer.byteLength(event.comm) < COMM_BYTES) return false;
    // Half a character at the cut.
    const beginning = event.comm.replace(/\ufffd+$/, '');
    const program =
      event.event === 'exec' || event.event === 'exit' ? event : this.#programOf(event);
    return namesOf(program).some((name) => name.startsWith(beginning) && comm.test(name));
  }
}

/** TASK_COMM_LEN of include/linux/sched.h, without its NUL. */
const COMM_BYTES = 15;

/** A script is one of the interpreter's first arguments where only the interpreter's path is known. */
const ARGUMENTS_LOOKED_AT = 3;

function namesOf(program: Program | undefined): readonly string[] {
  if (program === undefined) return [];
  const { filename, argv } = program;
  const paths = [
    ...(filename === null ? [] : [filename]),
    ...(argv ?? []).slice(0, ARGUMENTS_LOOKED_AT),
  ];
  return paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
}

function hasFailed(event: ProcessEventOnly): boolean {
  if (event.event === 'failed-exec') return true;
  return event.event === 'exit' && (event.exitCode !== 0 || event.signal !== null);
}
