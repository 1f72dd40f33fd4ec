/**
 * What has stacks counted besides the CPU's clock: time off the CPU, perf events, probes. Each brings BPF
 * that counts into the maps of bpf/stacks/, and says here what its counts are. The engine drains, names
 * and sums them all alike, and knows none of them.
 */

import type { BpfLink, Native, PerfEvent } from '@waggle/ffi';
import type { ProfileValues, ValueType } from '@waggle/formats';

/** What is counted: one value of a profile. */
export interface StackEvent {
  /** Unique in a session: the type of the profile's value, and part of a file's name: `off-cpu`. */
  readonly name: string;
  /** Of the value, as pprof calls it: `count`, `microseconds`, `bytes`. */
  readonly unit: string;
  /** How often a stack was met, or the sum of what its program weighed each time. */
  readonly value: 'occurrences' | 'weights';
  /** Its program runs at a tracepoint, and stands on the stacks that it takes. */
  readonly atTracepoint?: boolean | undefined;
  /** So much of what programs weigh by is one of the unit. Default 1. */
  readonly divisor?: number | undefined;
}

/** A perf event of one CPU with the program that runs at it. */
export interface CpuEvent {
  readonly event: PerfEvent;
  readonly link: BpfLink;
}

/** What a source is told when counting begins. */
export interface StackSourceStart {
  readonly native: Native;
  /** By which its programs count: the first of its events, the others follow. */
  readonly firstEvent: number;
  /** Takes what programs have handed over to be walked here out of their ring. @returns how much there was */
  readonly makeRoom: () => number;
}

/** What there is of stacks with one number. */
export interface StandingSum {
  /** Which of the source's events, from 0 on. */
  readonly event: number;
  /** 0: of stacks without one. */
  readonly number: number;
  readonly count: number;
  readonly weight: number;
}

export interface StackSource {
  readonly events: readonly StackEvent[];
  /** Its programs walk user stacks by unwind tables: what count_stack() was told. */
  readonly unwindsByTables: boolean;
  /**
   * The kernel's maps are there and the session's filter is set: attaches, or lets count what is attached.
   * A failure is one of the session's start.
   */
  begin?(start: StackSourceStart): void;
  /**
   * Has something on each CPU: asked for every CPU that is online, and again when one comes. The engine
   * closes it, and ends it in time (`endAfter`).
   * @throws SystemError ENODEV: it is offline.
   */
  openOn?(cpu: number): CpuEvent;
  /**
   * What there is at the moment of a collection, and was not counted until then: sums of stacks that have a number
   * (stacks/numbered.h).
   */
  standing?(): Iterable<StandingSum>;
  /** Ends counting, and counts what goes on until now. What it counted is taken in afterwards. Once. */
  end?(): void;
}

/** Samples of the CPUs' clocks, as the engine itself takes them. */
export const CPU_CLOCK: StackEvent = { name: 'cpu-clock', unit: 'count', value: 'occurrences' };

/** What the values of profiles are; undefined where they are samples of CPU time and nothing else. */
export function valuesOf(events: readonly StackEvent[]): ProfileValues | undefined {
  if (events.length === 1 && events[0] === CPU_CLOCK) return undefined;
  return { types: events.map(({ name, unit }): ValueType => ({ type: name, unit })), shown: 0 };
}

/** What a stack adds to the value of its event, in the event's unit. */
export function addedValue(
  event: StackEvent | undefined,
  { count, weight }: { readonly count: number; readonly weight: number },
): number {
  if (event === undefined || event.value === 'occurrences') return count;
  return weight / (event.divisor ?? 1);
}
