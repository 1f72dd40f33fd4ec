/** What `waggle diff` is asked for, as command.ts reads it. */

export interface DiffOptions {
  readonly top: number;
  readonly total?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly sampleIndex?: string | undefined;
  readonly output?: readonly string[] | undefined;
  readonly sizeBy: 'before' | 'after';
}
