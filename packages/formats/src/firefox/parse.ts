/**
 * Reads processed profiles of the Firefox Profiler: ours, those of samply and others, and what
 * profiler.firefox.com saves. Samples of one stack are added up. Times become whole
 * nanoseconds. Recordings as Firefox itself writes them are another format, which it converts.
 */

import type { ParsedProfile } from '../format.ts';
import { type JsonObject, jsonShape } from '../json-shape.ts';
import { MemoryBudget } from '../memory-budget.ts';
import type { ProfileMetadata, ProfileStack, ValueType } from '../profile.ts';
import { nanosecondsIn, sampleCount } from '../values.ts';
import { DETAILS, PRODUCT } from './file.ts';
import { stackReader } from './parse-stacks.ts';

export class FirefoxSyntaxError extends Error {
  override readonly name = 'FirefoxSyntaxError';
  readonly code = 'FIREFOX_SYNTAX';
}

const json = jsonShape('Firefox profile', FirefoxSyntaxError);

const MILLISECONDS_PER_SECOND = 1000;

/** By type of weight, what is counted, and what makes it whole. Samples are no value of their own. */
const WEIGHTS: Readonly<Record<string, { scale: number; type?: ValueType }>> = {
  samples: { scale: 1 },
  bytes: { scale: 1, type: { type: 'space', unit: 'bytes' } },
  'tracing-ms': { scale: 1e6, type: { type: 'time', unit: 'nanoseconds' } },
};

/** @throws FirefoxSyntaxError when the bytes are no processed profile, or one that is inconsistent. */
export function parseFirefox(
  bytes: Uint8Array,
  budget: MemoryBudget = new MemoryBudget(bytes.length),
): ParsedProfile {
  return firefoxProfile(json.file(bytes, budget), budget);
}

/** The same, of a file that was taken for JSON already. */
export function firefoxProfile(root: JsonObject, budget: MemoryBudget): ParsedProfile {
  const meta = json.object(root.meta, 'meta');
  if (typeof meta.preprocessedProfileVersion !== 'number')
    throw new FirefoxSyntaxError(
      'not a processed profile: open and save it in profiler.firefox.com',
    );
  const threads = json
    .array(root.threads, 'threads')
    .map((thread, index) => json.object(thread, `threads[${index}]`));
  const weightTypes = threads.map(weightTypeOf);
  // Threads add up as far as they have one unit: tracks of memory stand beside those of samples.
  const wanted = weightTypes.includes('samples') ? 'samples' : (weightTypes[0] ?? 'samples');
  const taken = threads.filter((_, index) => weightTypes[index] === wanted);
  const isOurs = meta.product === PRODUCT;
  const value = weightOf(wanted, isOurs ? detailsOf(meta) : undefined);
  const stacks = taken.flatMap((thread) => stacksOf(thread, root, isOurs, value.scale, budget));
  const read = {
    stacks,
    ...(value.type === undefined ? {} : { values: { types: [value.type], shown: 0 } }),
  };
  const left = threads.length - taken.length;
  return {
    ...read,
    metadata: metadataOf(meta, sampleCount(read)),
    ...(left === 0
      ? {}
      : {
          warnings: [
            `${left} of ${threads.length} threads do not count ${wanted} and were left out`,
          ],
        }),
  };
}

function weightTypeOf(thread: JsonObject): string {
  const type = String(json.object(thread.samples, 'samples').weightType ?? 'samples');
  if (WEIGHTS[type] === undefined)
    throw new FirefoxSyntaxError(`weights of type ${type} are not known`);
  return type;
}

/** What weights are, and what one of them makes: our own files say more than the viewer has names for. */
function weightOf(weightType: string, details: ReadonlyMap<unknown, unknown> | undefined) {
  const known = WEIGHTS[weightType] ?? { scale: 1 };
  const named = /^(.*) \(([^()]*)\)$/s.exec(String(details?.get(DETAILS.value) ?? ''));
  const [, type, unit] = named ?? [];
  if (type === undefined || unit === undefined) return known;
  const nanoseconds = nanosecondsIn(unit);
  const scale = nanoseconds === undefined ? known.scale : known.scale / nanoseconds;
  return { scale, type: { type, unit } };
}

function stacksOf(
  thread: JsonObject,
  root: JsonObject,
  isOurs: boolean,
  scale: number,
  budget: MemoryBudget,
): ProfileStack[] {
  const samples = json.object(thread.samples, 'samples');
  const weights = samples.weight == null ? undefined : json.array(samples.weight, 'samples.weight');
  const counts = new Map<unknown, number>();
  json.array(samples.stack, 'samples.stack').forEach((stack, index) => {
    const weight = Number(weights?.[index] ?? 1);
    if (!Number.isFinite(weight) || weight < 0)
      throw new FirefoxSyntaxError(`sample ${index} has the weight ${weights?.[index]}`);
    counts.set(stack, (counts.get(stack) ?? 0) + weight);
  });
  const framesOf = stackReader(thread, root, json, FirefoxSyntaxError, budget);
  // Ours have the process at their root; in other files only the thread knows it.
  const process = isOurs ? undefined : (thread.processName ?? thread.name);
  const outermost =
    typeof process === 'string' ? [{ name: process, kind: 'process' as const }] : [];
  return [...counts].map(([stack, count]) => ({
    frames: framesOf(stack, outermost),
    count: wholeWeight(count * scale),
  }));
}

/** Samples of one stack are added up before they are rounded. */
function wholeWeight(weight: number): number {
  const whole = Math.round(weight);
  if (!Number.isSafeInteger(whole))
    throw new FirefoxSyntaxError(`the weight of a stack, ${weight}, is beyond 2^53`);
  return whole;
}

function metadataOf(meta: JsonObject, samples = 0): ProfileMetadata {
  const number = (value: unknown) => (typeof value === 'number' ? value : 0);
  const interval = number(meta.interval);
  const ours = meta.product === PRODUCT ? detailsOf(meta) : undefined;
  const host = ours?.get(DETAILS.host);
  const target = ours?.get(DETAILS.target);
  const measured = number(meta.profilingEndTime) - number(meta.profilingStartTime);
  return {
    host: typeof host === 'string' ? host : '',
    ...(typeof meta.arguments === 'string' ? { command: meta.arguments } : {}),
    ...(typeof target === 'string' ? { target } : {}),
    frequencyHz: ours
      ? number(ours.get(DETAILS.frequency))
      : interval > 0
        ? MILLISECONDS_PER_SECOND / interval
        : 0,
    startTime: new Date(number(meta.startTime)),
    durationSeconds:
      (ours ? number(ours.get(DETAILS.duration)) : measured) / MILLISECONDS_PER_SECOND,
    samples,
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
