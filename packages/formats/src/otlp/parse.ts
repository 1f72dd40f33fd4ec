/**
 * Reads OTLP requests for profiles, gzipped or not, ours or others'. Where a request has profiles of
 * several types, those that count samples are taken, or else those of the first one's type.
 */
import type { Profile, ProfileMetadata, ProfileStack } from '../profile.ts';
import { zlib } from '../zlib.ts';
import { COMMAND, COMMAND_LINE, HOST, LOST_SAMPLES, PROCESS } from './attributes.ts';
import { DictionaryReader, OtlpSyntaxError } from './dictionary-reader.ts';
import { decodeMessage } from './messages.ts';
import type { Message } from './schema.ts';

export { OtlpSyntaxError } from './dictionary-reader.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** A profile unpacks to some ten times its size; a hostile one to a thousand times. */
const MOST_UNPACKED_BYTES = 1 << 30;

/** @throws OtlpSyntaxError when the bytes are no such request. */
export function parseOtlp(bytes: Uint8Array): Profile {
  const request = decode(bytes);
  const dictionary = new DictionaryReader(request.dictionary);
  const found = request.resourceProfiles.flatMap(({ resource, scopeProfiles }) => {
    const attributes = dictionary.keyValues(resource?.attributes ?? []);
    return scopeProfiles.flatMap(({ profiles }) =>
      profiles.map((profile) => ({ profile, attributes })),
    );
  });
  const typeOf = ({ profile }: (typeof found)[number]) =>
    dictionary.string(profile.sampleType?.typeStrindex);
  const counting = found.find((each) => typeOf(each) === 'samples') ?? found[0];
  const taken = counting ? found.filter((each) => typeOf(each) === typeOf(counting)) : [];
  const stacks = taken.flatMap(({ profile, attributes }) =>
    profile.samples.map((sample) => stackOf(sample, attributes, dictionary)),
  );
  return { stacks, metadata: metadataOf(taken, dictionary, stacks) };
}

type Attributes = ReadonlyMap<string, string | number>;

function decode(bytes: Uint8Array): Message<'ExportProfilesServiceRequest'> {
  try {
    const isPacked = bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
    const unpacked = isPacked
      ? zlib().gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED_BYTES })
      : bytes;
    return decodeMessage('ExportProfilesServiceRequest', unpacked);
  } catch (error) {
    throw new OtlpSyntaxError(`not an OTLP profile: ${(error as Error).message}`);
  }
}

function stackOf(
  sample: Message<'Sample'>,
  resource: Attributes,
  dictionary: DictionaryReader,
): ProfileStack {
  // Without values, each time stands for one.
  const sum = sample.values.reduce((total, value) => total + value, 0n);
  const count = sample.values.length > 0 ? Number(sum) : sample.timestampsUnixNano.length;
  if (!Number.isSafeInteger(count) || count < 0)
    throw new OtlpSyntaxError(`a sample has the value ${count}, which is no number of samples`);
  const frames = dictionary.stack(sample.stackIndex);
  const process =
    dictionary.attributes(sample.attributeIndices).get(PROCESS) ?? resource.get(PROCESS);
  if (typeof process !== 'string' || frames[0]?.kind === 'process') return { frames, count };
  return { frames: [{ name: process, kind: 'process' }, ...frames], count };
}

function metadataOf(
  taken: readonly { profile: Message<'Profile'>; attributes: Attributes }[],
  dictionary: DictionaryReader,
  stacks: readonly ProfileStack[],
): ProfileMetadata {
  const first = taken[0];
  const host = first?.attributes.get(HOST);
  const command = first?.attributes.get(COMMAND_LINE) ?? first?.attributes.get(COMMAND);
  const period = Number(first?.profile.period ?? 0);
  const periodUnit = dictionary.string(first?.profile.periodType?.unitStrindex);
  const nanoseconds = period > 0 && periodUnit === 'nanoseconds' ? period : 0;
  const lost = taken.map(({ profile }) =>
    Number(dictionary.attributes(profile.attributeIndices).get(LOST_SAMPLES) ?? 0),
  );
  return {
    host: typeof host === 'string' ? host : '',
    ...(typeof command === 'string' ? { command } : {}),
    frequencyHz: nanoseconds > 0 ? Math.round(NANOSECONDS_PER_SECOND / nanoseconds) : 0,
    startTime: new Date(Number((first?.profile.timeUnixNano ?? 0n) / NANOSECONDS_PER_MILLISECOND)),
    durationSeconds: Number(first?.profile.durationNano ?? 0n) / NANOSECONDS_PER_SECOND,
    samples: stacks.reduce((sum, { count }) => sum + count, 0),
    lostSamples: lost.reduce((sum, each) => sum + each, 0),
  };
}
