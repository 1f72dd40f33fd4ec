/**
 * Stacks in the one order that formats write them in: equal ones merged, sorted, none of zero
 * samples. So a profile gives the same file whatever the order it was collected in.
 */
import { type Profile, type ProfileFrame, type ProfileStack, totalSamples } from './profile.ts';

/**
 * What two frames have in common when they are the same: the function, and the place in it where
 * that is known. No name contains a lone separator.
 */
export function frameKey({ kind, object, name, file, line, inlined }: ProfileFrame): string {
  const place = file === undefined && line === undefined ? [] : [file ?? null, line ?? null];
  return JSON.stringify([name, kind, object ?? null, ...place, ...(inlined ? [true] : [])]);
}

/** @throws RangeError when a count is not a whole number of samples. */
export function mergedStacks(profile: Pick<Profile, 'stacks'>): readonly ProfileStack[] {
  totalSamples(profile.stacks);
  const keys = new Map<ProfileFrame, string>();
  const keyOf = (frame: ProfileFrame): string => {
    let key = keys.get(frame);
    if (key === undefined) {
      key = frameKey(frame);
      keys.set(frame, key);
    }
    return key;
  };
  const merged = new Map<string, { frames: readonly ProfileFrame[]; count: number }>();
  for (const { frames, count } of profile.stacks) {
    if (count === 0) continue;
    const key = frames.map(keyOf).join('\n');
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { frames, count });
    else known.count += count;
  }
  return [...merged.keys()].sort().map((key) => merged.get(key) as ProfileStack);
}

/** Half a surrogate pair cannot be UTF-8 and becomes U+FFFD; an empty name is unknown. */
export function writableName(name: string): string {
  return name === '' ? '[unknown]' : name.toWellFormed();
}
