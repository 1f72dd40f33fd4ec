/** What `waggle record` is asked for, as command.ts reads it. */

import type { UnwindMode } from '@waggle/profiler';
import type { Grouping } from './grouping.ts';

export interface RecordOptions {
  readonly frequency: number;
  readonly duration?: number;
  readonly pid?: readonly number[];
  readonly all?: boolean;
  readonly output?: readonly string[];
  readonly unwind: UnwindMode;
  readonly groupBy: Grouping;
  readonly lines?: boolean;
  readonly idle?: boolean;
  readonly sendArguments?: boolean;
  readonly redact?: readonly RegExp[];
  readonly user?: boolean;
  readonly kernel?: boolean;
}

export const DEFAULT_OUTPUT = 'flame.svg';
