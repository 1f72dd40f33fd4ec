/** What `waggle agent` is asked for: on its command line, or in its file. */

import type { ListenAddress } from '../../options/listen.ts';

export interface AgentSettings {
  readonly store: string;
  readonly keepSeconds: number;
  readonly maxBytes: number;
  readonly frequency: number;
  readonly metrics: ListenAddress | undefined;
  readonly tokenFile: string | undefined;
  readonly redact: readonly RegExp[];
  readonly reveal: boolean;
}

/** As command.ts reads them: what is not given is the file's, or the default. */
export interface AgentOptions {
  readonly config?: string;
  readonly store?: string;
  readonly keep?: number;
  readonly maxSize?: number;
  readonly frequency?: number;
  readonly metrics?: ListenAddress;
  readonly tokenFile?: string;
  readonly redact?: readonly RegExp[];
  readonly reveal?: boolean;
  readonly duration?: number;
}
