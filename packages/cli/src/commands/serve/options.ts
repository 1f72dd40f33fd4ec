/** What `waggle serve` is asked for, as command.ts reads it. */

import type { ListenAddress } from '../../options/listen.ts';

export interface ServeOptions {
  readonly listen: ListenAddress;
  readonly frequency: number;
  readonly pid?: readonly number[];
  readonly cgroup?: readonly string[];
  /** Seconds that anything is kept. */
  readonly keep: number;
  readonly tokenFile?: string;
  readonly allowHost?: readonly string[];
  readonly reveal?: boolean;
}
