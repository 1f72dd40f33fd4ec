/**
 * Perf events as a plugin: stacks where page faults, context switches or whatever else the kernel counts
 * happen, beside the CPU's time or in its place.
 */

import { defineSource, perfEvents as perfEventsObject, type Source } from '@waggle/bpf';
import { PerfEvent, type PerfEventAttributes, possibleCpus, SystemError } from '@waggle/ffi';
import type { CpuEvent, StackSource, UnwindMode } from '@waggle/profiler';
import { checkList, checkNumber } from '../../errors/check-options.ts';
import { BadOption } from '../../errors/errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { Profiler } from '../cpu-profiler/index.ts';

export interface CountedPerfEvent {
  /** Of its value in profiles: perf's name of it. */
  readonly name: string;
  /** PERF_TYPE_… and the number in it, as perf_event_open(2) has them. */
  readonly type: number;
  readonly config: number;
  /** A stack for so many of what is counted; 1: for each. */
  readonly period?: number | undefined;
  /** In place of a period: so many stacks a second and CPU. */
  readonly frequencyHz?: number | undefined;
  readonly excludeUser?: boolean | undefined;
  readonly excludeKernel?: boolean | undefined;
  /** The exact instruction, where the CPU can tell it. */
  readonly precise?: boolean | undefined;
}

export interface PerfEventsOptions {
  readonly events: readonly CountedPerfEvent[];
  /** As the profiler's. Default `auto`. */
  readonly unwind?: UnwindMode | undefined;
}

const HOOK = 'perf-event';
const BY_TABLES = 'count_perf_event';
const BY_FRAME_POINTERS = 'count_perf_event_by_frame_pointers';

function sourceFor(unwind: UnwindMode): Source<typeof perfEventsObject> {
  const either = [BY_TABLES, BY_FRAME_POINTERS] as const;
  const of = { auto: either, dwarf: [BY_TABLES], fp: [BY_FRAME_POINTERS] } as const;
  return defineSource(perfEventsObject, {
    hooks: { [HOOK]: of[unwind] },
    required: [HOOK],
    mapEntries: { deferred_scratch: possibleCpus() },
  });
}

/**
 * Stacks at perf events: each has a value of its own in profiles, which counts them.
 *
 * - Needs: `Profiler`, whose `cpuClock: false` leaves the CPUs' time out; `Kernel`. Linux 5.15.
 * - Provides: nothing.
 * - Costs: a stack for each time, some microseconds: for a period of 1 as often as it happens.
 *
 * ```ts
 * import { cpuProfiler, createAgent, perfEvents } from '@waggle/core';
 *
 * const faults = perfEvents({ events: [{ name: 'page-faults', type: 1, config: 2, period: 1 }] });
 * const profiler = cpuProfiler({ cpuClock: false });
 * await using agent = await createAgent({ plugins: [profiler, faults] });
 * setTimeout(() => agent.stop(), 5000);
 * await agent.finished;
 * ```
 *
 * @throws BadOption for an option that makes no sense; the session's start fails with it where the kernel
 *   or the CPU has no such event
 */
export const perfEvents = ({ events, unwind = 'auto' }: PerfEventsOptions) => {
  checkList('events', events, 'a list of events', (event) => typeof event === 'object');
  for (const { name, period, frequencyHz } of events) {
    checkNumber(`${name}: period`, period, { min: 1, integer: true });
    checkNumber(`${name}: frequencyHz`, frequencyHz, { min: 1, integer: true });
    if ((period === undefined) === (frequencyHz === undefined))
      throw new BadOption({ option: 'events', message: `${name} needs a period or a frequency` });
  }
  const declared = sourceFor(unwind);
  return definePlugin({
    name: 'perf-events',
    essential: true,
    needs: { profiler: Profiler, kernel: Kernel },
    sources: [declared],
    setup({ services: { profiler, kernel }, source }) {
      const program = source(declared).programOf(HOOK);
      for (const event of events) {
        const attributes = attributesOf(event);
        let cookie = 0n;
        const counted: StackSource = {
          events: [{ name: event.name, unit: 'count', value: 'occurrences' }],
          unwindsByTables: program.name === BY_TABLES,
          begin({ firstEvent }) {
            cookie = BigInt(firstEvent);
          },
          openOn(cpu): CpuEvent {
            const opened = open(event.name, () =>
              PerfEvent.open(kernel.native, attributes, { pid: -1, cpu }),
            );
            try {
              return { event: opened, link: program.attachPerfEvent(opened, cookie) };
            } catch (error) {
              opened.close();
              throw error;
            }
          },
        };
        profiler.addSource(counted);
      }
      return {};
    },
  });
};

function attributesOf(event: CountedPerfEvent): PerfEventAttributes {
  const { type, config, period, frequencyHz, excludeUser, excludeKernel, precise } = event;
  return {
    ...{ type, config, period, frequencyHz },
    flags: [
      'disabled',
      ...(excludeUser === true ? (['exclude_user'] as const) : []),
      ...(excludeKernel === true ? (['exclude_kernel'] as const) : []),
      ...(precise === true ? (['precise_ip'] as const) : []),
    ],
  };
}

/** perf_event_open(2): what it says of an event that there is not. */
const ABSENT: readonly string[] = ['ENOENT', 'EOPNOTSUPP', 'EINVAL'];

function open(name: string, attempt: () => PerfEvent): PerfEvent {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof SystemError) || !ABSENT.includes(error.code)) throw error;
    throw new BadOption({
      option: 'events',
      message: `${name}: this machine does not count it (${error.code}); virtual machines often have no counters of the CPU. \`waggle doctor\` says what there is`,
    });
  }
}
