// What a session is asked for.

import type { Procfs } from '@waggle/cache';
import type { ReportProblem } from '../dispatch/running-plugin.ts';
import type { RateLimit } from '../kernel/kernel-settings.ts';
import type { AttachMethod } from '../kernel/load-source.ts';
import type { Plugin } from '../plugin/plugin.ts';
import type { SessionTarget } from './session-target.ts';

export interface SessionConfig extends SessionTarget {
  /** What is done with the events. Order matters only among equals: needs come first. */
  readonly plugins?: readonly Plugin[];
  /**
   * true: every fork, exec and exit. false: only exits of processes in the target. Default: true if
   * any plugin asks for events. `setLifecycleTracking` changes it while running.
   */
  readonly trackProcessLifecycle?: boolean;
  /** Exec events with absolute paths, login and session ids, flags. Default true. */
  readonly execDetail?: boolean;
  /** Exec events with the environment, as far as 16 KiB go for it and argv. Default false. */
  readonly environ?: boolean;
  /** Most forks and most execs a second; what it keeps back is counted as `rateLimited`. */
  readonly rateLimit?: RateLimit;
  /** Most processes that are followed at once, where the session is about some. Default 32,768. */
  readonly trackedProcesses?: number;
  /** Bytes of the ring buffer: a power of two, at least a page. Default 8 MiB. */
  readonly ringBytes?: number;
  /**
   * Milliseconds after which what ended may be forgotten, or `manual`: then only
   * `evictPendingExits()` and collections start a cycle. Default 250; `manual` with a profiler.
   */
  readonly cycleMs?: number | 'manual';
  /** How long plugins may take for what is queued when the session stops. Default 5,000. */
  readonly drainMs?: number;
  /**
   * Ends the process with a message, by SIGKILL, when a handler does not return for that long: with
   * one thread nothing else could run again. Default: off.
   */
  readonly watchdogMs?: number;
  /** Told of failing, slow and stopped plugins. Default: a line on stderr. */
  readonly onPluginProblem?: ReportProblem;
  readonly procfs?: Procfs;
  /** Methods of attachment that are not tried: for tests of the fallbacks. */
  readonly withoutMethods?: readonly AttachMethod[];
  /** Another object of the lifecycle programs, for tests of older ones. */
  readonly objectPath?: string;
}
