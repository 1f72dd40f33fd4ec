/**
 * One plugin while it runs: its failure budget, what it is told when it is stopped, and the
 * account of it that the report shows.
 */

import * as Effect from 'effect/Effect';
import type { HandlerResult, Plugin } from '../plugin/plugin.ts';
import type { PluginReport } from '../plugin/plugin-report.ts';

export interface PluginProblem {
  readonly plugin: string;
  readonly kind: 'failed' | 'stopped' | 'dropping' | 'warning';
  readonly message: string;
  readonly cause?: unknown;
}

export type ReportProblem = (problem: PluginProblem) => void;

/** Only the first failures are told one by one; all are counted. */
const TOLD_FAILURES = 3;

export class RunningPlugin {
  readonly name: string;
  readonly essential: boolean;
  readonly #abort = new AbortController();
  readonly #budget: number;
  readonly #timeoutMs: number;
  readonly #reportProblem: ReportProblem;
  /** Ends what is being waited for; listeners of the signal would pile up with every event. */
  readonly #waits = new Set<() => void>();
  #reason: string | undefined;
  #lastFailure: string | undefined;
  #lastError: unknown;
  #failures = 0;
  handled = 0;
  dropped = 0;
  undelivered = 0;
  busyMs = 0;

  constructor(plugin: Plugin, reportProblem: ReportProblem) {
    this.name = plugin.name;
    this.essential = plugin.spec.essential;
    this.#budget = plugin.spec.failureBudget;
    this.#timeoutMs = plugin.spec.handlerTimeoutMs;
    this.#reportProblem = reportProblem;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get stopped(): boolean {
    return this.#reason !== undefined;
  }

  /** The session has ended: not a failure, but work that goes on should stop. */
  abort(): void {
    this.#endWaits();
  }

  failed(error: unknown): void {
    this.#failures++;
    this.#lastFailure = messageOf(error);
    this.#lastError = error;
    if (this.#failures <= TOLD_FAILURES)
      this.#reportProblem({
        plugin: this.name,
        kind: 'failed',
        message: `plugin "${this.name}" failed: ${this.#lastFailure}`,
        cause: error,
      });
    if (this.#failures >= this.#budget) this.stop(`it failed ${this.#failures} times`);
  }

  stop(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#endWaits();
    this.#reportProblem({
      plugin: this.name,
      kind: 'stopped',
      message: `plugin "${this.name}" was stopped: ${reason}. The others go on.`,
    });
  }

  isDropping(): void {
    this.#reportProblem({
      plugin: this.name,
      kind: 'dropping',
      message: `plugin "${this.name}" is too slow: its queue is full, and it misses events from now on`,
    });
  }

  warn(message: string): void {
    this.#reportProblem({
      plugin: this.name,
      kind: 'warning',
      message: `${this.name}: ${message}`,
    });
  }

  /**
   * Waits for an asynchronous handler. A failure counts; one that takes too long, or is still at
   * work when the plugin is stopped, is interrupted (an Effect) or left behind (a promise).
   */
  async settle(
    result: PromiseLike<void> | Effect.Effect<void, unknown>,
    rethrow = false,
  ): Promise<void> {
    try {
      await this.#withinTimeout(result);
    } catch (error) {
      if (rethrow) throw error;
      if (!this.stopped) this.failed(error);
    }
  }

  report(): PluginReport {
    return {
      name: this.name,
      state: this.stopped ? 'stopped' : 'running',
      reason: this.#reason,
      handled: this.handled,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
      lastError: this.#lastError,
      dropped: this.dropped,
      undelivered: this.undelivered,
      busyMs: Math.round(this.busyMs),
    };
  }

  async #withinTimeout(result: PromiseLike<void> | Effect.Effect<void, unknown>): Promise<void> {
    const released = Promise.withResolvers<void>();
    const timer = Number.isFinite(this.#timeoutMs)
      ? setTimeout(
          () => this.stop(`a handler did not return within ${this.#timeoutMs / 1000} s`),
          this.#timeoutMs,
        )
      : undefined;
    const interrupt = new AbortController();
    this.#waits.add(released.resolve);
    if (this.#abort.signal.aborted) released.resolve();
    try {
      const work = Effect.isEffect(result)
        ? Effect.runPromise(result, { signal: interrupt.signal })
        : result;
      await Promise.race([work, released.promise]);
    } finally {
      clearTimeout(timer);
      this.#waits.delete(released.resolve);
      interrupt.abort();
    }
  }

  #endWaits(): void {
    this.#abort.abort();
    for (const release of this.#waits) release();
  }
}

export function isAsync(
  result: HandlerResult,
): result is PromiseLike<void> | Effect.Effect<void, unknown> {
  return result !== undefined && result !== null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
