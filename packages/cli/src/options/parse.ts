/**
 * Parsers of option values. Each throws commander's InvalidArgumentError, which ends in a clear
 * message and exit code 2.
 */

import { InvalidArgumentError } from 'commander';

export function parsePid(value: string, previous: readonly number[] = []): readonly number[] {
  const pids = value.split(',').map((part) => {
    const pid = Number(part);
    // PID_MAX_LIMIT of include/linux/threads.h
    if (!/^\d+$/.test(part) || pid < 1 || pid > 4_194_304)
      throw new InvalidArgumentError(`"${part}" is not a pid.`);
    return pid;
  });
  return [...previous, ...pids];
}

export function parseUid(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) > 0xffff_ffff)
    throw new InvalidArgumentError(`"${value}" is not a numeric user id; \`id -u NAME\` shows it.`);
  return Number(value);
}

export function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (value.trim() === '' || !Number.isFinite(seconds) || seconds <= 0)
    throw new InvalidArgumentError('Give a number of seconds above 0, such as 10 or 0.5.');
  // Timers of JavaScript hold 31 bits of milliseconds.
  if (seconds > 2_147_483) throw new InvalidArgumentError('At most 2147483 seconds (24 days).');
  return seconds;
}

export function parseCount(value: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('expected a whole number from 1 on');
  return count;
}

export function parseFrequency(value: string): number {
  const hertz = Number(value);
  if (!/^\d+$/.test(value) || hertz < 1 || hertz > 100_000)
    throw new InvalidArgumentError('Give a whole number of samples a second, 1 to 100000.');
  return hertz;
}

export function parseRate(value: string): number {
  const rate = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || rate <= 0)
    throw new InvalidArgumentError('Give a number of events a second above 0, such as 500.');
  return rate;
}

/** An empty one, as of a variable that is not set, would match all, or black out nothing. */
export function parseRegex(value: string): RegExp {
  if (value === '') throw new InvalidArgumentError('It is empty: give a regular expression.');
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

export function collectRegex(value: string, previous: readonly RegExp[] = []): readonly RegExp[] {
  return [...previous, parseRegex(value)];
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const RING_MIN_BYTES = 4096;
const RING_MAX_BYTES = 1024 ** 3;

/** Bytes of a ring buffer: the kernel wants a power of two and whole pages. */
export function parseRingSize(value: string): number {
  const match = /^(\d+)([kmg]?)(?:i?b)?$/i.exec(value);
  const bytes = Number(match?.[1]) * (UNITS[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN);
  const isPowerOfTwo = Number.isInteger(Math.log2(bytes));
  if (!(bytes >= RING_MIN_BYTES && bytes <= RING_MAX_BYTES) || !isPowerOfTwo)
    throw new InvalidArgumentError(
      'Give a power of two from 4096 to 1G, such as 65536, 64K or 8M.',
    );
  return bytes;
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
