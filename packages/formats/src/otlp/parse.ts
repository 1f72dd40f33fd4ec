/**
 * Reads OTLP requests for profiles, gzipped or not, ours or others'. Profiles of one type are added
 * up; those of several types are several values of their stacks. Shown is the one that says that it
 * is the default, or else the one that counts samples, or else the first.
 */
import { unpacked } from '../file-bytes.ts';
import { MemoryBudget, ProfileTooLargeError } from '../memory-budget.ts';
import type { Profile, ProfileMetadata, ProfileStack, ProfileValues } from '../profile.ts';
import { nanosecondsIn, SAMPLES, sampleCount } from '../values.ts';
import {
  COMMAND,
  COMMAND_LINE,
  DEFAULT_VALUE,
  HOST,
  LABEL_ATTRIBUTES,
  LOST_SAMPLES,
  PROCESS,
  TARGET,
} from './attributes.ts';
import { DictionaryReader, OtlpSyntaxError } from './dictionary-reader.ts';
import type { Message } from './message.ts';
import { spendOnMessage } from './message-size.ts';
import { decodeJsonMessage, decodeMessage } from './messages.ts';

export { OtlpSyntaxError } from './dictionary-reader.ts';

const NANOSECONDS_PER_SECOND = 1e9;
const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** @throws OtlpSyntaxError when the bytes are no such request. */
export function parseOtlp(
  bytes: Uint8Array,
  budget: MemoryBudget = new MemoryBudget(bytes.length),
): Profile {
  return profileOf(decode(bytes, budget), budget);
}

/** The same of a request in JSON, as the collector's file exporter writes it. */
export function parseOtlpJson(
  request: Readonly<Record<string, unknown>>,
  budget: MemoryBudget,
): Profile {
  let message: Message<'ExportProfilesServiceRequest'>;
  try {
    message = decodeJsonMessage('ExportProfilesServiceRequest', request);
  } catch (error) {
    throw new OtlpSyntaxError(`not an OTLP profile: ${(error as Error).message}`);
  }
  return profileOf(message, budget);
}

type Attributes = ReadonlyMap<string, string | number>;

interface FoundProfile {
  readonly profile: Message<'Profile'>;
  /** Of the resource that it is of. */
  readonly attributes: Attributes;
}

function decode(bytes: Uint8Array, budget: MemoryBudget): Message<'ExportProfilesServiceRequest'> {
  try {
    const content = unpacked(bytes, budget);
    spendOnMessage('ExportProfilesServiceRequest', content, budget);
    return decodeMessage('ExportProfilesServiceRequest', content);
  } catch (error) {
    if (error instanceof ProfileTooLargeError) throw error;
    throw new OtlpSyntaxError(`not an OTLP profile: ${(error as Error).message}`);
  }
}

function profileOf(
  request: Message<'ExportProfilesServiceRequest'>,
  budget: MemoryBudget,
): Profile {
  const dictionary = new DictionaryReader(request.dictionary, budget);
  const found = request.resourceProfiles.flatMap(({ resource, scopeProfiles }) => {
    const attributes = dictionary.keyValues(resource?.attributes ?? []);
    return scopeProfiles.flatMap(({ profiles }) =>
      profiles.map((profile): FoundProfile => ({ profile, attributes })),
    );
  });
  const types = typesOf(found, dictionary);
  const counted = types.findIndex(({ type }) => type === SAMPLES.type);
  const wanted = types.findIndex(({ profiles }) =>
    profiles.some(({ profile }) =>
      dictionary.attributes(profile.attributeIndices).has(DEFAULT_VALUE),
    ),
  );
  const shown = Math.max(wanted < 0 ? counted : wanted, 0);
  const taken = types[shown]?.profiles ?? [];
  const period = periodOf(taken[0]?.profile, dictionary);
  const [only] = types;
  const isPlain =
    types.length <= 1 && (only === undefined || (counted === 0 && /^(?:count)?$/.test(only.unit)));
  const values: ProfileValues | undefined = isPlain
    ? undefined
    : {
        types: types.map(({ type, unit }) => ({ type, unit })),
        shown,
        period,
      };
  const stacks = stacksOf(types, values, dictionary, budget);
  const profile = { stacks, values };
  return { ...profile, metadata: metadataOf(taken, dictionary, sampleCount(profile) ?? 0) };
}

interface TypedProfiles {
  readonly type: string;
  readonly unit: string;
  readonly profiles: FoundProfile[];
}

/** In the order of the request. */
function typesOf(found: readonly FoundProfile[], dictionary: DictionaryReader): TypedProfiles[] {
  const types = new Map<string, TypedProfiles>();
  for (const each of found) {
    const { typeStrindex, unitStrindex } = each.profile.sampleType ?? {};
    const [type, unit] = [dictionary.string(typeStrindex), dictionary.string(unitStrindex)];
    const key = JSON.stringify([type, unit]);
    const known = types.get(key);
    if (known === undefined) types.set(key, { type, unit, profiles: [each] });
    else known.profiles.push(each);
  }
  return [...types.values()];
}

/** Samples of one stack and process are one where they have several values. */
function stacksOf(
  types: readonly TypedProfiles[],
  values: ProfileValues | undefined,
  dictionary: DictionaryReader,
  budget: MemoryBudget,
): readonly ProfileStack[] {
  const rows: { stack: Omit<ProfileStack, 'count' | 'values'>; values: number[] }[] = [];
  const rowOfKey = new Map<string, number>();
  types.forEach(({ profiles }, type) => {
    for (const { profile, attributes } of profiles)
      for (const sample of profile.samples) {
        const own = dictionary.attributes(sample.attributeIndices);
        const process = processOf(own, attributes);
        const key =
          types.length === 1 ? undefined : JSON.stringify([sample.stackIndex, process, ...own]);
        let row = key === undefined ? undefined : rowOfKey.get(key);
        if (row === undefined) {
          const frames = framesOf(sample, process, dictionary);
          budget.numbers(types.length + 8, 'the values of its samples');
          if (own.size > 0) budget.rows(1 + own.size, 'the labels of its samples');
          const stack = { frames, ...labelsOf(own, frames) };
          row = rows.push({ stack, values: types.map(() => 0) }) - 1;
          if (key !== undefined) rowOfKey.set(key, row);
        }
        const all = rows[row]?.values ?? [];
        all[type] = (all[type] ?? 0) + sampleValue(sample);
      }
  });
  return rows.map(({ stack, values: all }) => {
    const count = all[values?.shown ?? 0] ?? 0;
    return values === undefined ? { ...stack, count } : { ...stack, count, values: all };
  });
}

/** Without values, each time stands for one. */
function sampleValue({ values, timestampsUnixNano }: Message<'Sample'>): number {
  const sum = values.reduce((total, value) => total + value, 0n);
  const value = values.length > 0 ? Number(sum) : timestampsUnixNano.length;
  if (!Number.isSafeInteger(value))
    throw new OtlpSyntaxError(`a sample has the value ${sum}, which is beyond 2^53`);
  return value;
}

function processOf(sample: Attributes, resource: Attributes): string | undefined {
  const process = sample.get(PROCESS) ?? resource.get(PROCESS);
  return typeof process === 'string' ? process : undefined;
}

const LABELS: ReadonlyMap<string, string> = new Map(
  Object.entries(LABEL_ATTRIBUTES).map(([label, attribute]) => [attribute, label]),
);

/** What a sample says of itself, but for the name of the process that its stack stands on anyway. */
function labelsOf(
  attributes: Attributes,
  [root]: ProfileStack['frames'],
): Pick<ProfileStack, 'labels'> {
  const labels = [...attributes].flatMap(([name, value]): [string, string | number][] => {
    const isKnown = name === PROCESS && root?.name === value && attributes.size === 1;
    const isWhole = typeof value === 'string' || Number.isSafeInteger(value);
    return name === '' || isKnown || !isWhole ? [] : [[LABELS.get(name) ?? name, value]];
  });
  return labels.length === 0 ? {} : { labels: Object.fromEntries(labels) };
}

function framesOf(
  sample: Message<'Sample'>,
  process: string | undefined,
  dictionary: DictionaryReader,
): ProfileStack['frames'] {
  const frames = dictionary.stack(sample.stackIndex);
  if (process === undefined || frames[0]?.kind === 'process') return frames;
  return [{ name: process, kind: 'process' }, ...frames];
}

function periodOf(
  profile: Message<'Profile'> | undefined,
  dictionary: DictionaryReader,
): ProfileValues['period'] {
  const value = Number(profile?.period ?? 0n);
  if (!(value > 0)) return undefined;
  return {
    type: dictionary.string(profile?.periodType?.typeStrindex),
    unit: dictionary.string(profile?.periodType?.unitStrindex),
    value,
  };
}

function metadataOf(
  taken: readonly FoundProfile[],
  dictionary: DictionaryReader,
  samples: number,
): ProfileMetadata {
  const first = taken[0];
  const host = first?.attributes.get(HOST);
  const command = first?.attributes.get(COMMAND_LINE) ?? first?.attributes.get(COMMAND);
  const target = first?.attributes.get(TARGET);
  const period = periodOf(first?.profile, dictionary);
  const nanoseconds = period === undefined ? 0 : period.value * (nanosecondsIn(period.unit) ?? 0);
  const lost = taken.map(({ profile }) =>
    Number(dictionary.attributes(profile.attributeIndices).get(LOST_SAMPLES) ?? 0),
  );
  return {
    host: typeof host === 'string' ? host : '',
    ...(typeof command === 'string' ? { command } : {}),
    ...(typeof target === 'string' ? { target } : {}),
    frequencyHz: nanoseconds > 0 ? Math.round(NANOSECONDS_PER_SECOND / nanoseconds) : 0,
    startTime: startOf(first?.profile.timeUnixNano),
    durationSeconds: Number(first?.profile.durationNano ?? 0n) / NANOSECONDS_PER_SECOND,
    samples,
    lostSamples: lost.reduce((sum, each) => sum + each, 0),
  };
}

/** 0 is what a file has that does not say it. */
function startOf(nanoseconds = 0n): Date {
  return new Date(
    nanoseconds === 0n ? Number.NaN : Number(nanoseconds / NANOSECONDS_PER_MILLISECOND),
  );
}
