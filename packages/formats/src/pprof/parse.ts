/**
 * Reads pprof, gzipped or not, of waggle or of others, with all values of its samples. The value that
 * is shown is the file's default: the one that it names, or else the last, as for `go tool pprof`.
 */
import { unpacked } from '../file-bytes.ts';
import { MemoryBudget, ProfileTooLargeError } from '../memory-budget.ts';
import type {
  Profile,
  ProfileFrame,
  ProfileMetadata,
  ProfileStack,
  ProfileValues,
  ValueType,
} from '../profile.ts';
import { nanosecondsIn, SAMPLES, sampleCount } from '../values.ts';
import type { Integer } from '../wire.ts';
import { COMMENTS, PROCESS_LABEL, periodOf } from './encode.ts';
import { frameReader } from './frames.ts';
import { decodePprof, type PprofLabel, type PprofMessage, type PprofSample } from './messages.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1e6;

export class PprofSyntaxError extends Error {
  override readonly name = 'PprofSyntaxError';
  readonly code = 'PPROF_SYNTAX';
}

type Text = (index: Integer) => string;

/**
 * @throws PprofSyntaxError when the bytes are no pprof profile, or hold a value beyond 2^53.
 * @throws ProfileTooLargeError when more comes out of them than the budget has.
 */
export function parsePprof(
  bytes: Uint8Array,
  budget: MemoryBudget = new MemoryBudget(bytes.length),
): Profile {
  const message = decode(bytes, budget);
  const text: Text = (index) => message.stringTable[Number(index)] ?? '';
  const framesAt = frameReader(message, text, budget);
  const values = valuesOf(message, text);
  const processes = new Map<ProfileFrame, ProfileFrame>();
  const processOf = (root: ProfileFrame): ProfileFrame => {
    const known = processes.get(root);
    if (known !== undefined) return known;
    const process: ProfileFrame = { ...root, kind: 'process' };
    processes.set(root, process);
    return process;
  };
  const stacks: ProfileStack[] = [];
  for (let index = 0; index < message.sampleCount; index++) {
    const sample = sampleAt(message, index);
    budget.numbers(values.types.length, 'the values of its samples');
    const all = wholeValues(sample, values.types);
    const places = sample.locationId.map(framesAt).reverse();
    budget.stack(places.reduce((sum, place) => sum + place.length, 0));
    const frames = places.flat();
    const [root] = frames;
    const process = sample.label.find(({ key }) => text(key) === PROCESS_LABEL);
    const isProcess = process !== undefined && root?.name === text(process.str);
    if (root !== undefined && isProcess) frames[0] = processOf(root);
    const labels = labelsOf(
      sample.label.filter((label) => !isProcess || label !== process),
      text,
      budget,
    );
    stacks.push({ frames, count: all[values.shown] ?? 0, values: all, ...labels });
  }
  return withMetadata(asRecorded({ stacks, values }, message, text), message, text);
}

/** The first of each name: a profile of others may have several. Numbers beyond 2^53 are left out. */
function labelsOf(
  found: readonly PprofLabel[],
  text: Text,
  budget: MemoryBudget,
): Pick<ProfileStack, 'labels'> {
  if (found.length === 0) return {};
  budget.rows(1 + found.length, 'the labels of its samples');
  const labels = new Map<string, string | number>();
  for (const { key, str, num } of found) {
    const name = text(key);
    const value = Number(str) === 0 ? Number(num) : text(str);
    const isKept = name !== '' && !labels.has(name);
    if (isKept && (typeof value === 'string' || Number.isSafeInteger(value)))
      labels.set(name, value);
  }
  return labels.size === 0 ? {} : { labels: Object.fromEntries(labels) };
}

function sampleAt(message: PprofMessage, index: number): PprofSample {
  return orSyntaxError(() => message.sampleAt(index));
}

function decode(bytes: Uint8Array, budget: MemoryBudget): PprofMessage {
  const message = orSyntaxError(() => decodePprof(unpacked(bytes, budget), budget));
  // The format asks for it, and other messages hardly have it.
  if (message.stringTable[0] !== '')
    throw new PprofSyntaxError('not a pprof profile: its table of strings does not begin with ""');
  return message;
}

function orSyntaxError<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProfileTooLargeError) throw error;
    throw new PprofSyntaxError(`not a pprof profile: ${(error as Error).message}`);
  }
}

function valuesOf(message: PprofMessage, text: Text): ProfileValues {
  const named = message.sampleType.map(
    ({ type, unit }): ValueType => ({ type: text(type), unit: text(unit) }),
  );
  const types = named.length > 0 ? named : [SAMPLES];
  const wanted = text(message.defaultSampleType);
  const found = wanted === '' ? -1 : types.findIndex(({ type }) => type === wanted);
  const { periodType, period } = message;
  return {
    types,
    shown: found < 0 ? types.length - 1 : found,
    ...(periodType === null || Number(period) === 0
      ? {}
      : {
          period: {
            type: text(periodType.type),
            unit: text(periodType.unit),
            value: whole(period, 'a period'),
          },
        }),
  };
}

function wholeValues({ value }: PprofSample, types: readonly ValueType[]): number[] {
  if (value.length > types.length)
    throw new PprofSyntaxError(`a sample has ${value.length} values, of ${types.length} types`);
  return types.map((_, index) => whole(value[index] ?? 0, 'a sample'));
}

function whole(value: Integer, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new PprofSyntaxError(`${what} has the value ${value}, which is beyond 2^53`);
  return number;
}

/**
 * Samples alone are what a profile has without `values`. So are samples and the CPU time that our own
 * files give with them, which is no second measurement.
 */
function asRecorded(
  { stacks, values }: Pick<Profile, 'stacks'> & { readonly values: ProfileValues },
  message: PprofMessage,
  text: Text,
): Pick<Profile, 'stacks' | 'values'> {
  const [first, second] = values.types;
  const isSamples = first?.type === SAMPLES.type && first.unit === SAMPLES.unit;
  const isOurs = message.comment.some((index) => text(index).startsWith(COMMENTS.lost));
  const period = Number(message.period);
  const isDerived =
    isOurs &&
    second?.unit === 'nanoseconds' &&
    values.types.length === 2 &&
    stacks.every(({ values: [count = 0, time = 0] = [] }) => count * period === time);
  if (!isSamples || !(values.types.length === 1 || isDerived)) return { stacks, values };
  return {
    stacks: stacks.map(({ values: [count = 0] = [], ...stack }) => ({ ...stack, count })),
  };
}

function withMetadata(
  profile: Pick<Profile, 'stacks' | 'values'>,
  message: PprofMessage,
  text: Text,
): Profile {
  const comments = message.comment.map(text);
  const comment = (prefix: string): string | undefined =>
    comments.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const command = comment(COMMENTS.command);
  const target = comment(COMMENTS.target);
  const metadata: ProfileMetadata = {
    host: comment(COMMENTS.host) ?? '',
    command,
    target,
    frequencyHz: frequencyOf(message, text),
    startTime: new Date(
      Number(message.timeNanos) === 0
        ? Number.NaN
        : Number(message.timeNanos) / NANOSECONDS_PER_MILLISECOND,
    ),
    durationSeconds: Number(message.durationNanos) / NANOSECONDS_PER_SECOND,
    samples: sampleCount(profile) ?? 0,
    lostSamples: Number(comment(COMMENTS.lost) ?? 0) || 0,
    ...mainObjectOf(message, text),
  };
  return { ...profile, metadata };
}

/** The first mapping is the main program's, by the format's definition. */
function mainObjectOf(
  { mapping: [first] }: PprofMessage,
  text: Text,
): Pick<ProfileMetadata, 'mainObject'> {
  const mainObject = first === undefined ? '' : text(first.filename);
  return mainObject === '' || mainObject.startsWith('[') ? {} : { mainObject };
}

/** A period of something else than time, as bytes in a heap profile, is no frequency. */
function frequencyOf({ periodType, period }: PprofMessage, text: Text): number {
  const nanoseconds = nanosecondsIn(periodType === null ? 'nanoseconds' : text(periodType.unit));
  if (nanoseconds === undefined || Number(period) <= 0) return 0;
  const exact = NANOSECONDS_PER_SECOND / (Number(period) * nanoseconds);
  // Periods are whole nanoseconds: 99 Hz are 10,101,010 of them.
  const rounded = Math.round(exact);
  return rounded > 0 && periodOf({ frequencyHz: rounded }) === Number(period) * nanoseconds
    ? rounded
    : exact;
}
