/** What `waggle ps` is asked for, as command.ts reads it. */

export interface PsOptions {
  readonly json?: boolean | undefined;
  readonly reveal?: boolean | undefined;
}
