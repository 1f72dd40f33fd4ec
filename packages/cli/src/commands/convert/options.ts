/** What `waggle convert` is asked for, as command.ts reads it. */

export interface ConvertOptions {
  readonly sendArguments?: boolean | undefined;
  readonly sampleIndex?: string | undefined;
}
