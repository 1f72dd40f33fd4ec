/** The filters that userspace applies; pids and cgroups are filtered in the kernel. */

import type { ProcessEvent } from '@waggle/core';
import { isNamed, type Program } from '../../options/name-match.ts';
import type { TraceOptions } from './options.ts';

type ProcessEventOnly = Exclude<ProcessEvent, { readonly event: 'lost' }>;

/** Whose event it is; of forks and failed execs the event itself does not say it. */
export type ProgramOf = (event: ProcessEventOnly) => Program | undefined;

type FilterOptions = Pick<
  TraceOptions,
  'comm' | 'uid' | 'user' | 'failed' | 'arg' | 'exclude' | 'path' | 'parent'
>;

/** Lets events through or not, and counts both. */
export class EventFilter {
  shown = 0;
  hidden = 0;

  readonly #options: FilterOptions;
  readonly #uid: number | undefined;
  readonly #programOf: ProgramOf;

  constructor(options: FilterOptions, programOf: ProgramOf = () => undefined) {
    this.#options = options;
    this.#uid = options.user?.uid ?? options.uid;
    this.#programOf = programOf;
  }

  /** Everything passes. Then who writes may leave the filter out, and count what is shown. */
  get isOpen(): boolean {
    const { comm, failed, arg, exclude, path, parent } = this.#options;
    if (this.#uid !== undefined || failed) return false;
    return [comm, arg, exclude, path, parent].every((filter) => filter === undefined);
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
    const { comm, failed, parent } = this.#options;
    if (this.#uid !== undefined && event.uid !== this.#uid) return false;
    if (failed && !hasFailed(event)) return false;
    if (typeof parent === 'number' && event.ppid !== parent) return false;
    if (parent instanceof RegExp && !parent.test(event.parentComm ?? '')) return false;
    if (comm !== undefined && !this.#isNamed(event, comm)) return false;
    return this.#hasWantedProgram(event);
  }

  #isNamed(event: ProcessEventOnly, pattern: RegExp): boolean {
    return isNamed(event.comm, pattern, () =>
      event.event === 'exec' || event.event === 'exit' ? event : this.#programOf(event),
    );
  }

  #hasWantedProgram(event: ProcessEventOnly): boolean {
    const { arg, exclude, path } = this.#options;
    if (arg === undefined && exclude === undefined && path === undefined) return true;
    const program = event.event === 'fork' ? this.#programOf(event) : event;
    const filename = program?.filename ?? null;
    const argv = program?.argv ?? [];
    if (path !== undefined && (filename === null || !path.test(filename))) return false;
    if (arg !== undefined && !matchesArguments(arg, argv)) return false;
    if (exclude === undefined) return true;
    if (filename !== null && exclude.test(filename)) return false;
    return !matchesArguments(exclude, argv) && !this.#isNamed(event, exclude);
  }
}

function hasFailed(event: ProcessEventOnly): boolean {
  if (event.event === 'failed-exec') return true;
  return event.event === 'exit' && (event.exitCode !== 0 || event.signal !== null);
}

/** One of them, or what they are together. */
function matchesArguments(pattern: RegExp, argv: readonly string[]): boolean {
  return argv.some((argument) => pattern.test(argument)) || pattern.test(argv.join(' '));
}
