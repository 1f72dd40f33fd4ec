/**
 * A value in words: `1,234 samples`, `12.3 ms`, `1.5 MiB`. What a unit is, is data, so that the scripts
 * in pictures have it; how a value is written by it is `formatValue` of value-text.ts.
 */
import type { ValueType } from './profile.ts';
import { isCount, nanosecondsIn, SAMPLES } from './values.ts';

export interface ValueUnit {
  /** What one is, and what several are, where they are counted. */
  readonly one: string;
  readonly many: string;
  /** Where they are measured: how many make one of each larger unit, the smallest first. */
  readonly steps?: readonly (readonly [count: number, unit: string])[];
}

const TIMES = [
  [1, 'ns'],
  [1e3, '\u00b5s'],
  [1e6, 'ms'],
  [1e9, 's'],
] as const;
const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].map(
  (unit, power) => [1024 ** power, unit] as const,
);
/** Bytes in pprof's own names of units. */
const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  byte: 1,
  bytes: 1,
  kb: 1024,
  kib: 1024,
  kilobytes: 1024,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  megabytes: 1024 ** 2,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
  gigabytes: 1024 ** 3,
};

/** What kind of thing a value is of: two of one kind can be compared. */
export function kindOfValue({ type, unit }: ValueType): string {
  if (nanosecondsIn(unit) !== undefined) return 'time';
  if (SIZES[unit.toLowerCase()] !== undefined) return 'bytes';
  return isCount({ type, unit }) ? 'count' : unit;
}

export function valueUnit(value: ValueType): ValueUnit {
  const { type, unit } = value;
  const inTime = nanosecondsIn(unit);
  const inBytes = SIZES[unit.toLowerCase()];
  const scaled = inTime ?? inBytes;
  if (scaled !== undefined) {
    const steps = (inTime === undefined ? BYTES : TIMES)
      .map(([count, name]) => [count / scaled, name] as const)
      // What is measured in seconds has no nanoseconds.
      .filter(([count]) => count >= 1);
    return { one: unit, many: unit, steps };
  }
  if (!isCount(value)) return { one: unit, many: unit };
  const [one, many] = nounOf(type || SAMPLES.type);
  return { one, many };
}

/** Types are plural as a rule: `samples`, `alloc_objects`. */
function nounOf(type: string): [one: string, many: string] {
  const words = type.replaceAll('_', ' ');
  return /[^s]s$/.test(words) ? [words.slice(0, -1), words] : [words, words];
}
