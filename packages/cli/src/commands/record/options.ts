/** What `waggle record` is asked for, as command.ts reads it. */

import type { ProbeWeight } from '@waggle/core/plugins/probes';
import type { UnwindMode } from '@waggle/profiler';
import type { User } from '../../users/passwd.ts';
import type { Grouping } from './grouping.ts';

export interface RecordOptions {
  readonly frequency: number;
  /** Somebody asked for that frequency. */
  readonly frequencyGiven?: boolean;
  readonly event?: readonly string[];
  /** One stack for so many of what an event counts. */
  readonly count?: number;
  readonly weight?: ProbeWeight;
  readonly maxRate?: number;
  readonly maxProbes: number;
  readonly listProbes?: string;
  readonly duration?: number;
  readonly offCpu?: boolean;
  readonly wall?: boolean;
  /** In ns. */
  readonly minBlock?: number;
  readonly state?: readonly string[];
  readonly wakers?: boolean;
  readonly live?: string;
  /** Seconds between two profiles of it. */
  readonly liveEvery?: number;
  readonly pid?: readonly number[];
  readonly tid?: readonly number[];
  readonly all?: boolean;
  readonly cgroup?: readonly string[];
  readonly container?: readonly string[];
  readonly uid?: number;
  readonly comm?: RegExp;
  readonly cpu?: readonly number[];
  readonly includeSelf?: boolean;
  readonly output?: readonly string[];
  readonly unwind: UnwindMode;
  /** Functions of interpreted programs; false with --no-interpreters. */
  readonly interpreters?: boolean;
  /** An interpreter's own frames, too. */
  readonly native?: boolean;
  readonly groupBy: Grouping;
  readonly lines?: boolean;
  readonly idle?: boolean;
  readonly sendArguments?: boolean;
  readonly redact?: readonly RegExp[];
  readonly user?: boolean;
  readonly kernel?: boolean;
  readonly as?: User;
}

export const DEFAULT_OUTPUT = 'flame.svg';
