/**
 * The stacks of two profiles as one call tree takes them. Functions are the same by name and kind
 * alone here, so each gets one object, that of the later profile: one that moved has one box.
 */

import type { ProfileDiff } from '../diff/differences.ts';
import type { ProfileFrame } from '../profile.ts';
import type { ComparedStack } from './call-tree.ts';

/** `shown` is the profile whose samples are the counts. */
export function comparedStacks(
  { functions, stacks }: Pick<ProfileDiff, 'functions' | 'stacks'>,
  shown: 'before' | 'after',
): ComparedStack[] {
  const keyOf = ({ kind, name }: ProfileFrame): string => `${kind} ${name}`;
  const known = new Map(functions.map(({ frame }) => [keyOf(frame), frame]));
  // A stack may have the same frame a hundred thousand times, and its name a million letters.
  const ofFrame = new Map<ProfileFrame, ProfileFrame>();
  const theOne = (frame: ProfileFrame): ProfileFrame => {
    let one = ofFrame.get(frame);
    if (one !== undefined) return one;
    const key = keyOf(frame);
    one = known.get(key) ?? frame;
    known.set(key, one);
    ofFrame.set(frame, one);
    return one;
  };
  return stacks.map(({ frames, before, after }) => ({
    frames: frames.map(theOne),
    count: shown === 'after' ? after : before,
    other: shown === 'after' ? before : after,
  }));
}
