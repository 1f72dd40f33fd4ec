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
  const frames = json.array(shared.frames, 'shared.frames').map(frameOf);
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

function frameOf(value: unknown, index: number): ProfileFrame {
  const { name, file, kind } = json.object(value, `shared.frames[${index}]`);
  if (typeof name !== 'string')
    throw new SpeedscopeSyntaxError(`shared.frames[${index}] has no name`);
  return {
    name,
    kind: KINDS.find((known) => known === kind) ?? 'user',
    ...(typeof file === 'string' ? { object: file } : {}),
  };
}

function metadataOf(root: JsonObject, stacks: readonly ProfileStack[]): ProfileMetadata {
  const ours = root.exporter === 'waggle' ? json.object(root.waggle ?? {}, 'waggle') : {};
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
