/**
 * Writes an OTLP request for profiles. Values are samples, each of which stands for one period of CPU
 * time, or those that the profile has: a message for each, since one has one type. A process's own frame is the root of its stacks, and is an attribute of its samples too.
 */
import { codeKey, mergedStacks, writableName } from '../merged-stacks.ts';
import type { Profile, ProfileMetadata, ProfileStack, ProfileValues } from '../profile.ts';
import { SAMPLES, stackValues, valueTypesOf } from '../values.ts';
import {
  COMMAND_LINE,
  DEFAULT_VALUE,
  HOST,
  LABEL_ATTRIBUTES,
  LOST_SAMPLES,
  PROCESS,
} from './attributes.ts';
import { OtlpDictionary } from './dictionary.ts';
import type { Draft } from './message.ts';
import { encodeMessage } from './messages.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const SCOPE = 'waggle';
const CPU_TIME = { type: 'cpu', unit: 'nanoseconds' } as const;

export interface OtlpOptions {
  /** Attributes of the resource besides host and command, such as `service.name`. */
  readonly resource?: Readonly<Record<string, string>>;
}

/**
 * The bytes of an `ExportProfilesServiceRequest`, which are those of a `ProfilesData` too.
 *
 * @throws RangeError when a count is not a whole number of samples.
 */
export function encodeOtlp(profile: Profile, options: OtlpOptions = {}): Uint8Array {
  const dictionary = new OtlpDictionary(profile);
  const stacks = mergedStacks(profile, { signed: true, sameness: codeKey, labels: true });
  const profiles = valueTypesOf(profile).map((_, value) =>
    profileMessage(profile, stacks, value, dictionary),
  );
  return encodeMessage('ExportProfilesServiceRequest', {
    resourceProfiles: [
      {
        resource: { attributes: resourceAttributes(profile.metadata, options) },
        scopeProfiles: [{ scope: { name: SCOPE }, profiles }],
      },
    ],
    dictionary: dictionary.message(),
  });
}

/** @param value which of the profile's values the message has. */
function profileMessage(
  { metadata, values }: Profile,
  stacks: readonly ProfileStack[],
  value: number,
  dictionary: OtlpDictionary,
): Draft<'Profile'> {
  const { startTime, durationSeconds, frequencyHz, lostSamples } = metadata;
  const start = startTime.getTime();
  const { type, unit } = values?.types[value] ?? SAMPLES;
  const period = values?.period ?? {
    ...CPU_TIME,
    value: frequencyHz > 0 ? Number(wholeNanoseconds(1 / frequencyHz)) : 0,
  };
  const isShown = values !== undefined && values.types.length > 1 && values.shown === value;
  return {
    sampleType: dictionary.valueType(type.toWellFormed(), unit.toWellFormed()),
    periodType: dictionary.valueType(period.type.toWellFormed(), period.unit.toWellFormed()),
    period: BigInt(period.value),
    timeUnixNano: start > 0 ? BigInt(start) * NANOSECONDS_PER_MILLISECOND : 0n,
    durationNano: wholeNanoseconds(durationSeconds),
    samples: samplesOf(stacks, values, value, dictionary),
    attributeIndices: [
      dictionary.attribute(LOST_SAMPLES, lostSamples, '{sample}'),
      ...(isShown ? [dictionary.attribute(DEFAULT_VALUE, 1)] : []),
    ],
  };
}

/** Stacks that differ only in what cannot be written are one: a sample is known by its stack and attributes. */
function samplesOf(
  stacks: readonly ProfileStack[],
  values: ProfileValues | undefined,
  value: number,
  dictionary: OtlpDictionary,
): readonly Draft<'Sample'>[] {
  const samples = new Map<string, SampleDraft>();
  for (const stack of stacks) {
    const { frames } = stack;
    const count = stackValues(stack, values)[value] ?? 0;
    if (count === 0) continue;
    const stackIndex = dictionary.stack(frames);
    const attributeIndices = attributesOf(stack, dictionary);
    const key = `${stackIndex} ${attributeIndices.join(' ')}`;
    const known = samples.get(key);
    if (known === undefined) samples.set(key, { stackIndex, attributeIndices, count });
    else known.count += count;
  }
  return [...samples.values()].map(({ stackIndex, attributeIndices, count }) => ({
    stackIndex,
    attributeIndices,
    values: [BigInt(count)],
  }));
}

interface SampleDraft {
  readonly stackIndex: number;
  readonly attributeIndices: readonly number[];
  count: number;
}

/** Whose stack it is: by the label where there is one, or else by the process's own frame. */
function attributesOf(
  { frames: [root], labels = {} }: ProfileStack,
  dictionary: OtlpDictionary,
): readonly number[] {
  const attributes = new Map<string, string | number>();
  if (root?.kind === 'process') attributes.set(PROCESS, root.name);
  for (const [label, value] of Object.entries(labels))
    attributes.set(
      Object.hasOwn(LABEL_ATTRIBUTES, label) ? (LABEL_ATTRIBUTES[label] ?? label) : label,
      value,
    );
  return [...attributes].map(([name, value]) =>
    dictionary.attribute(
      name.toWellFormed(),
      typeof value === 'number'
        ? value
        : name === PROCESS
          ? writableName(value)
          : value.toWellFormed(),
    ),
  );
}

function resourceAttributes(
  { host, command }: ProfileMetadata,
  { resource = {} }: OtlpOptions,
): readonly Draft<'KeyValue'>[] {
  const attributes = {
    ...(host === '' ? {} : { [HOST]: host }),
    ...(command === undefined ? {} : { [COMMAND_LINE]: command }),
    ...resource,
  };
  return Object.entries(attributes).map(([key, value]) => ({
    key: key.toWellFormed(),
    value: { stringValue: value.toWellFormed() },
  }));
}

function wholeNanoseconds(seconds: number): bigint {
  const nanoseconds = Math.round(seconds * NANOSECONDS_PER_SECOND);
  return nanoseconds > 0 && Number.isSafeInteger(nanoseconds) ? BigInt(nanoseconds) : 0n;
}
