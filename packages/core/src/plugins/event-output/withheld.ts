/**
 * What an output has to say beside events: what the rate limit kept back, and whose events are missing
 * because too many processes were to be followed. Said once a second at most, and at the end.
 */

import { type EventKind, sumOf } from '@waggle/kernel';
import type { SessionControl } from '../../session/session-service.ts';

export interface WithheldNotice {
  /**
   * `limited`: that many events of the kinds that are written were kept back by the rate limit.
   * `untracked`: that many children of processes in the target were not followed, since as many as
   * there is room for were followed already; nothing is known of them and their descendants.
   */
  readonly event: 'limited' | 'untracked';
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** Since the last notice of that kind. */
  readonly count: number;
}

const INTERVAL_MS = 1000;

const UNTRACKED =
  'too many processes run at once below those that are traced: some were not followed, and nothing is known of them and their descendants; trace fewer of them, or the whole host';

export class WithheldCounts {
  #lookedAt = Number.NEGATIVE_INFINITY;
  #limited = 0;
  #untracked = 0;

  readonly #session: Pick<SessionControl, 'totals'>;
  readonly #kinds: readonly EventKind[];
  readonly #warn: (message: string) => void;

  constructor(
    session: Pick<SessionControl, 'totals'>,
    kinds: readonly EventKind[],
    /** Told once, when processes are not followed. */
    warn: (message: string) => void = () => {},
  ) {
    this.#session = session;
    this.#kinds = kinds;
    this.#warn = warn;
  }

  /** What is new, if it is time to look. */
  whenDue(): readonly WithheldNotice[] {
    return performance.now() - this.#lookedAt < INTERVAL_MS ? [] : this.now();
  }

  /** What is new. */
  now(): readonly WithheldNotice[] {
    this.#lookedAt = performance.now();
    const totals = this.#session.totals();
    const limited = sumOf(totals.rateLimited, this.#kinds);
    const time = BigInt(Date.now()) * 1_000_000n;
    const notices = [
      { event: 'limited', time, count: limited - this.#limited },
      { event: 'untracked', time, count: totals.untracked - this.#untracked },
    ] as const;
    this.#limited = limited;
    if (this.#untracked === 0 && totals.untracked > 0) this.#warn(UNTRACKED);
    this.#untracked = totals.untracked;
    return notices.filter(({ count }) => count > 0);
  }
}
