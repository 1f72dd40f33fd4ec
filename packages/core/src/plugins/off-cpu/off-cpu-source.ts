/**
 * The BPF of time off the CPU: which programs are wanted, and what they are told before they are loaded.
 */

import { defineSource, offCpu, type Source, threadState } from '@waggle/bpf';
import { possibleCpus } from '@waggle/ffi';
import type { ThreadState, UnwindMode } from '@waggle/profiler';

export type OffCpuSource = Source<typeof offCpu>;

export interface OffCpuSourceOptions {
  /** Time on the CPU too. */
  readonly onCpu: boolean;
  readonly minBlockNs: number;
  readonly states: readonly ThreadState[];
  readonly unwind: UnwindMode;
  /** Stacks of who woke a thread, too. */
  readonly wakers?: boolean | undefined;
}

/**
 * Programs for a thread's return to its CPU, and for that CPU's clock: by tables (Linux 6.1), or by frame pointers. Before
 * Linux 6.16 there is no tracepoint for the return, and it needs a kprobe.
 */
const BY_TABLES = {
  enter: ['enter_cpu', 'finish_switch'],
  clock: 'on_clock_tick',
  wake: 'wake_thread',
} as const;
const BY_FRAME_POINTERS = {
  enter: ['enter_cpu_by_frame_pointers', 'finish_switch_by_frame_pointers'],
  clock: 'on_clock_tick_by_frame_pointers',
  wake: 'wake_thread_by_frame_pointers',
} as const;

/** Absences as long as this have their stack, unless shorter ones are asked for. */
const ALWAYS_NS = 1_000_000;
/** enum off_cpu_slots of the BPF side: OFF_CPU_SLOTS. */
const SLOTS = 4;
/** Different stacks of wakers that have a number at a time. */
const WAKER_STACKS = 8192;

const STATE_BITS: Readonly<Record<ThreadState, number>> = {
  running: 1 << threadState.THREAD_RUNNING,
  runnable: 1 << threadState.THREAD_RUNNABLE,
  interruptible: 1 << threadState.THREAD_INTERRUPTIBLE,
  uninterruptible: 1 << threadState.THREAD_UNINTERRUPTIBLE,
};

export function offCpuSource(options: OffCpuSourceOptions): OffCpuSource {
  const { unwind } = options;
  const byFramePointers = sourceOf(options, BY_FRAME_POINTERS);
  if (unwind === 'fp') return byFramePointers;
  return {
    ...sourceOf(options, BY_TABLES),
    orElse: unwind === 'auto' ? byFramePointers : undefined,
  };
}

/** Whether what was loaded walks by tables. */
export function walksByTables({ hooks }: Source): boolean {
  return hooks.enter?.includes(BY_TABLES.enter[0]) === true;
}

function sourceOf(
  { onCpu, minBlockNs, states, wakers = false }: OffCpuSourceOptions,
  { enter, clock, wake }: typeof BY_TABLES | typeof BY_FRAME_POINTERS,
): OffCpuSource {
  const hooks = {
    enter,
    end: ['end_thread'],
    visit: ['visit_threads'],
    ...(onCpu ? { clock: [clock] } : {}),
    ...(wakers ? { wake: [wake] } : {}),
  } as const;
  return defineSource(offCpu, {
    hooks,
    required: ['enter', ...(onCpu ? ['clock'] : []), ...(wakers ? ['wake'] : [])],
    settings: {
      on_cpu: onCpu,
      min_block_ns: minBlockNs,
      always_ns: minBlockNs > 0 ? Math.min(minBlockNs, ALWAYS_NS) : ALWAYS_NS,
      wanted_states: states.reduce((bits, state) => bits | STATE_BITS[state], 0),
      scratch_slots: SLOTS,
    },
    mapEntries: {
      sample_scratch: SLOTS,
      walks: SLOTS,
      spare_numbers: SLOTS,
      ...(wakers ? { numbered_stacks: WAKER_STACKS } : {}),
      deferred_scratch: SLOTS * possibleCpus(),
    },
  });
}
