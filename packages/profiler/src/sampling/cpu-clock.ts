/** A program that runs at each tick of a CPU's clock, so many times a second. */

import {
  type BpfProgram,
  log,
  type Native,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
} from '@waggle/ffi';
import type { CpuEvent } from './stack-source.ts';

/** @throws SystemError ENODEV: the CPU is offline; as PerfEvent.open() and attachPerfEvent(). */
export function openCpuClock(
  native: Native,
  program: BpfProgram,
  frequencyHz: number,
  cpu: number,
): CpuEvent {
  const attributes = {
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_CPU_CLOCK,
    frequencyHz,
    flags: ['disabled'],
  } as const;
  const event = PerfEvent.open(native, attributes, { pid: -1, cpu });
  try {
    const link = program.attachPerfEvent(event);
    log('attached', () => ({ what: 'program', name: program.name, hook: 'cpu-clock', cpu }));
    return { event, link };
  } catch (error) {
    event.close();
    throw error;
  }
}
