/**
 * Parsers of option values. Each throws commander's InvalidArgumentError, which ends in a clear
 * message and exit code 2.
 */

import type { ProbeWeight } from '@waggle/core/plugins/probes';
import { InvalidArgumentError } from 'commander';
import { hostUsers, type User } from '../users/passwd.ts';
import { globRegex } from './glob.ts';

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

/** By name, or by number where the user has a name. */
export function parseUser(value: string): User {
  const users = hostUsers();
  const user =
    users.byName(value) ?? (/^\d+$/.test(value) ? users.byUid(Number(value)) : undefined);
  if (user === undefined) throw new InvalidArgumentError(`/etc/passwd has no user "${value}".`);
  return user;
}

/** Of a program. Without a slash it is one of its name. */
export function parsePathGlob(value: string): RegExp {
  if (value === '') throw new InvalidArgumentError('It is empty: give a path, such as /usr/bin/*.');
  return globRegex(value.includes('/') ? value : `**/${value}`);
}

/** Most CPUs that a kernel can be built for: CONFIG_NR_CPUS_RANGE_END of x86. */
const MAX_CPUS = 8192;

/** Numbers of CPUs as taskset(1) takes them: `0,2-3`. */
export function parseCpus(value: string, previous: readonly number[] = []): readonly number[] {
  const cpus = value.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || from > to || to >= MAX_CPUS)
      throw new InvalidArgumentError(
        `"${part}" is no CPU: give numbers and ranges, such as 0,2-3.`,
      );
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  return [...new Set([...previous, ...cpus])].sort((a, b) => a - b);
}

/** @param what in words */
function parseText(value: string, what: string): string {
  if (value.trim() === '') throw new InvalidArgumentError(`It is empty: give ${what}.`);
  return value;
}

export function collectContainer(
  value: string,
  previous: readonly string[] = [],
): readonly string[] {
  return [...previous, parseText(value, "a container's id, or what it begins with")];
}

const SECONDS_IN: Readonly<Record<string, number>> = {
  ...{ us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 },
};
/** Timers of JavaScript hold 31 bits of milliseconds. */
const MAX_SECONDS = 2_147_483;

/** A duration in seconds: a plain number is that, and `500ms`, `90s`, `1m`, `1h30m` have units. */
export function parseDuration(value: string): number {
  const seconds = /^[\d.]+$/.test(value) ? Number(value) : secondsOf(value);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new InvalidArgumentError(
      'Give a number of seconds above 0, such as 10 or 0.5, or a duration such as 500ms, 90s, 1m or 1h30m.',
    );
  if (seconds > MAX_SECONDS)
    throw new InvalidArgumentError(`At most ${MAX_SECONDS} seconds (24 days).`);
  return seconds;
}

function secondsOf(value: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h|d))+$/.test(value)) return Number.NaN;
  let seconds = 0;
  for (const [, count, unit = ''] of value.matchAll(/([\d.]+)([a-z]+)/g))
    seconds += Number(count) * (SECONDS_IN[unit] ?? Number.NaN);
  return seconds;
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ...{ ns: 1, us: 1e3, '\u00b5s': 1e3, ms: 1e6, s: 1e9, m: 60e9 },
};

/** A length of time with its unit, in whole nanoseconds. */
export function parseNanoseconds(value: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(\D+)$/.exec(value.trim()) ?? [];
  const nanoseconds = Math.round(Number(number) * (NANOSECONDS[unit] ?? Number.NaN));
  if (!Number.isSafeInteger(nanoseconds) || nanoseconds < 1)
    throw new InvalidArgumentError('Give a time with its unit: 200us, 5ms, 1.5s or 2m.');
  return nanoseconds;
}

/** Words with commas between, of one option or several. */
export function collectWords(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(',').map((word) => word.trim())];
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

const WEIGHT = /^(?:(duration)|(?:arg([1-6])|(retval))(?::([us])(8|16|32|64))?)$/;

/** `arg1` to `arg6`, `retval`, `duration`; the first two with a type where they are no 64 bits: `arg1:u32`. */
export function parseWeight(value: string): ProbeWeight {
  const [, duration, argument, returned, sign, bits] = WEIGHT.exec(value) ?? [];
  if (duration !== undefined) return { kind: 'duration' };
  const bytes = (Number(bits ?? 64) / 8) as 1 | 2 | 4 | 8;
  const type = sign === undefined ? undefined : { bytes, signed: sign === 's' };
  if (argument !== undefined) return { kind: 'argument', number: Number(argument), type };
  if (returned !== undefined) return { kind: 'returned', type };
  throw new InvalidArgumentError(
    'Give arg1 to arg6, retval or duration; arg1:u32 says what type it is (u8 to s64, s64 unless given).',
  );
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

const SPANS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const MIN_PIECE_BYTES = 64 * 1024;

/** A size, an age, or both. `M` is a size and `m` are minutes. */
export function parseRotation(value: string): { bytes?: number; seconds?: number } {
  const limits: { bytes?: number; seconds?: number } = {};
  for (const part of value.split(',')) {
    const [, digits = '', unit = ''] = /^(\d+)(K|k|M|G|s|m|h|d)$/.exec(part.trim()) ?? [];
    const span = SPANS[unit];
    if (span !== undefined) limits.seconds = Number(digits) * span;
    else limits.bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  }
  const { bytes = MIN_PIECE_BYTES, seconds = 1 } = limits;
  if (!(bytes >= MIN_PIECE_BYTES && seconds >= 1))
    throw new InvalidArgumentError(
      'Give a size from 64K on (K, M, G), an age (s, m, h, d), or both: 100M,1h.',
    );
  return limits;
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
