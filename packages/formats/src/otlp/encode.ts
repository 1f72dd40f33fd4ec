/**
 * Writes an OTLP request for profiles. Values are samples, each of which stands for one period of CPU time, or those that
 * the profile has. A message has one type of values, so each type gets its own. A process's own frame is the root of its
 * stacks, and an attribute of its samples too.
 */
import { WireWriter } from '@waggle/text/wire';
import { codeKey, mergedStacks, writableName } from '../merged-stacks.ts';
import type { Profile, ProfileMetadata, ProfileStack, ProfileValues } from '../profile.ts';
import { StackKeys } from '../stack-keys.ts';
import { SAMPLES, stackValues, valueTypesOf } from '../values.ts';
import {
  COMMAND_LINE,
  DEFAULT_VALUE,
  HOST,
  LABEL_ATTRIBUTES,
  LOST_SAMPLES,
  PROCESS,
  TARGET,
} from './attributes.ts';
import { OtlpDictionary } from './dictionary.ts';
import type { Draft } from './message.ts';
import { encodeMessage } from './messages.ts';
import { profileMessages } from './schema.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const SCOPE = 'waggle';
const { ExportProfilesServiceRequest: REQUEST, ResourceProfiles: RESOURCE_PROFILES } =
  profileMessages;
const { ScopeProfiles: SCOPE_PROFILES, Profile: PROFILE, Sample: SAMPLE } = profileMessages;
const CPU_TIME = { type: 'cpu', unit: 'nanoseconds' } as const;

export interface OtlpOptions {
  /** Attributes of the resource besides host and command, such as `service.name`. */
  readonly resource?: Readonly<Record<string, string>> | undefined;
}

/**
 * The bytes of an `ExportProfilesServiceRequest`, which are those of a `ProfilesData` too.
 *
 * @throws RangeError when a count is not a whole number of samples.
 */
export function encodeOtlp(profile: Profile, options: OtlpOptions = {}): Uint8Array {
  const keys = new StackKeys(profile.stacks, codeKey);
  const dictionary = new OtlpDictionary(profile, keys);
  const stacks = mergedStacks(profile, { signed: true, keys, labels: true });
  const resource = { attributes: resourceAttributes(profile.metadata, options) };
  const request = new WireWriter();
  request.message(REQUEST.resourceProfiles.id, () => {
    request.add(encodeMessage('ResourceProfiles', { resource }));
    request.message(RESOURCE_PROFILES.scopeProfiles.id, () => {
      request.add(encodeMessage('ScopeProfiles', { scope: { name: SCOPE } }));
      for (const value of valueTypesOf(profile).keys())
        request.message(SCOPE_PROFILES.profiles.id, () =>
          writeProfile(request, profile, stacks, value, dictionary),
        );
    });
  });
  const parts = dictionary.parts();
  request.message(REQUEST.dictionary.id, () => {
    for (const part of parts) request.add(part);
  });
  return request.take();
}

/** @param value which of the profile's values the message has. */
function writeProfile(
  into: WireWriter,
  { metadata, values }: Profile,
  stacks: readonly ProfileStack[],
  value: number,
  dictionary: OtlpDictionary,
): void {
  const { startTime, durationSeconds, frequencyHz, lostSamples } = metadata;
  const start = startTime.getTime();
  const { type, unit } = values?.types[value] ?? SAMPLES;
  const period = values?.period ?? {
    ...CPU_TIME,
    value: frequencyHz > 0 ? Number(wholeNanoseconds(1 / frequencyHz)) : 0,
  };
  const isShown = values !== undefined && values.types.length > 1 && values.shown === value;
  // The dictionary numbers things as they are asked for, and fields are written by their numbers.
  const sampleType = dictionary.valueType(type.toWellFormed(), unit.toWellFormed());
  const periodType = dictionary.valueType(period.type.toWellFormed(), period.unit.toWellFormed());
  into.add(encodeMessage('Profile', { sampleType }));
  writeSamples(into, stacks, values, value, dictionary);
  into.add(
    encodeMessage('Profile', {
      periodType,
      period: BigInt(period.value),
      timeUnixNano: start > 0 ? BigInt(start) * NANOSECONDS_PER_MILLISECOND : 0n,
      durationNano: wholeNanoseconds(durationSeconds),
      attributeIndices: [
        dictionary.attribute(LOST_SAMPLES, lostSamples, '{sample}'),
        ...(isShown ? [dictionary.attribute(DEFAULT_VALUE, 1)] : []),
      ],
    }),
  );
}

/** Stacks that differ only in what cannot be written are one: a sample is known by its stack and attributes. */
function writeSamples(
  into: WireWriter,
  stacks: readonly ProfileStack[],
  values: ProfileValues | undefined,
  value: number,
  dictionary: OtlpDictionary,
): void {
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
  for (const { stackIndex, attributeIndices, count } of samples.values())
    into.message(PROFILE.samples.id, () => {
      into.integerOrNone(SAMPLE.stackIndex.id, stackIndex);
      into.integers(SAMPLE.attributeIndices.id, attributeIndices);
      into.integers(SAMPLE.values.id, [count]);
    });
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
  { host, command, target }: ProfileMetadata,
  { resource = {} }: OtlpOptions,
): readonly Draft<'KeyValue'>[] {
  const attributes = {
    ...(host === '' ? {} : { [HOST]: host }),
    ...(command === undefined ? {} : { [COMMAND_LINE]: command }),
    ...(target === undefined ? {} : { [TARGET]: target }),
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
