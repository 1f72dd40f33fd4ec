/**
 * Two profiles made comparable: both show a value of one kind, in one unit. A profile in time and one
 * of bytes have nothing in common; one in time and one of samples have, where the first counts too.
 */
import type { Profile, ValueType } from '../profile.ts';
import { kindOfValue } from '../value-unit.ts';
import { nanosecondsIn, shownType, showValue, valueTypesOf } from '../values.ts';

export interface ComparableProfiles {
  readonly before: Profile;
  readonly after: Profile;
  /** In words, where it is not the default of both that is compared. */
  readonly note?: string;
}

/**
 * `undefined` when no value of the one is like any of the other.
 * @throws RangeError for a value that the profile has not.
 */
export function comparableProfiles(
  before: Profile,
  after: Profile,
): ComparableProfiles | undefined {
  const [ofBefore, ofAfter] = [shownType(before), shownType(after)];
  const indexOf = (profile: Profile, like: ValueType): number =>
    valueTypesOf(profile).findIndex(
      (each) => each.type === like.type && kindOfValue(each) === kindOfValue(like),
    );
  if (ofBefore.type === ofAfter.type && kindOfValue(ofBefore) === kindOfValue(ofAfter))
    return inOneUnit(before, after);
  const sameAsBefore = indexOf(after, ofBefore);
  if (sameAsBefore >= 0) return noted(inOneUnit(before, showValue(after, sameAsBefore)), ofBefore);
  const sameAsAfter = indexOf(before, ofAfter);
  if (sameAsAfter >= 0) return noted(inOneUnit(showValue(before, sameAsAfter), after), ofAfter);
  if (kindOfValue(ofBefore) === kindOfValue(ofAfter)) {
    const note = `${ofBefore.type} before is compared with ${ofAfter.type} after`;
    return { ...inOneUnit(before, after), note };
  }
  for (const [index, type] of valueTypesOf(before).entries()) {
    const other = indexOf(after, type);
    if (other >= 0)
      return noted(inOneUnit(showValue(before, index), showValue(after, other)), type);
  }
  return undefined;
}

function noted(profiles: ComparableProfiles, { type }: ValueType): ComparableProfiles {
  return { ...profiles, note: `${type} are compared, which both profiles have` };
}

/** Times in different units become nanoseconds. */
function inOneUnit(before: Profile, after: Profile): ComparableProfiles {
  if (shownType(before).unit === shownType(after).unit) return { before, after };
  return { before: inNanoseconds(before), after: inNanoseconds(after) };
}

function inNanoseconds(profile: Profile): Profile {
  const { values } = profile;
  const scale = nanosecondsIn(shownType(profile).unit);
  if (values === undefined || scale === undefined) return profile;
  return {
    ...profile,
    stacks: profile.stacks.map((stack) => ({
      ...stack,
      count: stack.count * scale,
      values: (stack.values ?? []).map((value, index) =>
        index === values.shown ? value * scale : value,
      ),
    })),
    values: {
      ...values,
      types: values.types.map((type, index) =>
        index === values.shown ? { ...type, unit: 'nanoseconds' } : type,
      ),
    },
  };
}
