/** What `waggle history` is asked for, as command.ts reads it. */

/** ns since 1970. */
export interface Span {
  readonly since: bigint;
  readonly until: bigint;
}

interface SpanOptions {
  readonly store: string;
  /** ns since 1970. */
  readonly since?: bigint | undefined;
  readonly until?: bigint | undefined;
}

export interface HistoryOptions extends SpanOptions {
  readonly at?: bigint | undefined;
  readonly output?: readonly string[] | undefined;
  readonly failed?: boolean | undefined;
  readonly comm?: RegExp | undefined;
  readonly summary?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly json?: boolean | undefined;
}

export interface HistoryProfileOptions extends SpanOptions {
  readonly output?: readonly string[] | undefined;
  readonly pid?: number | undefined;
  readonly comm?: RegExp | undefined;
  /** The span before, where the difference is asked for. */
  readonly compare?: Span | undefined;
}

export interface HistorySqlOptions {
  readonly store: string;
  readonly limit?: number | undefined;
  readonly json?: boolean | undefined;
}
