/** The account of one plugin: what a session's report shows, and what the plugin sees of itself. */

export interface PluginReport {
  readonly name: string;
  readonly state: 'running' | 'stopped';
  /** Why it was stopped before the session ended. */
  readonly reason: string | undefined;
  /** Events that its observe handler has seen. */
  readonly handled: number;
  /** Calls of its handlers that failed. */
  readonly failures: number;
  /** The last failure's message. */
  readonly lastFailure: string | undefined;
  /** What it threw, or what its Effect or promise failed with; with its stack, where it has one. */
  readonly lastError: unknown;
  /** Events that its full queue dropped. */
  readonly dropped: number;
  /** Events that it had not seen when it was stopped or the session ended. */
  readonly undelivered: number;
  /** Time spent in its observe handler, as far as that is synchronous. */
  readonly busyMs: number;
}
