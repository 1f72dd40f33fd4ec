/**
 * Everything that has stacks counted, begun and ended together: the CPUs' clocks, and the sources that
 * plugins bring. The events of all of them are one list, by whose numbers programs count.
 */

import { clockNanoseconds, type Native } from '@waggle/ffi';
import type { Sideband } from '../mappings/sideband.ts';
import type { LoadedSampler } from '../profiler-kernel.ts';
import { type CountedApart, CountSettings, type WantedStacks } from './count-settings.ts';
import { openCpuClock } from './cpu-clock.ts';
import { type CpuChanges, SampledCpus } from './sampled-cpus.ts';
import { CPU_CLOCK, type CpuEvent, type StackEvent, type StackSource } from './stack-source.ts';

interface Wanted {
  readonly sampler: LoadedSampler;
  readonly frequencyHz: number;
  readonly sources: readonly StackSource[];
  readonly by: CountedApart;
  readonly only: WantedStacks;
  /** As sources are told it. */
  readonly makeRoom: () => number;
}

/** What is counted, by its number. */
export function eventsOf(
  { program }: Pick<LoadedSampler, 'program'>,
  sources: readonly StackSource[],
): readonly StackEvent[] {
  const own = program === undefined ? [] : [CPU_CLOCK];
  return [...own, ...sources.flatMap(({ events }) => events)];
}

export class Counting {
  readonly #cpus: SampledCpus;
  readonly #settings: CountSettings;
  readonly #begun: StackSource[] = [];

  readonly #native: Native;
  readonly #sources: readonly StackSource[];
  readonly #makeRoom: () => number;
  readonly #firstEvent: number;

  constructor(
    native: Native,
    { sampler, frequencyHz, sources, by, only, makeRoom }: Wanted,
    sideband: Sideband,
    cpus: ReadonlyMap<number, number>,
  ) {
    this.#native = native;
    this.#sources = sources;
    this.#makeRoom = makeRoom;
    this.#firstEvent = eventsOf(sampler, []).length;
    const { program } = sampler;
    this.#settings = new CountSettings(sampler.map('stack_settings'), by, only);
    for (const [tid, pid] of only.onlyThreads ?? [])
      sampler.map('wanted_threads').set(u32Bytes(tid), u32Bytes(pid));
    const openOn = sources.flatMap((source): ((cpu: number) => CpuEvent)[] => {
      const open = source.openOn?.bind(source);
      return open === undefined ? [] : [open];
    });
    if (program !== undefined)
      openOn.unshift((cpu) => openCpuClock(native, program, frequencyHz, cpu));
    this.#cpus = new SampledCpus(native, openOn, sideband, cpus);
  }

  /** @throws SystemError when a CPU that is online cannot be sampled; whatever a source throws. */
  begin(): void {
    this.#settings.begin();
    let firstEvent = this.#firstEvent;
    for (const source of this.#sources) {
      this.#begun.push(source);
      source.begin?.({ native: this.#native, firstEvent, makeRoom: this.#makeRoom });
      firstEvent += source.events.length;
    }
    this.#cpus.start();
  }

  get changes(): CpuChanges {
    return this.#cpus.changes;
  }

  /** Leaves CPUs that went offline, takes those that came online. */
  followCpus(): void {
    this.#cpus.follow();
  }

  /** What CPUs do is not counted until this is taken back; what sources count by themselves goes on. */
  setPaused(isPaused: boolean): void {
    this.#cpus.setPaused(isPaused);
  }

  /**
   * Nothing is counted any more after so many milliseconds, though this process may be given no CPU then.
   * @throws SystemError EMFILE: too many descriptors; EAGAIN: too many threads.
   */
  endAfter(ms: number): void {
    this.#cpus.endAfter(ms);
    this.#settings.endAt(this.#now() + BigInt(Math.ceil(Math.max(ms, 0) * 1e6)));
  }

  /** Nothing is counted after it returns. */
  end(): void {
    // What goes on is counted until this moment, however long it takes.
    this.#settings.endAt(this.#now());
    this.#cpus[Symbol.dispose]();
    for (const source of this.#begun.splice(0)) source.end?.();
    this.#settings.end();
  }

  #now(): bigint {
    return clockNanoseconds(this.#native, 'monotonic');
  }
}

function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
