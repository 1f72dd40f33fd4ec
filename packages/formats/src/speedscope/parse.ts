/**
 * Reads speedscope's profiles, sampled and evented, of waggle or of others. Profiles of one file that
 * have one unit are added up, since they are of several threads; times become whole nanoseconds. The
 * several values of our own files are those of one profile.
 */
import type { ParsedProfile } from '../format.ts';
import type { JsonObject } from '../json-shape.ts';
import { MemoryBudget } from '../memory-budget.ts';
import { type PathNode, PathTree } from '../path-tree.ts';
import type {
  FrameKind,
  Profile,
  ProfileFrame,
  ProfileMetadata,
  ProfileStack,
  ProfileValues,
  ValueType,
} from '../profile.ts';
import { placeOf } from '../source-place.ts';
import { sampleCount } from '../values.ts';
import { EXPORTER, TIME_UNITS } from './encode.ts';
import { eachInterval } from './events.ts';
import { json, SpeedscopeSyntaxError } from './shape.ts';

export { SpeedscopeSyntaxError } from './shape.ts';

const KINDS: readonly FrameKind[] = ['process', 'user', 'kernel', 'unresolved'];

/** @throws SpeedscopeSyntaxError when the bytes are no such file. */
export function parseSpeedscope(
  bytes: Uint8Array,
  budget: MemoryBudget = new MemoryBudget(bytes.length),
): ParsedProfile {
  return speedscopeProfile(json.file(bytes, budget), budget);
}

/** The same, of a file that was taken for JSON already. */
export function speedscopeProfile(root: JsonObject, budget: MemoryBudget): ParsedProfile {
  const shared = json.object(root.shared, 'shared');
  const isOurs = root.exporter === EXPORTER;
  const frames = json.array(shared.frames, 'shared.frames').map((value, index) => {
    const frame = frameOf(value, index, isOurs);
    budget.frame(frame);
    return frame;
  });
  const profiles = json
    .array(root.profiles, 'profiles')
    .map((profile, index) => json.object(profile, `profiles[${index}]`));
  const values = isOurs ? ourValues(root, profiles.length) : undefined;
  if (values !== undefined) {
    const stacks = severalValues(profiles, frames, values, budget);
    return { stacks, values, metadata: metadataOf(root, sampleCount({ stacks, values })) };
  }
  const active = profiles[Number(root.activeProfileIndex ?? 0)] ?? profiles[0];
  const unit = active && unitOf(active);
  const taken = profiles.filter((profile) => unitOf(profile) === unit);
  const stacks = taken.flatMap((profile) => stacksOf(profile, frames, budget));
  const read = { stacks, ...(VALUES[unit ?? 'none'] ?? {}) };
  const left = profiles.length - taken.length;
  return {
    ...read,
    metadata: metadataOf(root, sampleCount(read)),
    ...(left === 0
      ? {}
      : {
          warnings: [leftOut(left, profiles.length, unit)],
        }),
  };
}

function leftOut(left: number, all: number, unit: string | undefined): string {
  const others = left === 1 ? 'has another unit and was' : 'have other units and were';
  const taken = unit === undefined || unit === 'none' ? 'none, as samples have' : unit;
  return `${left} of ${all} profiles ${others} left out: the one that is shown has ${taken}`;
}

const TIME = {
  values: { types: [{ type: 'time', unit: 'nanoseconds' }], shown: 0 },
} as const;
/** By our name of a unit; samples alone are no value of their own. */
const VALUES: Readonly<Record<string, Pick<Profile, 'values'>>> = {
  time: TIME,
  bytes: { values: { types: [{ type: 'space', unit: 'bytes' }], shown: 0 } },
};

function unitOf({ unit }: JsonObject): string {
  if (unit === 'none' || unit === 'bytes') return unit;
  if (TIME_UNITS[String(unit)] !== undefined) return 'time';
  throw new SpeedscopeSyntaxError(`the unit ${String(unit)} is not known`);
}

/** What our own files say of their values. */
function ourValues(root: JsonObject, profiles: number): ProfileValues | undefined {
  const values = json.object(root.waggle ?? {}, 'waggle').values;
  if (values === undefined) return undefined;
  const { types, shown, period } = json.object(values, 'waggle.values');
  const typed = json.array(types, 'waggle.values.types').map(valueTypeOf);
  if (typed.length === 0 || typed.length !== profiles || typed[Number(shown)] === undefined)
    throw new SpeedscopeSyntaxError(`${typed.length} values are not those of ${profiles} profiles`);
  const { value } = json.object(period ?? {}, 'waggle.values.period');
  return {
    types: typed,
    shown: Number(shown),
    ...(typeof value === 'number' ? { period: { ...valueTypeOf(period), value } } : {}),
  };
}

function valueTypeOf(value: unknown): ValueType {
  const { type, unit } = json.object(value, 'a type of values');
  return { type: String(type), unit: String(unit) };
}

function severalValues(
  profiles: readonly JsonObject[],
  frames: readonly ProfileFrame[],
  { shown }: ProfileValues,
  budget: MemoryBudget,
): ProfileStack[] {
  const weights = profiles.map((profile) => json.array(profile.weights, 'weights'));
  const samples = json.array(profiles[0]?.samples, 'samples');
  return samples.map((sample, index) => {
    const values = weights.map((each) => wholeWeight(Number(each[index]), `sample ${index}`));
    const stack = json.array(sample, `samples[${index}]`);
    budget.stack(stack.length);
    budget.numbers(weights.length, 'the values of its samples');
    return { frames: stack.map(frameAt(frames, index)), count: values[shown] ?? 0, values };
  });
}

/** Samples of one stack are added up before they are rounded: a weight may be a fraction. */
function stacksOf(
  profile: JsonObject,
  frames: readonly ProfileFrame[],
  budget: MemoryBudget,
): ProfileStack[] {
  const scale = TIME_UNITS[String(profile.unit)] ?? 1;
  const paths = new PathTree(budget);
  const weights = new Map<PathNode, { weight: number; index: number }>();
  const add = (path: PathNode, weight: number, index: number): void => {
    if (!Number.isFinite(weight) || weight < 0)
      throw new SpeedscopeSyntaxError(`sample ${index} has the weight ${weight}`);
    const known = weights.get(path);
    if (known === undefined) weights.set(path, { weight, index });
    else known.weight += weight;
  };
  if (profile.type === 'evented') eachInterval(profile, paths, add);
  else if (profile.type === 'sampled') {
    const all = json.array(profile.weights, 'weights');
    json.array(profile.samples, 'samples').forEach((sample, index) => {
      let path = paths.root;
      for (const frame of json.array(sample, `samples[${index}]`))
        path = paths.child(path, Number(frame));
      add(path, Number(all[index]), index);
    });
  } else throw new SpeedscopeSyntaxError(`profiles of type ${profile.type} are not known`);
  return [...weights].map(([path, { weight, index }]) => ({
    frames: paths.pathOf(path, frameAt(frames, index)),
    count: wholeWeight(weight * scale, `sample ${index}`),
  }));
}

function wholeWeight(weight: number, what: string): number {
  const whole = Math.round(weight);
  if (!Number.isSafeInteger(whole) || whole < 0)
    throw new SpeedscopeSyntaxError(`${what} has the weight ${weight}`);
  return whole;
}

function frameAt(
  frames: readonly ProfileFrame[],
  index: number,
): (number: unknown) => ProfileFrame {
  return (number) => {
    const frame = frames[Number(number)];
    if (frame === undefined)
      throw new SpeedscopeSyntaxError(`sample ${index} names frame ${number}, which is not there`);
    return frame;
  };
}

function frameOf(value: unknown, index: number, isOurs: boolean): ProfileFrame {
  const fields = json.object(value, `shared.frames[${index}]`);
  const { name, kind, inlined } = fields;
  if (typeof name !== 'string')
    throw new SpeedscopeSyntaxError(`shared.frames[${index}] has no name`);
  const text = (field: unknown) => (typeof field === 'string' ? field : undefined);
  const line = typeof fields.line === 'number' ? fields.line : undefined;
  // Others say "file" to either, and have lines only in a source file.
  const isSource = isOurs ? fields.object !== undefined : line !== undefined;
  const file = text(fields.file);
  const object = isSource ? text(fields.object) : file;
  return {
    name,
    kind: KINDS.find((known) => known === kind) ?? 'user',
    object,
    ...placeOf(isSource ? file : undefined, line),
    ...(isOurs && inlined === true ? { inlined } : {}),
  };
}

function metadataOf(root: JsonObject, samples = 0): ProfileMetadata {
  const ours = root.exporter === EXPORTER ? json.object(root.waggle ?? {}, 'waggle') : {};
  const number = (value: unknown) => (typeof value === 'number' ? value : 0);
  return {
    host: typeof ours.host === 'string' ? ours.host : '',
    ...(typeof ours.command === 'string' ? { command: ours.command } : {}),
    ...(typeof ours.target === 'string' ? { target: ours.target } : {}),
    frequencyHz: number(ours.frequencyHz),
    startTime: new Date(typeof ours.startTime === 'string' ? ours.startTime : Number.NaN),
    durationSeconds: number(ours.durationSeconds),
    samples,
    lostSamples: number(ours.lostSamples),
  };
}
