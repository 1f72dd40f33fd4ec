// The kernel's clocks, by clock_gettime(2). BPF records carry CLOCK_BOOTTIME; people want the
// time of day.

import type { Native } from './native/native.ts';

/** Clock numbers of linux/time.h. */
export const CLOCK = { realtime: 0, monotonic: 1, boottime: 7 } as const;

/** Nanoseconds that the clock shows now. */
export function clockNanoseconds(native: Native, clock: keyof typeof CLOCK): bigint {
  const time = new BigInt64Array(2);
  native.libc.clock_gettime(CLOCK[clock], new Uint8Array(time.buffer));
  return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}

/** What to add to a CLOCK_BOOTTIME reading to get nanoseconds since the Unix epoch. */
export function bootToRealtimeOffset(native: Native): bigint {
  const before = clockNanoseconds(native, 'boottime');
  const realtime = clockNanoseconds(native, 'realtime');
  const after = clockNanoseconds(native, 'boottime');
  return realtime - (before + after) / 2n;
}
