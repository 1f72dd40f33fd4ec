/**
 * Time off the CPU as a plugin: a source of stacks for the profiler, with a value of its own in profiles.
 */

import type { ThreadState, UnwindMode } from '@waggle/profiler';
import { checkChoice, checkNumber } from '../../errors/check-options.ts';
import { BadOption } from '../../errors/errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { defineService } from '../../plugin/service.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { OffCpuCounting, type OffCpuCounts } from './off-cpu-counting.ts';
import { offCpuSource } from './off-cpu-source.ts';

export { attachToSwitches, canProbeSwitches } from './finish-task-switch.ts';
export type { OffCpuCounts } from './off-cpu-counting.ts';
export { type OffCpuSourceOptions, offCpuSource } from './off-cpu-source.ts';

/** What can be asked of it, once the session has started. */
export interface OffCpuService {
  counts(): OffCpuCounts;
}

/** Key of it, for plugins that need it. */
export const OffCpu = defineService<OffCpuService>()('off-cpu');

export interface OffCpuOptions {
  /**
   * Time on the CPU too, so that a thread's times add up to its life: all of it is counted, and has its stacks
   * by the CPUs' clocks. The value is called `wall` then, and not `off-cpu`. Default: no.
   */
  readonly onCpu?: boolean | undefined;
  /** Samples a second of those clocks. Default 99. */
  readonly frequencyHz?: number | undefined;
  /** Leaves out absences that are shorter, and takes the stack of all others. Default 0: none is left out. */
  readonly minBlockNs?: number | undefined;
  /** Where a thread has to be. Default: anywhere. */
  readonly states?: readonly ThreadState[] | undefined;
  /**
   * Who woke the thread, too: that stack stands upside down on top of its own, below `[woken by]`. Default: no.
   * It is taken for what has a stack of its own.
   */
  readonly wakers?: boolean | undefined;
  /** How frames of user space are found. Default `auto`. */
  readonly unwind?: UnwindMode | undefined;
}

const DEFAULT_FREQUENCY_HZ = 99;
const STATES: readonly ThreadState[] = ['running', 'runnable', 'interruptible', 'uninterruptible'];

/**
 * Where threads wait: for how long they were off the CPU, by the stack that they left it with. Frames on top
 * of stacks say why: `[runnable]` had to wait for a CPU, `[interruptible]` and `[uninterruptible]` slept.
 *
 * - Needs: `Profiler`, and for the stack of who has just come back Linux 6.16 (`sched_exit_tp`) or kprobes.
 * - Provides: `OffCpu`. Profiles of the session have its value, in microseconds.
 * - Costs: programs at each switch of the host to another thread, and stacks of absences below a millisecond for
 *   a small share of a CPU (ADR 15): two programs that do nothing but wake each other were slowed by some 10 %.
 *   Absences of a millisecond and more always have a stack.
 *
 * ```ts
 * import { cpuProfiler, offCpu } from '@waggle/core';
 * import { openSession } from '@waggle/core/session';
 * import * as Effect from 'effect/Effect';
 *
 * const waits = Effect.scoped(
 *   Effect.gen(function* () {
 *     const plugins = [cpuProfiler({ cpuClock: false }), offCpu({ minBlockNs: 100_000 })];
 *     const session = yield* openSession({ plugins });
 *     yield* Effect.forkScoped(session.run);
 *     yield* Effect.sleep('10 seconds');
 *     return yield* session.collect;
 *   }),
 * );
 * console.log(await Effect.runPromise(waits));
 * ```
 *
 * @throws BadOption
 */
export const offCpu = (options: OffCpuOptions = {}) => {
  const { onCpu = false, frequencyHz = DEFAULT_FREQUENCY_HZ, minBlockNs = 0 } = options;
  const { states = STATES, unwind = 'auto', wakers } = options;
  checkNumber('minBlockNs', minBlockNs, { min: 0, integer: true });
  checkNumber('frequencyHz', frequencyHz, { min: 1, integer: true });
  checkChoice('unwind', unwind, ['auto', 'fp', 'dwarf']);
  for (const state of states) checkChoice('states', state, STATES);
  if (states.length === 0)
    throw new BadOption({ option: 'states', message: 'states is empty: name one at least' });
  const wanted = offCpuSource({ onCpu, minBlockNs, states, unwind, wakers });
  return definePlugin({
    name: 'off-cpu',
    needs: { profiler: Profiler, kernel: Kernel },
    provides: OffCpu,
    sources: [wanted],
    setup({ services: { profiler, kernel }, source }) {
      const counting = new OffCpuCounting(
        kernel.native,
        source(wanted),
        onCpu ? frequencyHz : undefined,
      );
      profiler.addSource(counting);
      return { service: { counts: () => counting.counts() } };
    },
  });
};
