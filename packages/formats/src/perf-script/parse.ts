/**
 * Reads the text that `perf script` prints, as FlameGraph's stackcollapse-perf.pl does: a header for
 * each sample and its frames, leaf first, until an empty line. Each sample counts as one; the periods
 * of its event are a second value where they differ. Several events are a value each.
 */
import type { ParsedProfile } from '../format.ts';
import type { Profile, ProfileFrame, ProfileStack, ProfileValues } from '../profile.ts';
import { nanosecondsIn, SAMPLES } from '../values.ts';
import { framesOf } from './frames.ts';
import {
  bareHeaderOf,
  type FrameLine,
  frameOf,
  headerOf,
  isIndentedFrame,
  isNoFrame,
  isPlainFrame,
  type PlacedFrame,
  type SampleHeader,
  sourceLineOf,
} from './line.ts';

const NANOSECONDS_PER_SECOND = 1e9;
/** Lines by which the text is known. */
const LOOKED_AT = 60;

export class PerfScriptSyntaxError extends Error {
  override readonly name = 'PerfScriptSyntaxError';
  readonly code = 'PERF_SCRIPT_SYNTAX';
}

interface Sample {
  readonly header: SampleHeader | undefined;
  /** Leaf first. */
  readonly frames: PlacedFrame[];
}

export function isPerfScript(text: string): boolean {
  const head = text
    .slice(0, 1 << 16)
    .replaceAll('\r', '')
    .trimEnd()
    .split('\n');
  const lines = head.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const looked = lines.slice(0, LOOKED_AT);
  if (looked.some(isPlainFrame)) return true;
  const isHeader = looked.some((line) => {
    const header = headerOf(line);
    if (header === undefined) return false;
    return header.rest === '' ? header.time !== undefined : isPlainFrame(header.rest);
  });
  if (isHeader) return true;
  // Columns of numbers are indented too, but have neither headers nor empty lines.
  const indented = looked.filter(isIndentedFrame).length;
  const isApart = head.slice(0, LOOKED_AT).includes('') || !isIndentedFrame(looked[0] ?? '');
  return indented > 0 && isApart && indented >= looked.length / 2;
}

/** @throws PerfScriptSyntaxError when there is no sample in the text. */
export function parsePerfScript(text: string): ParsedProfile {
  const { samples, bad, firstBad, comments } = samplesOf(text);
  if (samples.length === 0)
    throw new PerfScriptSyntaxError('there is no sample in this output of perf script');
  const { values, valuesOf } = measured(samples);
  const stacks = mergedBySample(samples, valuesOf, values);
  return {
    stacks,
    metadata: metadataOf(samples, comments, values),
    ...(values === undefined ? {} : { values }),
    ...warningsOf(bad, firstBad),
  };
}

function warningsOf(bad: number, firstBad: number): Pick<ParsedProfile, 'warnings'> {
  if (bad === 0) return {};
  const lines = bad === 1 ? '1 line is' : `${bad} lines are`;
  return {
    warnings: [
      `${lines} nothing that perf script prints and left out; the first is line ${firstBad}`,
    ],
  };
}

function samplesOf(text: string) {
  const samples: Sample[] = [];
  const comments: string[] = [];
  let bad = 0;
  let firstBad = 0;
  let sample: Sample | undefined;
  const begin = (header: SampleHeader | undefined): Sample => {
    const begun = { header, frames: [] };
    samples.push(begun);
    return begun;
  };
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/\r$/, '');
    if (line.startsWith('#')) comments.push(line);
    else if (line.trim() === '') sample = undefined;
    else if (!/\bPERF_RECORD_[A-Z]/.test(line)) {
      const isIndented = /^\s/.test(line);
      const header = sample !== undefined && isIndented ? undefined : headerOf(line);
      if (header !== undefined) {
        sample = begin(header);
        const frame = isPlainFrame(header.rest) ? frameOf(header.rest) : undefined;
        if (frame === undefined) return;
        sample.frames.push(frame);
        sample = undefined;
      } else if (sample === undefined) {
        if (isPlainFrame(line) || isIndentedFrame(line)) {
          sample = begin(undefined);
          sample.frames.push(frameOf(line) as FrameLine);
        } else {
          const bare = bareHeaderOf(line);
          if (bare !== undefined) sample = begin(bare);
        }
      } else if (!addFrame(sample, line)) {
        bad++;
        firstBad ||= index + 1;
      }
    }
  });
  // A header by which nothing is known but a name has to have frames.
  const known = samples.filter(({ header, frames }) => frames.length > 0 || header?.event);
  return { samples: known, bad, firstBad, comments };
}

function addFrame(sample: Sample, line: string): boolean {
  const frame = frameOf(line);
  if (frame !== undefined) {
    sample.frames.push(frame);
    return true;
  }
  const last = sample.frames.at(-1);
  const source = sourceLineOf(line);
  if (last !== undefined && (source !== undefined || isNoFrame(line))) {
    if (source !== undefined) sample.frames[sample.frames.length - 1] = { ...last, source };
    return true;
  }
  const name = line.trim();
  // `-F sym` alone leaves nothing else of a frame.
  if (!/^\s/.test(line) || /\s/.test(name)) return false;
  const nothing = { address: undefined, object: undefined, objectOffset: undefined };
  sample.frames.push({ ...nothing, symbol: name, isInlined: false });
  return true;
}

interface Measured {
  readonly values: ProfileValues | undefined;
  readonly valuesOf: (sample: Sample) => readonly number[];
}

function measured(samples: readonly Sample[]): Measured {
  const events = [...new Set(samples.map(({ header }) => header?.event ?? ''))];
  if (events.length > 1) {
    const types = events.map((event) => ({ type: event || 'samples', unit: 'count' }));
    return {
      values: { types, shown: 0 },
      valuesOf: ({ header }) => events.map((event) => (event === (header?.event ?? '') ? 1 : 0)),
    };
  }
  const periods = samples.map(({ header }) => header?.period);
  if (periods.includes(undefined) || periods.every((period) => period === periods[0]))
    return { values: undefined, valuesOf: () => [1] };
  const [event = ''] = events;
  return {
    values: { types: [SAMPLES, { type: event, unit: unitOf(event) }], shown: 0 },
    valuesOf: ({ header }) => [1, header?.period ?? 0],
  };
}

/** Clocks count nanoseconds, all else counts itself. */
function unitOf(event: string): string {
  return /^(?:cpu|task)-clock$/.test(event) ? 'nanoseconds' : 'count';
}

function mergedBySample(
  samples: readonly Sample[],
  valuesOf: Measured['valuesOf'],
  values: ProfileValues | undefined,
): ProfileStack[] {
  const known = new Map<string, ProfileFrame>();
  const stacks = new Map<string, { frames: readonly ProfileFrame[]; values: number[] }>();
  for (const sample of samples) {
    const frames = framesOf(sample.header?.comm, sample.frames, known);
    const key = frames.map((frame) => JSON.stringify(frame)).join('\n');
    const all = valuesOf(sample);
    const stack = stacks.get(key);
    if (stack === undefined) stacks.set(key, { frames, values: [...all] });
    else stack.values = stack.values.map((value, index) => value + (all[index] ?? 0));
  }
  return [...stacks.values()].map(({ frames, values: all }) => ({
    frames,
    count: all[values?.shown ?? 0] ?? 0,
    ...(values === undefined ? {} : { values: all }),
  }));
}

function metadataOf(
  samples: readonly Sample[],
  comments: readonly string[],
  values: ProfileValues | undefined,
): Profile['metadata'] {
  const comment = (name: string): string | undefined =>
    comments
      .find((line) => line.startsWith(`# ${name} :`))
      ?.slice(name.length + 4)
      .trim();
  const command = comment('cmdline');
  const times = samples.flatMap(({ header }) => header?.time ?? []);
  const first = samples[0]?.header;
  const inTime = nanosecondsIn(unitOf(first?.event ?? ''));
  const hasPeriod = values === undefined && inTime !== undefined && (first?.period ?? 0) > 1;
  let [from, to] = [times[0] ?? 0, times[0] ?? 0];
  for (const time of times) {
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  return {
    host: comment('hostname') ?? '',
    ...(command === undefined ? {} : { command }),
    frequencyHz: hasPeriod ? Math.round(NANOSECONDS_PER_SECOND / (first?.period ?? 1)) : 0,
    startTime: new Date(Number.NaN),
    durationSeconds: to - from,
    samples: samples.length,
    lostSamples: 0,
  };
}
