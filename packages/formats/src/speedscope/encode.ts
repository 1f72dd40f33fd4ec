/**
 * Writes speedscope's JSON, with a profile for each value. A frame's file, by which speedscope colours, is its source file, or its
 * object where no source is known; what waggle knows besides (kind of frame, metadata, the object when
 * it is not the file) is in fields of our own, which speedscope leaves alone.
 */
import { frameKey, mergedStacks, writableName } from '../merged-stacks.ts';
import {
  type FrameKind,
  type Profile,
  type ProfileFrame,
  type ProfileMetadata,
  totalSamples,
} from '../profile.ts';
import { nanosecondsIn, stackValues, valueTypesOf } from '../values.ts';

/** The `$schema` that speedscope recognises a file of its own by. */
const SCHEMA = 'https://www.speedscope.app/file-format-schema.json';
/** By which our own files are known. */
export const EXPORTER = 'waggle';

/** Nanoseconds in each unit of time that speedscope has. */
export const TIME_UNITS: Readonly<Record<string, number>> = {
  nanoseconds: 1,
  microseconds: 1e3,
  milliseconds: 1e6,
  seconds: 1e9,
};

/** Some 200 MB of text. */
const MAX_NUMBERS = 32e6;

interface SpeedscopeFrame {
  readonly name: string;
  readonly file?: string;
  readonly line?: number | undefined;
  readonly kind: FrameKind;
  /** There when `file` is a source file: the object, null without one. */
  readonly object?: string | null;
  readonly inlined?: true;
}

/** @throws RangeError when a count is not a whole number of samples. */
export function encodeSpeedscope(profile: Profile): string {
  const frames: SpeedscopeFrame[] = [];
  const indexes = new Map<string, number>();
  const known = new Map<ProfileFrame, number>();
  const indexOf = (frame: ProfileFrame): number => {
    const same = known.get(frame);
    if (same !== undefined) return same;
    const key = frameKey(frame);
    const index = indexes.get(key) ?? frames.push(frameFields(frame)) - 1;
    indexes.set(key, index);
    known.set(frame, index);
    return index;
  };
  const stacks = mergedStacks(profile);
  const samples = stacks.map((stack) => stack.frames.map(indexOf));
  const { values, metadata } = profile;
  const title = titleOf(metadata);
  const types = valueTypesOf(profile);
  checkSize(samples, types.length);
  const profiles = types.map(({ type, unit }, index) => {
    const weights = stacks.map((stack) => stackValues(stack, values)[index] ?? 0);
    totalSamples(
      stacks.map(({ frames: each }, row) => ({ frames: each, count: weights[row] ?? 0 })),
    );
    return {
      type: 'sampled',
      name: types.length === 1 ? title : `${type.toWellFormed()}: ${title}`,
      unit: unitOf(unit),
      startValue: 0,
      endValue: weights.reduce((sum, weight) => sum + weight, 0),
      samples,
      weights,
    };
  });
  return `${JSON.stringify({
    $schema: SCHEMA,
    exporter: EXPORTER,
    name: title,
    activeProfileIndex: values?.shown ?? 0,
    shared: { frames },
    profiles,
    waggle: {
      ...metadataFields(metadata),
      values,
    },
  })}\n`;
}

/** The stacks are in the file again for each value. */
function checkSize(samples: readonly (readonly number[])[], values: number): void {
  const numbers = values * samples.reduce((sum, { length }) => sum + length + 2, 0);
  if (numbers > MAX_NUMBERS)
    throw new RangeError(
      `its stacks would be ${numbers} numbers in ${values} profiles of speedscope, of which ` +
        `${MAX_NUMBERS} can be written: choose one value, or give it as .html or .pb.gz`,
    );
}

/** speedscope has names for times down to the second, bytes, and anything else. */
function unitOf(unit: string): string {
  const known = Object.entries(TIME_UNITS).find(([, each]) => each === nanosecondsIn(unit));
  return known?.[0] ?? (unit === 'bytes' ? 'bytes' : 'none');
}

function frameFields({ name, kind, object, file, line, inlined }: ProfileFrame): SpeedscopeFrame {
  const path = object?.toWellFormed();
  return {
    name: writableName(name),
    ...(file === undefined
      ? path === undefined
        ? {}
        : { file: path }
      : { file: file.toWellFormed(), object: path ?? null }),
    line,
    kind,
    ...(inlined ? { inlined } : {}),
  };
}

function titleOf({ command, target, host, frequencyHz, lostSamples }: ProfileMetadata): string {
  const where = host === '' ? '' : ` on ${host}`;
  const rate = frequencyHz > 0 ? `, ${frequencyHz} Hz` : '';
  const lost = lostSamples > 0 ? `, ${lostSamples} samples lost` : '';
  return `${command ?? target ?? 'all processes'}${where}${rate}${lost}`.toWellFormed();
}

function metadataFields(metadata: ProfileMetadata): object {
  const { startTime, host, command, target } = metadata;
  return {
    ...metadata,
    host: host.toWellFormed(),
    ...(command === undefined ? {} : { command: command.toWellFormed() }),
    ...(target === undefined ? {} : { target: target.toWellFormed() }),
    startTime: Number.isNaN(startTime.getTime()) ? null : startTime.toISOString(),
  };
}
