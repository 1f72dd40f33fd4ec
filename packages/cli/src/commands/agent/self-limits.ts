/**
 * Keeps the agent within its budget, on the real clock and kernel: looks every two seconds at what it has cost, and what
 * it gives up is said on stderr, in the metrics, to the service manager, and in the store.
 */

import type { Session } from '@waggle/core/session';
import { counter, gauge, type Metric } from '@waggle/serve';
import type { StoreWriter } from '@waggle/store';
import { say } from '../../terminal/messages.ts';
import { Budget, type BudgetLimits, type Excess } from './budget.ts';
import { DEFAULTS } from './values.ts';

const LOOK_MS = 2000;

interface Limited {
  readonly session: Pick<Session, 'setRateLimit' | 'totals'>;
  readonly profiler: { setPaused(isPaused: boolean): void } | undefined;
  readonly frequencyHz: number;
  readonly store: Pick<StoreWriter, 'addGap' | 'addLoss'> | undefined;
  readonly onStatus: (status: string | undefined) => void;
  /** What is only waiting to be let go of goes. */
  readonly release: () => void;
}

export class SelfLimits implements Disposable {
  readonly #limited: Limited;
  readonly #budget: Budget;
  #limits: BudgetLimits;
  readonly #timer: ReturnType<typeof setInterval>;
  #lookedAt = performance.now();
  #cpu = process.cpuUsage();
  /** Since when there is no profile, in ms since 1970. */
  #pausedSince: number | undefined;
  #pausedMs = 0;
  /** Events that were kept back, as far as that is said already. */
  #told = 0;
  #hasLimited = false;
  #hasReleased = false;

  constructor(limited: Limited, limits: BudgetLimits) {
    this.#limited = limited;
    this.#limits = limits;
    this.#budget = new Budget(limits);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  setLimits(limits: BudgetLimits): void {
    const before = this.#budget.level;
    this.#limits = limits;
    this.#budget.setLimits(limits);
    if (this.#budget.level === before) return;
    this.#tellLoss();
    this.#apply();
    say('the agent has another budget: everything again');
    this.#limited.onStatus(undefined);
  }

  metrics(): readonly Metric[] {
    const since = this.#pausedSince;
    const pausedMs = this.#pausedMs + (since === undefined ? 0 : Date.now() - since);
    return [
      gauge(
        'waggle_budget_step',
        'What is given up to keep within the budget: 0 nothing, 1 the profile, from 2 on processes too.',
        this.#budget.level,
      ),
      counter(
        'waggle_budget_unprofiled_seconds_total',
        'Time without a profile because of the budget.',
        Math.max(0, pausedMs) / 1000,
      ),
      counter(
        'waggle_budget_dropped_events_total',
        'Forks, execs and exits that were kept back because of the budget.',
        keptBack(this.#limited.session),
      ),
    ];
  }

  /** No more looks; what was given up until now is said. */
  finish(): void {
    clearInterval(this.#timer);
    this.#tellLoss();
    this.#tellGap();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const seconds = (now - this.#lookedAt) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#lookedAt = now;
    const memoryBytes = process.memoryUsage.rss();
    const cpu = (user + system) / 1e6 / seconds;
    this.#tellLoss();
    // What is garbage is not given up for.
    if (memoryBytes > this.#limits.memoryBytes && !this.#hasReleased) {
      this.#hasReleased = true;
      this.#limited.release();
      return;
    }
    if (memoryBytes < this.#limits.memoryBytes) this.#hasReleased = false;
    const before = this.#budget.level;
    if (!this.#budget.look({ cpu, memoryBytes, seconds })) return;
    this.#apply();
    this.#say(this.#budget.level > before, { cpu, memory: memoryBytes });
  }

  #apply(): void {
    const { hasProfile, perSecond } = this.#budget.step;
    const { profiler, session } = this.#limited;
    if (hasProfile !== (this.#pausedSince === undefined)) {
      profiler?.setPaused(!hasProfile);
      if (hasProfile) this.#tellGap();
      else this.#pausedSince = Date.now();
    }
    this.#hasLimited ||= perSecond !== undefined;
    session.setRateLimit(perSecond === undefined ? undefined : { perSecond });
  }

  #say(isMore: boolean, { cpu, memory }: Readonly<Record<Excess, number>>): void {
    const { excess } = this.#budget;
    const { perSecond, hasProfile } = this.#budget.step;
    const spent =
      excess === 'memory'
        ? `${Math.round(memory / 2 ** 20)} MB of memory, of ${Math.round(this.#limits.memoryBytes / 2 ** 20)} that it may have`
        : `${Math.round(100 * cpu)} % of a CPU, of ${Math.round(100 * this.#limits.cpu)} that it may have`;
    const what = hasProfile
      ? undefined
      : `no profile${perSecond === undefined ? '' : `, and ${perSecond} processes a second at most`}`;
    const kept = what === undefined ? 'everything again' : what;
    say(
      isMore
        ? `warning: the agent has taken ${spent}: ${kept} until it takes less; what is missing is counted (${this.#settings()})`
        : `the agent is within its budget: ${kept}`,
    );
    this.#limited.onStatus(what);
  }

  /** What an administrator can change. */
  #settings(): string {
    const limits = '--max-cpu, --max-memory';
    const { frequencyHz } = this.#limited;
    return frequencyHz > DEFAULTS.frequency
      ? `${limits}; it samples at ${frequencyHz} Hz, and -F ${DEFAULTS.frequency} takes less`
      : limits;
  }

  #tellGap(): void {
    const from = this.#pausedSince;
    if (from === undefined) return;
    const to = Date.now();
    this.#pausedMs += Math.max(0, to - from);
    this.#limited.store?.addGap({ from, to }, `no profile: over its budget of ${this.#excess()}`);
    this.#pausedSince = undefined;
  }

  #tellLoss(): void {
    if (!this.#hasLimited) return;
    const now = keptBack(this.#limited.session);
    if (now > this.#told)
      this.#limited.store?.addLoss(`budget of ${this.#excess()}`, now - this.#told);
    this.#told = now;
  }

  #excess(): string {
    return this.#budget.excess === 'memory' ? 'memory' : 'CPU time';
  }
}

const keptBack = (session: Limited['session']): number =>
  Object.values(session.totals().rateLimited).reduce((sum, count) => sum + count, 0);
