/** What `waggle serve` is asked for, as command.ts reads it. */

import type { ListenAddress } from '../../options/listen.ts';

export interface ServeOptions {
  readonly listen: ListenAddress;
  readonly frequency: number;
  readonly pid?: readonly number[] | undefined;
  readonly cgroup?: readonly string[] | undefined;
  /** Seconds that anything is kept. */
  readonly keep: number;
  readonly tokenFile?: string | undefined;
  readonly allowHost?: readonly string[] | undefined;
  readonly reveal?: boolean | undefined;
  /** A store of an agent in the place of the live host. */
  readonly store?: string | undefined;
}
