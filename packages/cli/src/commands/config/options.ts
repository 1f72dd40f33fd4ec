/** What `waggle config` is asked for, as command.ts reads it. */

export interface ConfigOptions {
  readonly json?: boolean | undefined;
}
