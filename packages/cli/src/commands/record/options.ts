/** What `waggle record` is asked for, as command.ts reads it. */

import type { ProbeWeight } from '@waggle/core/plugins/probes';
import type { UnwindMode } from '@waggle/profiler';
import type { User } from '../../users/passwd.ts';
import type { Grouping } from './grouping.ts';

export interface RecordOptions {
  readonly frequency: number;
  /** Somebody asked for that frequency. */
  readonly frequencyGiven?: boolean | undefined;
  readonly event?: readonly string[] | undefined;
  /** One stack for so many of what an event counts. */
  readonly count?: number | undefined;
  readonly weight?: ProbeWeight | undefined;
  readonly maxRate?: number | undefined;
  readonly maxProbes: number;
  readonly listProbes?: string | undefined;
  readonly duration?: number | undefined;
  readonly offCpu?: boolean | undefined;
  readonly wall?: boolean | undefined;
  /** In ns. */
  readonly minBlock?: number | undefined;
  readonly state?: readonly string[] | undefined;
  readonly wakers?: boolean | undefined;
  readonly live?: string | undefined;
  /** Seconds between two profiles of it. */
  readonly liveEvery?: number | undefined;
  readonly pid?: readonly number[] | undefined;
  readonly tid?: readonly number[] | undefined;
  readonly all?: boolean | undefined;
  readonly cgroup?: readonly string[] | undefined;
  readonly container?: readonly string[] | undefined;
  readonly uid?: number | undefined;
  readonly comm?: RegExp | undefined;
  readonly cpu?: readonly number[] | undefined;
  readonly includeSelf?: boolean | undefined;
  readonly output?: readonly string[] | undefined;
  readonly unwind: UnwindMode;
  /** Functions of interpreted programs; false with --no-interpreters. */
  readonly interpreters?: boolean | undefined;
  /** An interpreter's own frames, too. */
  readonly native?: boolean | undefined;
  /** Java processes write perf maps. */
  readonly javaPerfMap?: boolean | undefined;
  readonly groupBy: Grouping;
  readonly lines?: boolean | undefined;
  readonly idle?: boolean | undefined;
  readonly sendArguments?: boolean | undefined;
  readonly redact?: readonly RegExp[] | undefined;
  readonly user?: boolean | undefined;
  readonly kernel?: boolean | undefined;
  readonly as?: User | undefined;
}

export const DEFAULT_OUTPUT = 'flame.svg';
