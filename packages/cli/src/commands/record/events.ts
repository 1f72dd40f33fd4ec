/** What `-e` asks for: which events are counted, how often a stack is taken at each, and by which plugins. */

import { perfEvents } from '@waggle/core/plugins/perf-events';
import { type CountedProbe, probes } from '@waggle/core/plugins/probes';
import {
  BadEvent,
  commandScope,
  type EventRequest,
  hostScope,
  type PerfEventRequest,
  type ProbeScope,
  parseEvent,
  processScope,
  resolveEvent,
} from '@waggle/probes';
import type { RecordOptions } from './options.ts';
import type { RecordTarget } from './targets.ts';

export interface RecordedEvents {
  /** The CPUs' clocks, as without -e. */
  readonly cpuClock: boolean;
  readonly perf: readonly (PerfEventRequest & { period?: number; frequencyHz?: number })[];
  readonly probes: readonly CountedProbe[];
  /** Names of all values of the profile, in order. */
  readonly names: readonly string[];
}

const CPU_CLOCK = 'cpu-clock';
const MAX_EVENTS = 32;

/**
 * What is recorded, or what is wrong with the request.
 *
 * @param words of the command as it is run
 */
export function chooseEvents(options: RecordOptions, scope: ProbeScope): RecordedEvents | string {
  const { event: texts, frequencyGiven = false, count, weight, maxRate } = options;
  if (count !== undefined && frequencyGiven)
    return 'give a period (-c) or a frequency (-F), not both';
  const unique = [...new Set(texts ?? [CPU_CLOCK])];
  if (unique.length > MAX_EVENTS) return `at most ${MAX_EVENTS} events can be recorded at once`;
  try {
    const requests = unique.map(parseEvent);
    const isOwnClock = (text: string) => text === CPU_CLOCK && count === undefined;
    const cpuClock = unique.some(isOwnClock);
    const perf = requests.flatMap((request) =>
      request.kind === 'perf' && !isOwnClock(request.text)
        ? [{ ...request, ...howOften(request, options, cpuClock) }]
        : [],
    );
    const counted = requests.flatMap((request) => probeOf(request, scope, options));
    const option = weight === undefined ? '--max-rate' : '--weight';
    if (counted.length === 0 && (weight !== undefined || maxRate !== undefined))
      return `${option} is about probes: name one, as in -e uprobe:FUNCTION`;
    const names = [...(cpuClock ? [CPU_CLOCK] : []), ...perf.map(({ text }) => text)];
    return {
      cpuClock,
      perf,
      probes: counted,
      names: [...names, ...counted.map(({ name }) => name)],
    };
  } catch (error) {
    if (error instanceof BadEvent) return error.message;
    throw error;
  }
}

/** Where functions are looked for. @param words of the command as it is run */
export function scopeOf(target: RecordTarget, words: readonly string[]): ProbeScope {
  switch (target.kind) {
    case 'command':
      return commandScope(words, process.env);
    case 'processes':
      return processScope(target.pids);
    case 'host':
      return hostScope();
  }
}

function probeOf(
  request: EventRequest,
  scope: ProbeScope,
  { weight, maxProbes }: RecordOptions,
): CountedProbe[] {
  if (request.kind === 'perf') return [];
  const event = resolveEvent(request, scope, { limit: maxProbes });
  if (event.kind === 'perf') return [];
  return [{ name: request.text, event, weight }];
}

const NANOSECONDS_PER_SECOND = 1e9;
const PERF_TYPE_SOFTWARE = 1;

/**
 * Clocks and counters of the CPU are sampled; what happens in software is counted, each time. A frequency that is
 * given is about all events, but beside the CPUs' clocks about those.
 */
function howOften(
  { isClock, type }: PerfEventRequest,
  { frequency, frequencyGiven = false, count }: RecordOptions,
  besideClocks: boolean,
): { period: number } | { frequencyHz: number } {
  if (count !== undefined) return { period: count };
  if (isClock) return { period: Math.round(NANOSECONDS_PER_SECOND / frequency) };
  return type === PERF_TYPE_SOFTWARE && (besideClocks || !frequencyGiven)
    ? { period: 1 }
    : { frequencyHz: frequency };
}

/** In words, for the line that says what is recorded. */
export function describeEvents(
  { names, cpuClock }: RecordedEvents,
  { frequency }: RecordOptions,
): string {
  if (cpuClock && names.length === 1) return `at ${frequency} Hz`;
  return `by ${names.join(', ')}`;
}

/** They may be met far more often than the CPUs' clocks tick. */
export function countsOften({ perf, probes: counted }: RecordedEvents): boolean {
  return perf.length + counted.length > 0;
}

/** The plugins that count what the profiler itself does not. */
export function eventPlugins(
  { perf, probes: counted }: RecordedEvents,
  { unwind, maxRate }: RecordOptions,
) {
  const events = perf.map(({ text, ...event }) => ({ ...event, name: text }));
  return [
    ...(events.length > 0 ? [perfEvents({ events, unwind })] : []),
    ...(counted.length > 0 ? [probes({ probes: counted, unwind, maxRate })] : []),
  ];
}
