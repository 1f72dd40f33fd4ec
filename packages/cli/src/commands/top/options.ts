/** What `waggle top` is asked for, as command.ts reads it. */

import type { User } from '../../users/passwd.ts';

export interface TopOptions {
  readonly frequency: number;
  readonly pid?: readonly number[] | undefined;
  readonly cgroup?: readonly string[] | undefined;
  readonly container?: readonly string[] | undefined;
  /** Environments of programs are kept, for commands that are copied. */
  readonly environ?: boolean | undefined;
  /** Source lines, where they are known. */
  readonly lines?: boolean | undefined;
  /** Who runs the command. */
  readonly as?: User | undefined;
  /** Lines of text in place of pictures. */
  readonly screenReader?: boolean | undefined;
  /** Of an agent: what it kept is shown. */
  readonly store?: string | undefined;
  /** Where a replay begins; ns since 1970. */
  readonly at?: bigint | undefined;
  readonly reveal?: boolean | undefined;
  /** `false` with --no-mouse. */
  readonly mouse: boolean;
  /** Seconds between two pictures, or between two reports in lines; each has a default. */
  readonly refresh?: number | undefined;
}
