/**
 * Two profiles compared: what each function and each stack had in the one and in the other. Functions
 * are the same by name and kind alone, because a new build of a program stands at another path.
 */
import { shownStacks } from '../merged-stacks.ts';
import type { Profile, ProfileFrame, ValueType } from '../profile.ts';
import { StackKeys } from '../stack-keys.ts';
import { sampleCount, shownType } from '../values.ts';

/** Samples of one thing in both profiles, or what else they measure of it, in the unit of the value. */
export interface Change {
  readonly before: number;
  readonly after: number;
}

/** All of each profile. */
export interface Totals extends Change {
  /**
   * How many samples that is, by which chance is told from change: absent where samples are what is
   * compared, null where the profiles do not say it.
   */
  readonly taken?: Change | null;
}

export interface FunctionChange {
  /** As the later profile has it, else as the earlier one. */
  readonly frame: ProfileFrame;
  /** With the function at the leaf. */
  readonly self: Change;
  /** With the function anywhere in the stack; one that calls itself counts once. */
  readonly total: Change;
}

export interface StackChange extends Change {
  readonly frames: readonly ProfileFrame[];
}

export interface ProfileDiff {
  readonly totals: Totals;
  /** What is compared, of both: see `comparableProfiles`. */
  readonly type: ValueType;
  /** By name, each once; a process's own frame is no function. */
  readonly functions: readonly FunctionChange[];
  /** Stacks that read the same are one. */
  readonly stacks: readonly StackChange[];
}

type Side = keyof Change;
type Counts = Record<Side, number>;
type StackCounts = Counts & Pick<StackChange, 'frames'>;

interface FunctionCounts {
  frame: ProfileFrame;
  readonly self: Counts;
  readonly total: Counts;
}

const none = (): Counts => ({ before: 0, after: 0 });
const functionKey = ({ kind, name }: ProfileFrame): string => `${kind} ${name}`;

/**
 * Compares what both show, which has to be of one unit: see `comparableProfiles`.
 *
 * @throws RangeError when a count is not a whole number of samples.
 */
export function diffProfiles(before: Profile, after: Profile): ProfileDiff {
  const all = none();
  const functions = new Map<string, FunctionCounts>();
  const byFrame = new Map<ProfileFrame, FunctionCounts>();
  const stacks = new Map<string, StackCounts>();
  const shown = { before: shownStacks(before), after: shownStacks(after) };
  const keys = new StackKeys([...shown.before, ...shown.after], functionKey);
  for (const side of ['before', 'after'] as const)
    for (const { frames, count } of shown[side]) {
      all[side] += count;
      addStack(stacks, keys.of(frames), frames, side, count);
      addFunctions(functions, byFrame, frames, side, count);
    }
  return {
    totals: { ...all, ...takenOf(before, after, all) },
    type: shownType(after),
    functions: sortedValues(functions),
    stacks: sortedValues(stacks),
  };
}

function takenOf(before: Profile, after: Profile, all: Change): Pick<Totals, 'taken'> {
  const taken = { before: sampleCount(before), after: sampleCount(after) };
  if (taken.before === all.before && taken.after === all.after) return {};
  if (taken.before === undefined || taken.after === undefined) return { taken: null };
  return { taken: { before: taken.before, after: taken.after } };
}

function addStack(
  stacks: Map<string, StackCounts>,
  key: string,
  frames: readonly ProfileFrame[],
  side: Side,
  count: number,
): void {
  const known = stacks.get(key);
  if (known === undefined) stacks.set(key, { frames, ...none(), [side]: count });
  else known[side] += count;
}

function addFunctions(
  functions: Map<string, FunctionCounts>,
  byFrame: Map<ProfileFrame, FunctionCounts>,
  frames: readonly ProfileFrame[],
  side: Side,
  count: number,
): void {
  const met = new Set<FunctionCounts>();
  for (const frame of frames) {
    if (frame.kind === 'process') continue;
    let known = byFrame.get(frame);
    if (known === undefined) {
      const key = functionKey(frame);
      known = functions.get(key) ?? { frame, self: none(), total: none() };
      functions.set(key, known);
      byFrame.set(frame, known);
    }
    known.frame = frame;
    if (!met.has(known)) known.total[side] += count;
    met.add(known);
  }
  const leaf = frames.at(-1);
  const known = leaf && byFrame.get(leaf);
  if (known !== undefined) known.self[side] += count;
}

function sortedValues<Value>(map: ReadonlyMap<string, Value>): Value[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
