/**
 * Reads processed profiles of the Firefox Profiler: ours, those of samply and others, and what
 * profiler.firefox.com saves. Samples of one stack are added up. Weights that are times become whole
 * microseconds. Recordings as Firefox itself writes them are another format, which it converts.
 */
import { type JsonObject, jsonShape } from '../json-shape.ts';
import type { Profile, ProfileMetadata, ProfileStack } from '../profile.ts';
import { DETAILS, PRODUCT } from './file.ts';
import { stackReader } from './parse-stacks.ts';

export class FirefoxSyntaxError extends Error {
  override readonly name = 'FirefoxSyntaxError';
  readonly code = 'FIREFOX_SYNTAX';
}

const json = jsonShape('Firefox profile', FirefoxSyntaxError);

const MILLISECONDS_PER_SECOND = 1000;

/** By type of weight, what makes it whole: samples, bytes, or microseconds. */
const SCALE: Readonly<Record<string, number>> = { samples: 1, bytes: 1, 'tracing-ms': 1000 };

/** @throws FirefoxSyntaxError when the bytes are no processed profile, or one that is inconsistent. */
export function parseFirefox(bytes: Uint8Array): Profile {
  const root = json.file(bytes);
  const meta = json.object(root.meta, 'meta');
  if (typeof meta.preprocessedProfileVersion !== 'number')
    throw new FirefoxSyntaxError(
      'not a processed profile: open and save it in profiler.firefox.com',
    );
  const stacks = json
    .array(root.threads, 'threads')
    .flatMap((thread, index) =>
      stacksOf(json.object(thread, `threads[${index}]`), root, meta.product === PRODUCT),
    );
  return { stacks, metadata: metadataOf(meta, stacks) };
}

function stacksOf(thread: JsonObject, root: JsonObject, isOurs: boolean): ProfileStack[] {
  const samples = json.object(thread.samples, 'samples');
  const scale = SCALE[String(samples.weightType ?? 'samples')];
  if (scale === undefined)
    throw new FirefoxSyntaxError(`weights of type ${samples.weightType} are not known`);
  const weights = samples.weight == null ? undefined : json.array(samples.weight, 'samples.weight');
  const counts = new Map<unknown, number>();
  json.array(samples.stack, 'samples.stack').forEach((stack, index) => {
    const count = Math.round(Number(weights?.[index] ?? 1) * scale);
    if (!Number.isSafeInteger(count) || count < 0)
      throw new FirefoxSyntaxError(`sample ${index} has the weight ${weights?.[index]}`);
    counts.set(stack, (counts.get(stack) ?? 0) + count);
  });
  const framesOf = stackReader(thread, root, json, FirefoxSyntaxError);
  // Ours have the process at their root; in other files only the thread knows it.
  const process = isOurs ? undefined : (thread.processName ?? thread.name);
  const outermost =
    typeof process === 'string' ? [{ name: process, kind: 'process' as const }] : [];
  return [...counts].map(([stack, count]) => ({
    frames: [...outermost, ...framesOf(stack)],
    count,
  }));
}

function metadataOf(meta: JsonObject, stacks: readonly ProfileStack[]): ProfileMetadata {
  const number = (value: unknown) => (typeof value === 'number' ? value : 0);
  const interval = number(meta.interval);
  const ours = meta.product === PRODUCT ? detailsOf(meta) : undefined;
  const host = ours?.get(DETAILS.host);
  const measured = number(meta.profilingEndTime) - number(meta.profilingStartTime);
  return {
    host: typeof host === 'string' ? host : '',
    ...(typeof meta.arguments === 'string' ? { command: meta.arguments } : {}),
    frequencyHz: ours
      ? number(ours.get(DETAILS.frequency))
      : interval > 0
        ? MILLISECONDS_PER_SECOND / interval
        : 0,
    startTime: new Date(number(meta.startTime)),
    durationSeconds:
      (ours ? number(ours.get(DETAILS.duration)) : measured) / MILLISECONDS_PER_SECOND,
    samples: stacks.reduce((sum, { count }) => sum + count, 0),
    lostSamples: number(ours?.get(DETAILS.lost)),
  };
}

function detailsOf(meta: JsonObject): Map<unknown, unknown> {
  const sections = json.array(meta.extra ?? [], 'meta.extra');
  return new Map(
    sections
      .flatMap((section) => json.array(json.object(section, 'a section').entries, 'entries'))
      .map((value) => json.object(value, 'an entry'))
      .map(({ label, value }) => [label, value]),
  );
}
