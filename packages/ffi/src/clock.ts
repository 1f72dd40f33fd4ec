/**
 * The kernel's clocks, by clock_gettime(2). BPF records carry CLOCK_BOOTTIME; people want the
 * time of day. In a time namespace CLOCK_BOOTTIME is another for us than for the kernel.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import type { Native } from './native/native.ts';

/** Clock numbers of linux/time.h. */
const CLOCK = { realtime: 0, monotonic: 1, boottime: 7 } as const;

/** Nanoseconds that the clock shows now. */
export function clockNanoseconds(native: Native, clock: keyof typeof CLOCK): bigint {
  native.libc.clock_gettime(CLOCK[clock], timespecBytes);
  return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
}

/** Of the call under way, which is over before another: it is asked thousands of times a second. */
const timespec = new BigInt64Array(2);
const timespecBytes = new Uint8Array(timespec.buffer);

/** What to add to a CLOCK_BOOTTIME reading to get nanoseconds since the Unix epoch. */
export function bootToRealtimeOffset(native: Native): bigint {
  const before = clockNanoseconds(native, 'boottime');
  const realtime = clockNanoseconds(native, 'realtime');
  const after = clockNanoseconds(native, 'boottime');
  return realtime - (before + after) / 2n;
}

/** PROC_TIME_INIT_INO of include/uapi/linux/nsfs.h (earlier linux/proc_ns.h) */
const INITIAL_TIME_NAMESPACE = 'time:[4026531834]';

/**
 * What our time namespace adds to the kernel's own CLOCK_BOOTTIME, in ns, for clock_gettime(2) and for
 * start times in /proc. 0 in the initial one, and before Linux 5.6, which has no other.
 */
export function boottimeOffset(self = '/proc/self'): bigint {
  try {
    if (readlinkSync(`${self}/ns/time`) === INITIAL_TIME_NAMESPACE) return 0n;
    return parseBoottimeOffset(readFileSync(`${self}/timens_offsets`, 'utf8'));
  } catch {
    return 0n;
  }
}

/** Of a line such as `boottime  86400  0`: seconds and nanoseconds. time_namespaces(7) */
export function parseBoottimeOffset(offsets: string): bigint {
  // Linux 5.6 writes the clock's number.
  const line = /^(?:boottime|7)\s+(-?\d+)\s+(\d+)/m.exec(offsets);
  return BigInt(line?.[1] ?? 0) * 1_000_000_000n + BigInt(line?.[2] ?? 0);
}
