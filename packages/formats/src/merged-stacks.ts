/**
 * Stacks in the one order that formats write them in: equal ones merged, sorted, none of zero
 * samples. So a profile gives the same file whatever the order it was collected in.
 */
import {
  type Profile,
  type ProfileFrame,
  type ProfileLabels,
  type ProfileStack,
  totalSamples,
} from './profile.ts';
import { StackKeys } from './stack-keys.ts';
import { stackValues } from './values.ts';

/**
 * What two frames have in common when they are the same: the function, and the place in it where
 * that is known. No name contains a lone separator.
 */
export function frameKey({ kind, object, name, file, line, inlined }: ProfileFrame): string {
  const place = file === undefined && line === undefined ? [] : [file ?? null, line ?? null];
  return JSON.stringify([name, kind, object ?? null, ...place, ...(inlined ? [true] : [])]);
}

/** The same for formats that tell the places in a function apart by their addresses. */
export function codeKey(frame: ProfileFrame): string {
  const { address, mapping } = frame;
  if (address === undefined) return frameKey(frame);
  const parts = mapping ? [mapping.start, mapping.limit, mapping.fileOffset, mapping.buildId] : [];
  return `${frameKey(frame)} ${[address, ...parts].join(' ')}`;
}

export interface MergeOptions {
  /** Values below zero are taken too, for formats that have room for the difference of two profiles. */
  readonly signed?: boolean | undefined;
  /** What two frames have in common when they are the same. Default: frameKey. */
  readonly sameness?: ((frame: ProfileFrame) => string) | undefined;
  /** Those of the stacks, where they are there already; `sameness` is theirs then. */
  readonly keys?: StackKeys | undefined;
  /** Stacks that differ in their labels are two. Default: labels are left out. */
  readonly labels?: boolean | undefined;
}

/**
 * Where a profile has several values, all are merged, and stacks stay that have any.
 *
 * @throws RangeError when a count is not a whole number of samples, or negative and not `signed`.
 */
export function mergedStacks(
  { stacks, values }: Pick<Profile, 'stacks' | 'values'>,
  {
    signed = false,
    sameness = frameKey,
    keys = new StackKeys(stacks, sameness),
    labels: labelled = false,
  }: MergeOptions = {},
): readonly ProfileStack[] {
  if (!signed) totalSamples(stacks);
  const merged = new Map<string, MergedStack>();
  for (const stack of stacks) {
    const { frames, count } = stack;
    const all = values === undefined ? undefined : stackValues(stack, values);
    if (signed) checkWhole(all ?? [count]);
    if (all === undefined ? count === 0 : all.every((value) => value === 0)) continue;
    const labels = labelled ? stack.labels : undefined;
    const key = labels === undefined ? keys.of(frames) : `${keys.of(frames)}${labelsKey(labels)}`;
    const known = merged.get(key);
    if (known === undefined) {
      merged.set(key, {
        ...{ frames, count },
        ...(all === undefined ? {} : { values: [...all] }),
        labels,
      });
      continue;
    }
    known.count += count;
    all?.forEach((value, index) => {
      if (known.values !== undefined) known.values[index] = (known.values[index] ?? 0) + value;
    });
  }
  return [...merged.keys()].sort().map((key) => merged.get(key) as ProfileStack);
}

/** As `mergedStacks`, without those that have nothing of the value that is shown. */
export function shownStacks(profile: Pick<Profile, 'stacks'>): readonly ProfileStack[] {
  return mergedStacks({ stacks: profile.stacks });
}

interface MergedStack {
  readonly frames: readonly ProfileFrame[];
  count: number;
  readonly values?: number[];
  readonly labels?: ProfileLabels | undefined;
}

/** Equal for equal labels. Frames' keys have a number of units that is even, and this begins with one more. */
function labelsKey(labels: ProfileLabels): string {
  const parts = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `\0${JSON.stringify(parts)}`;
}

function checkWhole(values: readonly number[]): void {
  for (const value of values)
    if (!Number.isSafeInteger(value))
      throw new RangeError(`stack count must be a whole number of samples, got ${value}`);
}

/** Half a surrogate pair cannot be UTF-8 and becomes U+FFFD; an empty name is unknown. */
export function writableName(name: string): string {
  return name === '' ? '[unknown]' : name.toWellFormed();
}
