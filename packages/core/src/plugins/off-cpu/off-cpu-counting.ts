/**
 * Time off the CPU as a source of stacks: tells its programs when to begin, and at the end has them count
 * the threads that are away still.
 */

import { offCpuPhase, type offCpu as skeleton } from '@waggle/bpf';
import { type BpfLink, clockNanoseconds, IteratorRun, type Native } from '@waggle/ffi';
import {
  type CpuEvent,
  openCpuClock,
  type StackEvent,
  type StackSource,
  type StackSourceStart,
} from '@waggle/profiler';
import type { PluginSource } from '../../plugin/plugin-source.ts';
import { attachToSwitches } from './finish-task-switch.ts';
import { walksByTables } from './off-cpu-source.ts';

/** What is known of how time off the CPU was counted. Times are ns. */
export interface OffCpuCounts {
  /** Absences that have a stack of their own. */
  readonly whole: number;
  readonly wholeNs: number;
  /** Short ones, for many of which one stack stands: `stacksForSums` for all of them. */
  readonly summed: number;
  readonly summedNs: number;
  readonly stacksForSums: number;
  /** Shorter than was asked for. */
  readonly leftOut: number;
  readonly leftOutNs: number;
  /** Absences that went on when counting ended, and were counted until then. */
  readonly unfinished: number;
  /** There was no memory to follow a thread. */
  readonly untracked: number;
}

const OFF_CPU: StackEvent = {
  ...{ name: 'off-cpu', unit: 'microseconds', value: 'weights', divisor: 1000 },
};
const WALL: StackEvent = { ...OFF_CPU, name: 'wall' };

/** Looks at the threads that wait for room without any progress, after which they have no user stack. */
const MAX_VAIN_STEPS = 50;

export class OffCpuCounting implements StackSource {
  readonly events: readonly StackEvent[];
  readonly unwindsByTables: boolean;
  readonly openOn?: (cpu: number) => CpuEvent;
  #start: StackSourceStart | undefined;
  #begunNs = 0n;
  #link: BpfLink | undefined;
  /** Where the kernel has no tracepoint for who comes back. */
  #switches: readonly BpfLink[] = [];

  readonly #source: PluginSource<typeof skeleton>;

  /** @param frequencyHz of samples on the CPU; undefined where that is not counted */
  constructor(
    native: Native,
    source: PluginSource<typeof skeleton>,
    frequencyHz: number | undefined,
  ) {
    this.#source = source;
    this.events = [frequencyHz === undefined ? OFF_CPU : WALL];
    this.unwindsByTables = walksByTables(source.loaded);
    if (frequencyHz === undefined) return;
    const program = source.programOf('clock');
    this.openOn = (cpu) => openCpuClock(native, program, frequencyHz, cpu);
  }

  begin(start: StackSourceStart): void {
    this.#start = start;
    this.#begunNs = clockNanoseconds(start.native, 'boottime');
    this.#tell(offCpuPhase.PHASE_BEGIN);
    const enter = this.#source.programOf('enter');
    if (this.#source.report.enter?.state !== 'attached') this.#switches = attachToSwitches(enter);
    if (this.#source.report.visit?.state !== 'attached') return;
    this.#link = this.#source.programOf('visit').attach();
    this.#visitThreads();
  }

  /** Threads that are away are counted until now. */
  end(): void {
    this.#tell(offCpuPhase.PHASE_END);
    this.#visitThreads();
    for (const link of [this.#link, ...this.#switches]) link?.close();
    this.#link = undefined;
    this.#switches = [];
  }

  counts(): OffCpuCounts {
    const cpus = this.#source.map('cpu_times').ofEachCpu(0);
    const sum = (field: keyof (typeof cpus)[number]['counters']) =>
      cpus.reduce((total, { counters }) => total + Number(counters[field]), 0);
    return {
      whole: sum('whole'),
      wholeNs: sum('whole_ns'),
      summed: sum('summed'),
      summedNs: sum('summed_ns'),
      stacksForSums: sum('stacks_for_sums'),
      leftOut: sum('left_out'),
      leftOutNs: sum('left_out_ns'),
      unfinished: sum('unfinished'),
      untracked: sum('untracked'),
    };
  }

  #tell(phase: number): void {
    const { firstEvent } = this.#start as StackSourceStart;
    this.#source.map('off_cpu_settings').set(0, {
      event: firstEvent,
      phase,
      begun_ns: this.#begunNs,
    });
  }

  #visitThreads(): void {
    const start = this.#start;
    if (this.#link === undefined || start === undefined) return;
    using run = new IteratorRun(start.native, this.#link);
    for (let vain = 0; !run.step() && vain < 2 * MAX_VAIN_STEPS; ) {
      // A thread waits for room in the ring of stacks that are walked here.
      vain = start.makeRoom() > 0 ? 0 : vain + 1;
      if (vain === MAX_VAIN_STEPS) this.#tell(offCpuPhase.PHASE_END_IN_HASTE);
    }
  }
}
