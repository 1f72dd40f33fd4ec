/**
 * What a profile counts: which of its values is shown, how one is chosen, and how many samples they
 * stand for. Names and units are pprof's (proto/profile.proto of google/pprof).
 */
import type { Profile, ProfileStack, ProfileValues, ValueType } from './profile.ts';

type Measured = Pick<Profile, 'stacks' | 'values'>;

export const SAMPLES: ValueType = { type: 'samples', unit: 'count' };

/** Nanoseconds in a unit of time, by every name that pprof's own tools take for it. */
const NANOSECONDS: Readonly<Record<string, number>> = {
  nanosecond: 1,
  ns: 1,
  microsecond: 1e3,
  us: 1e3,
  '\u00b5s': 1e3,
  millisecond: 1e6,
  ms: 1e6,
  second: 1e9,
  sec: 1e9,
  s: 1e9,
  minute: 60e9,
  min: 60e9,
  hour: 3600e9,
  hr: 3600e9,
};

/** How many nanoseconds one of this unit is; `undefined` when it is no unit of time. */
export function nanosecondsIn(unit: string): number | undefined {
  const name = unit.toLowerCase();
  return NANOSECONDS[name] ?? NANOSECONDS[name.replace(/s$/, '')];
}

export const isCount = ({ unit }: ValueType): boolean => unit === 'count' || unit === '';

/** What all values are, the shown one among them. */
export function valueTypesOf({ values }: Pick<Profile, 'values'>): readonly ValueType[] {
  return values?.types ?? [SAMPLES];
}

/** What `count` is. */
export function shownType({ values }: Pick<Profile, 'values'>): ValueType {
  return values?.types[values.shown] ?? SAMPLES;
}

/** All values of a stack; those that nobody set are 0. */
export function stackValues(
  { count, values: all }: ProfileStack,
  values: ProfileValues | undefined,
): readonly number[] {
  if (values === undefined) return [count];
  return values.types.map((_, index) => all?.[index] ?? (index === values.shown ? count : 0));
}

/**
 * The same profile with another of its values as the shown one.
 * @throws RangeError for a value that the profile has not.
 */
export function showValue<Shown extends Measured>(profile: Shown, index: number): Shown {
  const { values } = profile;
  if (values === undefined || values.shown === index) return profile;
  if (values.types[index] === undefined) throw new RangeError(`there is no value ${index}`);
  return {
    ...profile,
    stacks: profile.stacks.map((stack) => {
      const all = stackValues(stack, values);
      return { frames: stack.frames, count: all[index] ?? 0, values: all };
    }),
    values: { ...values, shown: index },
  };
}

/** The same profile with this value and no other, for formats that have room for one. */
export function onlyValue<Shown extends Measured>(profile: Shown, index: number): Shown {
  const { values } = profile;
  const type = values?.types[index];
  if (values === undefined || type === undefined) return profile;
  return {
    ...profile,
    stacks: profile.stacks.map((stack) => ({
      frames: stack.frames,
      count: stackValues(stack, values)[index] ?? 0,
    })),
    values: { ...values, types: [type], shown: 0 },
  };
}

/**
 * The index of the value that a person names as for `go tool pprof -sample_index`: by its type, its
 * number from 0 on, or `type/unit`. `undefined` when there is none.
 */
export function findValue(profile: Pick<Profile, 'values'>, wanted: string): number | undefined {
  const types = valueTypesOf(profile);
  const named = types.findIndex(
    ({ type, unit }) => type === wanted || `${type}/${unit}` === wanted,
  );
  if (named >= 0) return named;
  return /^\d+$/.test(wanted) && Number(wanted) < types.length ? Number(wanted) : undefined;
}

/** The value for formats that count samples: the first in a unit of count, else the shown one. */
export function countedValue({ values }: Pick<Profile, 'values'>): number {
  if (values === undefined) return 0;
  const counted = values.types.findIndex(isCount);
  return counted < 0 ? values.shown : counted;
}

/**
 * How many samples a profile is made of: those that it counts, or as many as its period makes of what
 * it has; the smaller where both are known, since counts may be scaled up (heap profiles count
 * objects, of which few were sampled). `undefined` where nothing says it.
 */
export function sampleCount({ stacks, values }: Measured): number | undefined {
  const sumOf = (index: number): number => {
    let sum = 0;
    for (const stack of stacks) sum += Math.abs(stackValues(stack, values)[index] ?? 0);
    return sum;
  };
  if (values === undefined) return sumOf(0);
  const named = values.types.findIndex((each) => each.type === SAMPLES.type && isCount(each));
  if (named >= 0) return sumOf(named);
  const counted = values.types.findIndex(isCount);
  const counts = counted < 0 ? undefined : sumOf(counted);
  const byPeriod = samplesByPeriod(values, sumOf);
  if (counts === undefined || byPeriod === undefined) return counts ?? byPeriod;
  return Math.min(counts, byPeriod);
}

function samplesByPeriod(
  { types, period }: ProfileValues,
  sumOf: (index: number) => number,
): number | undefined {
  if (period === undefined || !(period.value > 0)) return undefined;
  const inTime = nanosecondsIn(period.unit);
  // Heap profiles have two of the same unit; the last is what is alive, by which tools show them.
  const measured = types.findLastIndex(({ unit }) =>
    inTime === undefined ? unit === period.unit : nanosecondsIn(unit) !== undefined,
  );
  if (measured < 0) return undefined;
  const scale = inTime === undefined ? 1 : (nanosecondsIn(types[measured]?.unit ?? '') ?? 1);
  return Math.round((sumOf(measured) * scale) / (period.value * (inTime ?? 1)));
}
