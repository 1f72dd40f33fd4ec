/**
 * Perf events of one command and what it starts, a ring for each CPU: samples, and what they are understood by (who
 * maps, forks, executes), in one order. Needs no capability: kernel.perf_event_paranoid of 2 allows it for one's own
 * processes, 1 the kernel's part of their stacks as well.
 */

import {
  boottimeOffset,
  CLOCK_BOOTTIME,
  clockNanoseconds,
  type Native,
  onlineCpus,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  type PerfEventAttributes,
  PerfRing,
  SystemError,
} from '@waggle/ffi';
import { isSystemError } from '@waggle/symbols';
import { decodeSideband, type SidebandRecord } from '../mappings/perf-records.ts';
import { whereOnline } from '../mappings/sideband.ts';
import {
  decodeOfCommand,
  type ProcessName,
  REGISTERS,
  SAMPLE_BY_FRAME_POINTERS,
  SAMPLE_WITH_STACK,
  type ThreadSample,
} from './thread-sample.ts';

export type CommandRecord = SidebandRecord | ThreadSample | ProcessName;

export interface CommandEventsOptions {
  readonly pid: number;
  readonly frequencyHz: number;
  /** Copies of stacks come along, for who walks them by tables. */
  readonly withStacks: boolean;
}

/** Of each stack: as much as perf copies by itself, twice. */
const STACK_BYTES = 16_384;
/** As much as anybody may lock for each CPU (kernel.perf_event_mlock_kb: 516); fewer where that is less. */
const MAX_PAGES = 128;
const MIN_PAGES = 8;

/** PERF_RECORD_LOST: how many records had no room. */
function lostOf(record: CommandRecord): number {
  return record.type === 'lost' ? record.count : 0;
}

export class CommandEvents implements Disposable {
  readonly #rings: { readonly event: PerfEvent; readonly ring: PerfRing }[] = [];
  #waiting: CommandRecord[] = [];
  readonly #timeOffset = boottimeOffset();
  /** Stacks have their part in the kernel too. */
  readonly withKernel: boolean;
  /** Records that had no room: samples among them. */
  lost = 0;

  readonly #native: Native;

  /** @throws SystemError EACCES, EPERM: kernel.perf_event_paranoid does not allow it; ESRCH: the process is gone. */
  constructor(native: Native, options: CommandEventsOptions) {
    this.#native = native;
    this.withKernel = this.#openAll(options, true);
    if (!this.withKernel) this.#openAll(options, false);
  }

  begin(): void {
    for (const { event } of this.#rings) event.enable();
  }

  end(): void {
    for (const { event } of this.#rings) event.disable();
  }

  /** Records up to now, oldest first. @param all those of this very moment too, at the end */
  read(all = false): CommandRecord[] {
    const now = clockNanoseconds(this.#native, 'boottime');
    for (const { ring } of this.#rings) ring.drain((view) => this.#take(view));
    this.#waiting.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    const ready = all ? -1 : this.#waiting.findIndex(({ time }) => time >= now);
    return this.#waiting.splice(0, ready < 0 ? this.#waiting.length : ready);
  }

  [Symbol.dispose](): void {
    for (const { event, ring } of this.#rings.splice(0)) {
      ring.close();
      event.close();
    }
  }

  #take(view: DataView): void {
    const sideband = decodeSideband(view, this.#timeOffset);
    if (sideband !== undefined) {
      this.lost += lostOf(sideband);
      this.#waiting.push(sideband);
    }
    const own = decodeOfCommand(view, this.#timeOffset);
    if (own !== undefined) this.#waiting.push(own);
  }

  /** @returns false where the kernel's part is not allowed */
  #openAll({ pid, frequencyHz, withStacks }: CommandEventsOptions, withKernel: boolean): boolean {
    const flags: PerfEventAttributes['flags'] = [
      ...(['disabled', 'inherit', 'exclude_hv', 'sample_id_all'] as const),
      ...(['mmap', 'mmap2', 'comm', 'comm_exec', 'task'] as const),
      ...(withKernel ? [] : (['exclude_kernel'] as const)),
      ...(withStacks ? (['exclude_callchain_user'] as const) : []),
    ];
    const attributes: PerfEventAttributes = {
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_CPU_CLOCK,
      frequencyHz,
      clockId: CLOCK_BOOTTIME,
      sampleType: withStacks ? SAMPLE_WITH_STACK : SAMPLE_BY_FRAME_POINTERS,
      userRegisters: withStacks ? REGISTERS.mask : undefined,
      userStackBytes: withStacks ? STACK_BYTES : undefined,
      flags,
    };
    try {
      for (const cpu of onlineCpus()) whereOnline(() => this.#open(attributes, pid, cpu));
      return true;
    } catch (error) {
      this[Symbol.dispose]();
      if (!withKernel || !isSystemError(error)) throw error;
      if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
      return false;
    }
  }

  #open(attributes: PerfEventAttributes, pid: number, cpu: number): void {
    const event = PerfEvent.open(this.#native, attributes, { pid, cpu });
    try {
      this.#rings.push({ event, ring: this.#ringOf(event) });
    } catch (error) {
      event.close();
      throw error;
    }
  }

  #ringOf(event: PerfEvent): PerfRing {
    for (let pages = MAX_PAGES; ; pages /= 2) {
      try {
        return new PerfRing(this.#native, event, pages);
      } catch (error) {
        const isTooLarge = error instanceof SystemError && error.code === 'EPERM';
        if (!isTooLarge || pages <= MIN_PAGES) throw error;
      }
    }
  }
}
