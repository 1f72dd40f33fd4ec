/**
 * Writes an OTLP request for profiles. Values are samples, each of which stands for one period of CPU
 * time. A process's own frame is the root of its stacks, and is an attribute of its samples too.
 */
import { mergedStacks, writableName } from '../merged-stacks.ts';
import type { Profile, ProfileMetadata } from '../profile.ts';
import { COMMAND_LINE, HOST, LOST_SAMPLES, PROCESS } from './attributes.ts';
import { OtlpDictionary } from './dictionary.ts';
import { encodeMessage } from './messages.ts';
import type { Draft } from './schema.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const SCOPE = 'waggle';

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
  const dictionary = new OtlpDictionary();
  const profiles = [profileMessage(profile, dictionary)];
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

function profileMessage(profile: Profile, dictionary: OtlpDictionary): Draft<'Profile'> {
  const { startTime, durationSeconds, frequencyHz, lostSamples } = profile.metadata;
  const start = startTime.getTime();
  return {
    sampleType: dictionary.valueType('samples', 'count'),
    periodType: dictionary.valueType('cpu', 'nanoseconds'),
    period: frequencyHz > 0 ? wholeNanoseconds(1 / frequencyHz) : 0n,
    timeUnixNano: start > 0 ? BigInt(start) * NANOSECONDS_PER_MILLISECOND : 0n,
    durationNano: wholeNanoseconds(durationSeconds),
    samples: samplesOf(profile, dictionary),
    attributeIndices: [dictionary.attribute(LOST_SAMPLES, lostSamples, '{sample}')],
  };
}

/** Stacks that differ only in what cannot be written are one: a sample is known by its stack. */
function samplesOf(profile: Profile, dictionary: OtlpDictionary): readonly Draft<'Sample'>[] {
  const samples = new Map<number, { attributeIndices: readonly number[]; count: number }>();
  for (const { frames, count } of mergedStacks(profile)) {
    const stackIndex = dictionary.stack(frames);
    const known = samples.get(stackIndex);
    if (known !== undefined) {
      known.count += count;
      continue;
    }
    const root = frames[0];
    const attributeIndices =
      root?.kind === 'process' ? [dictionary.attribute(PROCESS, writableName(root.name))] : [];
    samples.set(stackIndex, { attributeIndices, count });
  }
  return [...samples].map(([stackIndex, { attributeIndices, count }]) => ({
    stackIndex,
    attributeIndices,
    values: [BigInt(count)],
  }));
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
