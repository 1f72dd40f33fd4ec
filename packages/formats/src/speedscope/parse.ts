/**
 * Reads speedscope's "sampled" profiles, of waggle or of others. Profiles of one file are added up;
 * weights that are times are turned into whole microseconds.
 */
import { type JsonObject, jsonShape } from '../json-shape.ts';
import type {
  FrameKind,
  Profile,
  ProfileFrame,
  ProfileMetadata,
  ProfileStack,
} from '../profile.ts';
import { placeOf } from '../source-place.ts';
import { EXPORTER } from './encode.ts';

export class SpeedscopeSyntaxError extends Error {
  override readonly name = 'SpeedscopeSyntaxError';
  readonly code = 'SPEEDSCOPE_SYNTAX';
}

const json = jsonShape('speedscope', SpeedscopeSyntaxError);

/** By unit, what makes a weight whole: samples, bytes, or microseconds. */
const SCALE: Readonly<Record<string, number>> = {
  none: 1,
  bytes: 1,
  nanoseconds: 1e-3,
  microseconds: 1,
  milliseconds: 1e3,
  seconds: 1e6,
};
const KINDS: readonly FrameKind[] = ['process', 'user', 'kernel', 'unresolved'];

/** @throws SpeedscopeSyntaxError when the bytes are no such file, or a profile is not sampled. */
export function parseSpeedscope(bytes: Uint8Array): Profile {
  const root = json.file(bytes);
  const shared = json.object(root.shared, 'shared');
  const isOurs = root.exporter === EXPORTER;
  const frames = json
    .array(shared.frames, 'shared.frames')
    .map((frame, index) => frameOf(frame, index, isOurs));
  const stacks = json
    .array(root.profiles, 'profiles')
    .flatMap((profile, index) => stacksOf(json.object(profile, `profiles[${index}]`), frames));
  return { stacks, metadata: metadataOf(root, stacks) };
}

function stacksOf(profile: JsonObject, frames: readonly ProfileFrame[]): ProfileStack[] {
  if (profile.type !== 'sampled')
    throw new SpeedscopeSyntaxError(`only sampled profiles can be read, not ${profile.type}`);
  const scale = SCALE[String(profile.unit)];
  if (scale === undefined)
    throw new SpeedscopeSyntaxError(`the unit ${String(profile.unit)} is not known`);
  const weights = json.array(profile.weights, 'weights');
  return json.array(profile.samples, 'samples').map((sample, index) => {
    const count = Math.round(Number(weights[index]) * scale);
    if (!Number.isSafeInteger(count) || count < 0)
      throw new SpeedscopeSyntaxError(`sample ${index} has the weight ${weights[index]}`);
    const stack = json.array(sample, `samples[${index}]`).map((number) => {
      const frame = frames[Number(number)];
      if (frame === undefined)
        throw new SpeedscopeSyntaxError(
          `sample ${index} names frame ${number}, which is not there`,
        );
      return frame;
    });
    return { frames: stack, count };
  });
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
    ...(object === undefined ? {} : { object }),
    ...placeOf(isSource ? file : undefined, line),
    ...(isOurs && inlined === true ? { inlined } : {}),
  };
}

function metadataOf(root: JsonObject, stacks: readonly ProfileStack[]): ProfileMetadata {
  const ours = root.exporter === EXPORTER ? json.object(root.waggle ?? {}, 'waggle') : {};
  const number = (value: unknown) => (typeof value === 'number' ? value : 0);
  return {
    host: typeof ours.host === 'string' ? ours.host : '',
    ...(typeof ours.command === 'string' ? { command: ours.command } : {}),
    frequencyHz: number(ours.frequencyHz),
    startTime: new Date(typeof ours.startTime === 'string' ? ours.startTime : Number.NaN),
    durationSeconds: number(ours.durationSeconds),
    samples: stacks.reduce((sum, { count }) => sum + count, 0),
    lostSamples: number(ours.lostSamples),
  };
}
