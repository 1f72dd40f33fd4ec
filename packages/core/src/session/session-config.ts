/** What a session is asked for. */

import type { Procfs } from '@waggle/cache';
import type { AttachMethod, RateLimit } from '@waggle/kernel';
import type { ReportProblem } from '../dispatch/running-plugin.ts';
import type { Plugin } from '../plugin/plugin.ts';
import type { SessionTarget } from './session-target.ts';

export interface SessionConfig extends SessionTarget {
  /** What is done with the events. Order matters only among equals: needs come first. */
  readonly plugins?: readonly Plugin[] | undefined;
  /**
   * true: every fork, exec and exit. false: only exits of processes in the target. Default: true if
   * any plugin asks for events. `setLifecycleTracking` changes it while running.
   */
  readonly trackProcessLifecycle?: boolean | undefined;
  /** Exec events with absolute paths, login and session ids, flags. Default true. */
  readonly execDetail?: boolean | undefined;
  /** Exec events with the environment, as far as 16 KiB go for it and argv. Default false. */
  readonly environ?: boolean | undefined;
  /** Most forks and most execs a second; what it keeps back is counted as `rateLimited`. */
  readonly rateLimit?: RateLimit | undefined;
  /** Most processes that are followed at once, where the session is about some. Default 32,768. */
  readonly trackedProcesses?: number | undefined;
  /** Bytes of the ring buffer: a power of two, at least a page. Default 8 MiB. */
  readonly ringBytes?: number | undefined;
  /**
   * Milliseconds after which what ended may be forgotten, or `manual`: then only
   * `evictPendingExits()` and collections start a cycle. Default 250; `manual` with a profiler.
   */
  readonly cycleMs?: number | 'manual' | undefined;
  /**
   * false: nobody will ask who it was that has ended, for samples neither, so it is forgotten with the cycle, and cycles start
   * by time with a profiler too. Where very many processes end that saves most of what the metadata cost. Default true.
   */
  readonly endedAreKnown?: boolean | undefined;
  /**
   * Milliseconds that events may wait to be read together while few come: who keeps them for later saves CPU by it.
   * Default 25.
   */
  readonly latencyMs?: number | undefined;
  /** Milliseconds that plugins may take for what is queued when the session stops. Default 5,000. */
  readonly drainMs?: number | undefined;
  /**
   * Ends the process with a message, by SIGKILL, when a plugin's handler, set-up or finalizer does not return for
   * as many milliseconds, or the event loop does not turn for six times as many: with one thread nothing else
   * could run again. Default: off.
   */
  readonly watchdogMs?: number | undefined;
  /** Told of failing, slow and stopped plugins. Default: a line on stderr. */
  readonly onPluginProblem?: ReportProblem | undefined;
  /** Where processes are looked up. Default: /proc of this process. */
  readonly procfs?: Procfs | undefined;
  /** Methods of attachment that are not tried: for tests of the fallbacks. */
  readonly withoutMethods?: readonly AttachMethod[] | undefined;
  /** Another object of the lifecycle programs, for tests of older ones. */
  readonly objectPath?: string | undefined;
}
