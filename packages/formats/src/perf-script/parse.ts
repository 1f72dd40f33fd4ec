/**
 * Reads the text that `perf script` prints, as FlameGraph's stackcollapse-perf.pl does: a header for
 * each sample and its frames, leaf first, until an empty line. Each sample counts as one; the periods
 * of its event are a second value where they differ. Several events are a value each.
 */
import type { ParsedProfile } from '../format.ts';
import { linesOf } from '../lines.ts';
import { MemoryBudget } from '../memory-budget.ts';
import type { Profile, ProfileFrame, ProfileStack, ProfileValues } from '../profile.ts';
import { nanosecondsIn, SAMPLES } from '../values.ts';
import { FrameStacks } from './frames.ts';
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
/** Longer ones are none of perf's: symbols of C++ have some thousands of letters. */
const LONGEST_LINE = 1 << 16;
/** Lines by which the text is known, and how much of each. */
const LOOKED_AT = 60;
const LOOKED_AT_OF_LINE = 4096;

export class PerfScriptSyntaxError extends Error {
  override readonly name = 'PerfScriptSyntaxError';
  readonly code = 'PERF_SCRIPT_SYNTAX';
}

/** A sample whose lines are still being read. */
interface OpenSample {
  readonly header: SampleHeader | undefined;
  /** Leaf first. */
  readonly frames: PlacedFrame[];
}

interface Sample {
  readonly event: string | undefined;
  readonly period: number | undefined;
  readonly time: number | undefined;
  /** Root first; the same list for equal stacks. */
  readonly frames: readonly ProfileFrame[];
}

export function isPerfScript(text: string): boolean {
  const head = text
    .slice(0, 1 << 16)
    .replaceAll('\r', '')
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, LOOKED_AT_OF_LINE));
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
export function parsePerfScript(
  text: string,
  budget: MemoryBudget = new MemoryBudget(text.length),
): ParsedProfile {
  const { samples, bad, firstBad, comments } = samplesOf(text, budget);
  if (samples.length === 0)
    throw new PerfScriptSyntaxError('there is no sample in this output of perf script');
  const { values, valuesOf } = measured(samples);
  const stacks = mergedBySample(samples, valuesOf, values, budget);
  return {
    stacks,
    metadata: metadataOf(samples, comments, values),
    values,
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

function samplesOf(text: string, budget: MemoryBudget) {
  const samples: Sample[] = [];
  const comments: string[] = [];
  let bad = 0;
  let firstBad = 0;
  const stacks = new FrameStacks(budget);
  const texts = new Map<string, string>();
  // One text for all samples of an event, not a part of each line.
  const once = (name: string | undefined): string | undefined => {
    if (name === undefined) return undefined;
    if (!texts.has(name)) texts.set(name, name);
    return texts.get(name);
  };
  let begun: OpenSample | undefined;
  const finish = (): void => {
    // A header by which nothing is known but a name has to have frames.
    if (begun !== undefined && (begun.frames.length > 0 || begun.header?.event)) {
      budget.rows(1, 'its samples');
      const { comm, event, period, time } = begun.header ?? {};
      const frames = stacks.of(comm, begun.frames);
      samples.push({ event: once(event), period, time, frames });
    }
    begun = undefined;
  };
  let sample: OpenSample | undefined;
  const begin = (header: SampleHeader | undefined): OpenSample => {
    finish();
    begun = { header, frames: [] };
    return begun;
  };
  const lineOf = (raw: string, index: number): void => {
    const line = raw.replace(/\r$/, '');
    if (line.startsWith('#')) {
      budget.spend(line.length + 64, 'its comments');
      comments.push(line);
    } else if (line.length > LONGEST_LINE) {
      bad++;
      firstBad ||= index + 1;
    } else if (line.trim() === '') sample = undefined;
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
  };
  let index = 0;
  for (const line of linesOf(text)) lineOf(line, index++);
  finish();
  return { samples, bad, firstBad, comments };
}

function addFrame(sample: OpenSample, line: string): boolean {
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
  const events = [...new Set(samples.map(({ event }) => event ?? ''))];
  if (events.length > 1) {
    const types = events.map((event) => ({ type: event || 'samples', unit: 'count' }));
    return {
      values: { types, shown: 0 },
      valuesOf: (sample) => events.map((event) => (event === (sample.event ?? '') ? 1 : 0)),
    };
  }
  const periods = samples.map(({ period }) => period);
  if (periods.includes(undefined) || periods.every((period) => period === periods[0]))
    return { values: undefined, valuesOf: () => [1] };
  const [event = ''] = events;
  return {
    values: { types: [SAMPLES, { type: event, unit: unitOf(event) }], shown: 0 },
    valuesOf: ({ period }) => [1, period ?? 0],
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
  budget: MemoryBudget,
): ProfileStack[] {
  const stacks = new Map<readonly ProfileFrame[], number[]>();
  for (const sample of samples) {
    const all = valuesOf(sample);
    const known = stacks.get(sample.frames);
    if (known === undefined) {
      budget.numbers(all.length, 'the values of its samples');
      stacks.set(sample.frames, [...all]);
    } else
      all.forEach((value, index) => {
        known[index] = (known[index] ?? 0) + value;
      });
  }
  return [...stacks].map(([frames, all]) => ({
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
  const times = samples.flatMap(({ time }) => time ?? []);
  const first = samples[0];
  const inTime = nanosecondsIn(unitOf(first?.event ?? ''));
  const hasPeriod = values === undefined && inTime !== undefined && (first?.period ?? 0) > 1;
  let [from, to] = [times[0] ?? 0, times[0] ?? 0];
  for (const time of times) {
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  return {
    host: comment('hostname') ?? '',
    command,
    frequencyHz: hasPeriod ? Math.round(NANOSECONDS_PER_SECOND / (first?.period ?? 1)) : 0,
    startTime: new Date(Number.NaN),
    durationSeconds: to - from,
    samples: samples.length,
    lostSamples: 0,
  };
}
