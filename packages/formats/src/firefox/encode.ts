/**
 * Writes a profile for profiler.firefox.com. Each process is a track of its own. waggle counts stacks
 * and does not keep when each was seen, so a track lays them side by side: its length is CPU time,
 * not the time on a clock.
 */
import { shownStacks, writableName } from '../merged-stacks.ts';
import type { Profile, ProfileStack } from '../profile.ts';
import { nanosecondsIn, shownType } from '../values.ts';
import {
  CATEGORIES,
  DETAILS,
  type FirefoxSamples,
  GECKO_VERSION,
  PROCESSED_VERSION,
  PRODUCT,
  type WeightType,
} from './file.ts';
import { FirefoxTables } from './tables.ts';

const MILLISECONDS_PER_SECOND = 1000;
/** The viewer needs some interval, also where the frequency is not known, as after a conversion. */
const UNKNOWN_INTERVAL = 1;

/** @throws RangeError when a count is not a whole number of samples. */
export function encodeFirefox(profile: Profile): string {
  const { metadata } = profile;
  const interval =
    metadata.frequencyHz > 0 ? MILLISECONDS_PER_SECOND / metadata.frequencyHz : UNKNOWN_INTERVAL;
  const scale = scaleOf(profile, interval);
  const tables = new FirefoxTables();
  const tracks = tracksOf(shownStacks(profile), metadata.command ?? 'all processes');
  const threads = tracks.map(({ name, stacks }, index) =>
    threadOf(name, index, samplesOf(stacks, tables, scale)),
  );
  // The viewer takes an end of 0 for none.
  const longest = tracks.reduce((most, { total }) => Math.max(most, total), 1);
  return `${JSON.stringify({
    meta: { ...metaOf(profile), interval, profilingEndTime: longest * scale.length },
    libs: tables.libraries(),
    shared: tables.shared(),
    threads,
  })}\n`;
}

/** How the viewer is told of the value that is shown. */
interface Scale {
  readonly weightType: WeightType;
  /** What one is as a weight. */
  readonly weight: number;
  /** How much of the track one takes, in milliseconds. */
  readonly length: number;
}

const NANOSECONDS_PER_MILLISECOND = 1e6;

function scaleOf(profile: Profile, interval: number): Scale {
  const { unit } = shownType(profile);
  const nanoseconds = nanosecondsIn(unit);
  if (nanoseconds !== undefined) {
    const milliseconds = nanoseconds / NANOSECONDS_PER_MILLISECOND;
    return { weightType: 'tracing-ms', weight: milliseconds, length: milliseconds };
  }
  return { weightType: unit === 'bytes' ? 'bytes' : 'samples', weight: 1, length: interval };
}

interface Track {
  readonly name: string;
  readonly stacks: ProfileStack[];
  total: number;
}

/** The stacks by the process at their root, the busiest first. */
function tracksOf(stacks: readonly ProfileStack[], nameOfOthers: string): readonly Track[] {
  const byProcess = new Map<string | undefined, Track>();
  for (const stack of stacks) {
    const root = stack.frames[0];
    const process = root?.kind === 'process' ? writableName(root.name) : undefined;
    let track = byProcess.get(process);
    if (track === undefined) {
      track = { name: process ?? nameOfOthers.toWellFormed(), stacks: [], total: 0 };
      byProcess.set(process, track);
    }
    track.stacks.push(stack);
    track.total += stack.count;
  }
  // The viewer has nothing to show, and says so with an error, when there is no thread at all.
  if (byProcess.size === 0) return [{ name: nameOfOthers.toWellFormed(), stacks: [], total: 0 }];
  return [...byProcess.values()].sort((a, b) => b.total - a.total);
}

/**
 * A row for each stack, and one without weight where its stretch of the track ends: the viewer draws
 * a sample as far as halfway to the next, and would show long stretches too short or too long.
 */
function samplesOf(
  stacks: readonly ProfileStack[],
  tables: FirefoxTables,
  { weightType, weight, length }: Scale,
): FirefoxSamples {
  const rows = { stack: [] as (number | null)[], time: [] as number[], weight: [] as number[] };
  const add = (stack: number | null, time: number, weighs: number) => {
    rows.stack.push(stack);
    rows.time.push(time);
    rows.weight.push(weighs);
  };
  let before = 0;
  for (const { frames, count } of stacks) {
    const stack = tables.stack(frames);
    add(stack, before * length, count * weight);
    before += count;
    if (count !== 1) add(stack, (before - 1) * length, 0);
  }
  return { ...rows, weightType, length: rows.stack.length };
}

function threadOf(name: string, index: number, samples: FirefoxSamples): object {
  return {
    name,
    processName: name,
    processType: 'default',
    isMainThread: true,
    // Tracks are put together by pid, and a process of ours is all that have its name.
    pid: String(index + 1),
    tid: index + 1,
    processStartupTime: 0,
    processShutdownTime: null,
    registerTime: 0,
    unregisterTime: null,
    pausedRanges: [],
    samples,
    markers: {
      data: [],
      name: [],
      startTime: [],
      endTime: [],
      phase: [],
      category: [],
      length: 0,
    },
  };
}

function metaOf(profile: Profile): object {
  const { metadata } = profile;
  const { command, startTime } = metadata;
  return {
    product: PRODUCT,
    version: GECKO_VERSION,
    preprocessedProfileVersion: PROCESSED_VERSION,
    startTime: Number.isNaN(startTime.getTime()) ? 0 : startTime.getTime(),
    profilingStartTime: 0,
    ...(command === undefined ? {} : { arguments: command.toWellFormed() }),
    categories: CATEGORIES.map(({ name, color }) => ({ name, color, subcategories: ['Other'] })),
    extra: [{ label: 'Recording', entries: detailsOf(profile) }],
    markerSchema: [],
    processType: 0,
    stackwalk: 1,
    // Names are final, there is no JavaScript to tell from the rest, and Mozilla has not its source.
    symbolicated: true,
    usesOnlyOneStackType: true,
    sourceCodeIsNotOnSearchfox: true,
    keepProfileThreadOrder: true,
  };
}

function detailsOf({ metadata, values }: Profile): object[] {
  const { type, unit } = shownType(values === undefined ? {} : { values });
  const { host, target, frequencyHz, durationSeconds, samples, lostSamples } = metadata;
  return [
    { label: DETAILS.host, format: 'string', value: host.toWellFormed() },
    ...(target === undefined
      ? []
      : [{ label: DETAILS.target, format: 'string', value: target.toWellFormed() }]),
    { label: DETAILS.frequency, format: 'decimal', value: frequencyHz },
    {
      label: DETAILS.duration,
      format: 'seconds',
      value: durationSeconds * MILLISECONDS_PER_SECOND,
    },
    { label: DETAILS.samples, format: 'integer', value: samples },
    ...(values === undefined
      ? []
      : [{ label: DETAILS.value, format: 'string', value: `${type} (${unit})`.toWellFormed() }]),
    { label: DETAILS.lost, format: 'integer', value: lostSamples },
  ];
}
