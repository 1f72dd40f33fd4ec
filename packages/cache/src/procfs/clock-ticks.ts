/**
 * Clock ticks per second (USER_HZ), the unit of start times in /proc. JavaScript has no sysconf;
 * the kernel gives the same number to every program in its auxiliary vector as AT_CLKTCK, which
 * is where libc has it from: pairs of machine words in /proc/self/auxv, ended by AT_NULL.
 */
import { invalidType, wholeNumber } from '../argument-error.ts';

const AT_NULL = 0n;
const AT_CLKTCK = 17n; // include/uapi/linux/auxvec.h

/** The value on every Linux architecture in use but alpha and ia64. */
export const DEFAULT_CLOCK_TICKS = 100;

/**
 * AT_CLKTCK in an auxiliary vector of 64-bit words, or `undefined` if it is not in there.
 * @throws `TypeError`, with a `code`, for what is no `Uint8Array`.
 */
export function clockTicksFromAuxv(auxv: Uint8Array): number | undefined {
  if (!(auxv instanceof Uint8Array)) throw invalidType('auxv', 'a Uint8Array', auxv);
  const words = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + 16 <= auxv.byteLength; at += 16) {
    const type = words.getBigUint64(at, true);
    if (type === AT_NULL) return undefined;
    if (type !== AT_CLKTCK) continue;
    const value = Number(words.getBigUint64(at + 8, true));
    return value > 0 && value <= 1_000_000 ? value : undefined;
  }
  return undefined;
}

/**
 * The other way: the beginning of a tick, in nanoseconds since boot. A process started within the tick from there on.
 * @throws `TypeError` or `RangeError`, with a `code`, for what are no ticks.
 */
export function boottimeFromTicks(ticks: number, clockTicksPerSecond: number): bigint {
  wholeNumber('ticks', ticks, 0);
  wholeNumber('clockTicksPerSecond', clockTicksPerSecond, 1);
  return (BigInt(ticks) * 1_000_000_000n) / BigInt(clockTicksPerSecond);
}

const MAX_EXACT_NS = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Boot-clock nanoseconds (`task->start_boottime`) in ticks, cut off as the kernel cuts them for
 * stat field 22. This is how a kernel record and /proc agree on one start time.
 * @throws `TypeError` or `RangeError`, with a `code`, for what is no time.
 */
export function ticksFromBoottime(ns: bigint, clockTicksPerSecond: number): number {
  // Up to 104 days after boot in doubles, which is quicker. Exact at 100 Hz: what is
  // no multiple of a tick's 10^7 ns lies farther from one than the quotient's rounding error.
  if (typeof ns === 'bigint' && ns <= MAX_EXACT_NS && clockTicksPerSecond === 100)
    return Math.floor(Number(ns) / 10_000_000);
  if (typeof ns !== 'bigint') throw invalidType('ns', 'a bigint of nanoseconds', ns);
  wholeNumber('clockTicksPerSecond', clockTicksPerSecond, 1);
  return Number((ns * BigInt(clockTicksPerSecond)) / 1_000_000_000n);
}
