/** What `waggle run` is asked for, as command.ts reads it. */

export interface RunOptions {
  readonly duration?: number | undefined;
  readonly check?: boolean | undefined;
}
