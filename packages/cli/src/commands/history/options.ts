/** What `waggle history` is asked for, as command.ts reads it. */

interface SpanOptions {
  readonly store: string;
  /** ns since 1970. */
  readonly since?: bigint;
  readonly until?: bigint;
}

export interface HistoryOptions extends SpanOptions {
  readonly at?: bigint;
  readonly output?: readonly string[];
  readonly failed?: boolean;
  readonly comm?: RegExp;
  readonly summary?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

export interface HistoryProfileOptions extends SpanOptions {
  readonly output?: readonly string[];
  readonly pid?: number;
  readonly comm?: RegExp;
}

export interface HistorySqlOptions {
  readonly store: string;
  readonly limit?: number;
  readonly json?: boolean;
}
