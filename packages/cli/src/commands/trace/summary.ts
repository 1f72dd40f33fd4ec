/** The last line of a trace: where every event went. */

import type { EventKind } from '@waggle/core';
import type { EventTotals } from '@waggle/core/session';
import { sumOf } from '@waggle/kernel';

export interface Shown {
  readonly events: readonly EventKind[];
  /** By the filters of userspace. */
  readonly shown: number;
  readonly hidden: number;
  /** There is a rate limit. */
  readonly limits: boolean;
  /** Of those shown, which the reader did not take. */
  readonly undelivered: number;
  /** Which files lack what. */
  readonly short?: readonly string[];
}

/**
 * Events that were to be written; that the ring buffer had no room for; that filters kept back, in the
 * kernel or here. Behind them what is not there on every day.
 */
export function summaryLine(
  totals: EventTotals,
  { events, shown, hidden, limits, undelivered, short = [] }: Shown,
): string {
  const parts = [
    `${shown} events`,
    `${sumOf(totals.lost, events)} lost`,
    `${sumOf(totals.filtered, events) + hidden} suppressed`,
  ];
  if (limits) parts.push(`${sumOf(totals.rateLimited, events)} limited`);
  if (totals.untracked > 0) parts.push(`${totals.untracked} processes not followed`);
  if (undelivered > 0) parts.push(`${undelivered} events not delivered`);
  return [...parts, ...short].join(', ');
}
