/** What a recording counts: time on the CPU, time off it, memory, or events. One of them decides all that differs. */

import { commandScope, type ProbeScope } from '@waggle/probes';
import {
  chooseEvents,
  countsOften,
  describeEvents,
  eventPlugins,
  type RecordedEvents,
} from './events.ts';
import { type LiveHeapRequest, liveHeapPlugin, liveHeapRequest } from './live-heap.ts';
import { type OffCpuRequest, offCpuPlugin, offCpuRequest } from './off-cpu.ts';
import type { RecordOptions } from './options.ts';

export interface Counted {
  readonly offCpu: OffCpuRequest | undefined;
  readonly live: LiveHeapRequest | undefined;
  /** None with the others. */
  readonly events: RecordedEvents;
}

const NO_EVENTS: RecordedEvents = { cpuClock: false, perf: [], probes: [], names: [] };

/** What is counted, or what is wrong with the request. */
export function chooseCounted(options: RecordOptions, scope: ProbeScope): Counted | string {
  const offCpu = offCpuRequest(options);
  if (typeof offCpu === 'string') return offCpu;
  const { event, weight, count, maxRate, live: liveText, liveEvery } = options;
  if (liveEvery !== undefined && liveText === undefined)
    return '--live-every is about --live: add it';
  if (offCpu === undefined && liveText === undefined) {
    const events = chooseEvents(options, scope);
    return typeof events === 'string' ? events : { offCpu, live: undefined, events };
  }
  const given = { '-e': event, '--weight': weight, '-c': count, '--max-rate': maxRate };
  const [other] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  const [name, what] = offCpu === undefined ? ['live', 'bytes'] : [offCpu.name, 'time'];
  if (other !== undefined)
    return `--${name} counts ${what}, and ${other} is about events: leave one of them out`;
  if (offCpu !== undefined && liveText !== undefined)
    return `--live counts bytes, and --${offCpu.name} time: leave one of them out`;
  const live = liveHeapRequest(options, scope);
  if (typeof live === 'string') return live;
  return { offCpu, live, events: NO_EVENTS };
}

/** More stacks may come than the CPUs' clocks tick. */
export function manyStacks({ offCpu, live, events }: Counted): boolean {
  return offCpu !== undefined || live !== undefined || countsOften(events);
}

/** The plugins that count what the profiler itself does not. */
export function countingPlugins({ offCpu, live, events }: Counted, options: RecordOptions) {
  if (offCpu !== undefined) return [offCpuPlugin(offCpu, options)];
  return live === undefined ? eventPlugins(events, options) : [liveHeapPlugin(live, options)];
}

/** In words, for the line that says what is recorded. */
export function describeCounted({ offCpu, live, events }: Counted, options: RecordOptions): string {
  if (live !== undefined) return `by what is not freed (${live.what})`;
  if (offCpu === undefined) return describeEvents(events, options);
  return offCpu.name === 'wall'
    ? `off the CPU, and on it at ${options.frequency} Hz`
    : `off the CPU (${offCpu.states.join(', ')})`;
}

/**
 * What a command is started with: the kernel gets its unwind tables before, where stacks may come faster than
 * they could wait for them.
 */
export function preloadedFiles(command: readonly string[]): string[] {
  using scope = commandScope(command, process.env);
  return Array.from(scope.objects(), ({ path }) => path);
}
