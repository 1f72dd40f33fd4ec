/** Delivers what is in the spool, oldest first, a signal by itself: profiles that nobody takes hold up no logs. */

import { setTimeout as pause } from 'node:timers/promises';
import { otlpRetryDelay } from '@waggle/formats';
import type { Signal } from '../signal.ts';
import type { Spool, Spooled } from '../spool/spool.ts';
import type { Transport } from './transport.ts';

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 60_000;
/** Of what a receiver may ask for. */
const MAX_ASKED_MS = 600_000;

export interface SenderOptions {
  readonly spool: Spool;
  readonly signal: Signal;
  /** The one of now: another after a reload. */
  readonly transport: () => Promise<Transport>;
  /** Once until it is over. */
  readonly onProblem: (message: string) => void;
  /** The wait after the first failure: doubled each time, up to a minute. Default 1000 ms. */
  readonly firstDelayMs?: number | undefined;
}

/** Who sends was not accepted: that is mended with another headers file, and what waits is good then. */
const isAboutUs = (status: number | undefined): boolean => status === 401 || status === 403;

export class SignalSender {
  readonly #options: SenderOptions;
  readonly #end = new AbortController();
  #skipWait = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** Until the spool has no more, by the same turn that saw it empty. */
  #isRunning = false;
  #failures = 0;
  #failingSince: number | undefined;
  #refusal: string | undefined;
  #sent = 0;
  #refused = 0;
  #retries = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Items that were taken, and that were refused; attempts that failed. */
  get counts(): { readonly sent: number; readonly refused: number; readonly retries: number } {
    return { sent: this.#sent, refused: this.#refused, retries: this.#retries };
  }

  /** There is something to send. */
  wake(): void {
    if (this.#isRunning || this.#end.signal.aborted) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Whatever it waits for has changed: the receiver is another. */
  retryNow(): void {
    this.#failures = 0;
    this.#refusal = undefined;
    this.#skipWait.abort();
    this.#skipWait = new AbortController();
    this.wake();
  }

  /** Goes on for so long; what is not delivered then stays in the spool. */
  async close(graceMs: number): Promise<void> {
    // A receiver that is away is not waited for.
    const isAway = this.#failingSince !== undefined;
    const over = Promise.withResolvers<void>();
    const end = () => {
      this.#end.abort();
      over.resolve();
    };
    const timer = setTimeout(end, isAway ? 0 : graceMs);
    // A request that heeds no signal is not waited for either: it is in the spool.
    await Promise.race([this.#running, over.promise]);
    clearTimeout(timer);
    this.#end.abort();
  }

  async #run(): Promise<void> {
    const { spool, signal } = this.#options;
    for (let next = spool.next(signal); next !== undefined; next = spool.next(signal)) {
      if (this.#end.signal.aborted) break;
      const body = spool.read(next);
      if (body === undefined) continue;
      const delay = await this.#attempt(next, body);
      spool.waitsAgain(next);
      if (delay > 0) await this.#wait(delay);
    }
    this.#isRunning = false;
  }

  /** @returns how long to wait before the next, in ms */
  async #attempt(spooled: Spooled, body: Uint8Array<ArrayBuffer>): Promise<number> {
    const { spool, signal } = this.#options;
    try {
      const transport = await this.#options.transport();
      const outcome = await transport.send(signal, body, this.#end.signal);
      if ('result' in outcome) {
        const { rejectedProfiles: rejected, message } = outcome.result;
        this.#sent += spooled.items - rejected;
        this.#isWell(rejected);
        if (rejected > 0) this.#isRefused(rejected, message ?? 'it gave no reason');
        spool.done(spooled);
        return 0;
      }
      const { problem, asked } = outcome;
      if (problem.code !== 'OTLP_REFUSED' || isAboutUs(problem.status))
        return this.#failed(problem.message, asked);
      this.#isRefused(
        spooled.items,
        `${problem.message}${problem.status === 404 ? `: it has no ${signal} of OTLP; leave them out of the signals, or turn them on there` : ''}`,
      );
      spool.done(spooled);
      return 0;
    } catch (error) {
      if (this.#end.signal.aborted) return 0;
      return this.#failed(error instanceof Error ? error.message : String(error), undefined);
    }
  }

  #failed(why: string, asked: number | undefined): number {
    this.#retries++;
    const { onProblem, signal, firstDelayMs = FIRST_DELAY_MS } = this.#options;
    if (this.#failingSince === undefined) {
      this.#failingSince = performance.now();
      onProblem(`${signal} cannot be sent: ${why}; they wait in the spool, and are tried again`);
    }
    this.#failures++;
    // A fleet that is asked to wait does not come back at once either, and never sooner than was asked for.
    if (asked !== undefined) return Math.min(asked, MAX_ASKED_MS) * (1 + Math.random() / 10);
    return otlpRetryDelay(this.#failures, { firstDelayMs, maxDelayMs: MAX_DELAY_MS });
  }

  #isWell(rejected: number): void {
    this.#failures = 0;
    if (rejected === 0) this.#refusal = undefined;
    if (this.#failingSince === undefined) return;
    const seconds = Math.round((performance.now() - this.#failingSince) / 1000);
    this.#failingSince = undefined;
    this.#options.onProblem(`${this.#options.signal} are sent again, after ${seconds} s`);
  }

  #isRefused(items: number, why: string): void {
    this.#failures = 0;
    this.#refused += items;
    if (this.#refusal === why) return;
    this.#refusal = why;
    this.#options.onProblem(`${this.#options.signal} were refused: ${why}; they are counted`);
  }

  async #wait(ms: number): Promise<void> {
    const signal = AbortSignal.any([this.#end.signal, this.#skipWait.signal]);
    await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
