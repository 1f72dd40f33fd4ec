/** What `waggle diff` is asked for, as command.ts reads it. */

/** Functions of the table. */
export const DEFAULT_TOP = 20;

export interface DiffOptions {
  readonly top: number;
  readonly total?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly sampleIndex?: string | undefined;
  readonly output?: readonly string[] | undefined;
  readonly sizeBy: 'before' | 'after';
}
