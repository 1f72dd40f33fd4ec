/** What `waggle diff` is asked for, as command.ts reads it. */

export interface DiffOptions {
  readonly top: number;
  readonly total?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly sampleIndex?: string;
  readonly output?: readonly string[];
  readonly sizeBy: 'before' | 'after';
}
