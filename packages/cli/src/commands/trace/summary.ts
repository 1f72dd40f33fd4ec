// The last line of a trace: where every event went.

import { type EventTotals, sumOf } from '@waggle/core';
import type { TraceableEvent } from './options.ts';

export interface Shown {
  readonly events: readonly TraceableEvent[];
  /** By the filters of userspace. */
  readonly shown: number;
  readonly hidden: number;
  /** There is a rate limit. */
  readonly limits: boolean;
}

/**
 * Events that were written; that the ring buffer had no room for; that filters kept back, in the
 * kernel or here. Behind them what is not there on every day.
 */
export function summaryLine(totals: EventTotals, { events, shown, hidden, limits }: Shown): string {
  const parts = [
    `${shown} events`,
    `${sumOf(totals.lost, events)} lost`,
    `${sumOf(totals.suppressed, events) + hidden} suppressed`,
  ];
  if (limits) parts.push(`${sumOf(totals.limited, events)} limited`);
  if (totals.untracked > 0) parts.push(`${totals.untracked} processes not followed`);
  return parts.join(', ');
}
