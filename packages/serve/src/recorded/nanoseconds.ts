/** A store counts nanoseconds since 1970, the API milliseconds. */

import type { HistorySpan } from '@waggle/store';
import type { Span } from '../store/span.ts';

const NS_PER_MS = 1_000_000;

export const toNs = (ms: number): bigint => BigInt(Math.round(ms)) * BigInt(NS_PER_MS);

/** To a microsecond: more has no room beside 1970. */
export const toMs = (ns: bigint): number => Number(ns / 1000n) / 1000;

export const spanInNs = ({ from, to }: Span): HistorySpan => ({
  sinceNs: toNs(from),
  untilNs: toNs(to),
});
