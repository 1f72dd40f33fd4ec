/** A store counts nanoseconds since 1970, JavaScript's clock milliseconds. */

const NS_PER_MS = 1_000_000n;

export const toNs = (ms: number): bigint => BigInt(Math.round(ms)) * NS_PER_MS;

/** To a microsecond: more has no room beside 1970. */
export const toMs = (ns: bigint): number => Number(ns / 1000n) / 1000;
