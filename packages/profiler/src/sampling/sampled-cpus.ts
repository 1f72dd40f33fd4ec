// The CPUs that are sampled. Events belong to a CPU and end when it goes offline; whenever one comes
// online it is looked at anew, at each round of the profiler: see cpuGenerations().

import {
  type BpfLink,
  type BpfProgram,
  cpuGenerations,
  disableAfter,
  type Native,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  SystemError,
} from '@waggle/ffi';
import { type Sideband, whereOnline } from '../mappings/sideband.ts';

export interface CpuChanges {
  /** CPUs that came online while sampling: sampled since the next round, in a quarter of a second. */
  readonly came: readonly number[];
  readonly wentOffline: readonly number[];
  /** Those that are online and not sampled, with the reason. */
  readonly unsampled: ReadonlyMap<number, string>;
}

export class SampledCpus implements Disposable {
  readonly #sampled = new Map<number, { readonly event: PerfEvent; readonly link: BpfLink }>();
  #end: Disposable | undefined;
  readonly #came = new Set<number>();
  readonly #wentOffline = new Set<number>();
  readonly #unsampled = new Map<number, string>();

  readonly #native: Native;
  readonly #program: BpfProgram;
  readonly #frequencyHz: number;
  readonly #sideband: Sideband;
  #generations: ReadonlyMap<number, number>;
  readonly #read: () => ReadonlyMap<number, number>;

  constructor(
    native: Native,
    program: BpfProgram,
    frequencyHz: number,
    sideband: Sideband,
    generations: ReadonlyMap<number, number>,
    read: () => ReadonlyMap<number, number> = cpuGenerations,
  ) {
    this.#native = native;
    this.#program = program;
    this.#frequencyHz = frequencyHz;
    this.#sideband = sideband;
    this.#generations = generations;
    this.#read = read;
  }

  /** @throws SystemError when one that is online cannot be sampled. */
  start(): void {
    for (const cpu of this.#generations.keys()) whereOnline(() => this.#sample(cpu));
  }

  get changes(): CpuChanges {
    return {
      came: [...this.#came],
      wentOffline: [...this.#wentOffline],
      unsampled: this.#unsampled,
    };
  }

  /** Leaves those that went offline, takes those that came online. */
  follow(): void {
    const now = this.#read();
    for (const [cpu, generation] of this.#generations) {
      if (now.get(cpu) === generation) continue;
      this.#wentOffline.add(cpu);
      this.#leave(cpu);
    }
    for (const [cpu, generation] of now) {
      const isNew = this.#generations.get(cpu) !== generation;
      if (isNew) this.#came.add(cpu);
      // One that could not be sampled is tried again.
      if (isNew || this.#unsampled.has(cpu)) this.#take(cpu);
    }
    this.#generations = now;
  }

  /**
   * Those that are sampled now are not sampled any more after so many milliseconds, though this process may
   * be given no CPU then. Once at most.
   * @throws SystemError EMFILE: too many descriptors; EAGAIN: too many threads.
   */
  endAfter(ms: number): void {
    const events = [...this.#sampled.values()].map(({ event }) => event);
    this.#end ??= disableAfter(this.#native, events, ms);
  }

  [Symbol.dispose](): void {
    this.#end?.[Symbol.dispose]();
    for (const { link } of this.#sampled.values()) link.close();
    this.#sampled.clear();
  }

  #take(cpu: number): void {
    try {
      this.#leave(cpu);
      this.#sideband.add(cpu);
      // What was mapped before this moment nobody has told.
      this.#sideband.missedSome();
      this.#sample(cpu);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#leave(cpu);
      // Offline again, or not quite online: the next look tells.
      this.#unsampled.set(cpu, error.message);
    }
  }

  #leave(cpu: number): void {
    this.#unsampled.delete(cpu);
    this.#sampled.get(cpu)?.link.close();
    this.#sampled.delete(cpu);
    this.#sideband.remove(cpu);
  }

  #sample(cpu: number): void {
    const attributes = {
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_CPU_CLOCK,
      frequencyHz: this.#frequencyHz,
      flags: ['disabled'],
    } as const;
    const event = PerfEvent.open(this.#native, attributes, { pid: -1, cpu });
    try {
      this.#sampled.set(cpu, { event, link: this.#program.attachPerfEvent(event) });
    } catch (error) {
      event.close();
      throw error;
    }
  }
}
