/**
 * The CPUs that are sampled. Events belong to a CPU and end when it goes offline; whenever one comes
 * online it is looked at anew, at each round of the profiler: see cpuGenerations().
 */

import { cpuGenerations, disableAfter, type Native, SystemError } from '@waggle/ffi';
import { type Sideband, whereOnline } from '../mappings/sideband.ts';
import type { CpuEvent } from './stack-source.ts';

export interface CpuChanges {
  /** CPUs that came online while sampling: sampled since the next round, in a quarter of a second. */
  readonly came: readonly number[];
  readonly wentOffline: readonly number[];
  /** Those that are online and not sampled, with the reason. */
  readonly unsampled: ReadonlyMap<number, string>;
}

export class SampledCpus implements Disposable {
  readonly #sampled = new Map<number, readonly CpuEvent[]>();
  #end: Disposable | undefined;
  #isPaused = false;
  readonly #came = new Set<number>();
  readonly #wentOffline = new Set<number>();
  readonly #unsampled = new Map<number, string>();

  readonly #native: Native;
  readonly #openOn: readonly ((cpu: number) => CpuEvent)[];
  readonly #sideband: Sideband;
  #generations: ReadonlyMap<number, number>;
  readonly #read: () => ReadonlyMap<number, number>;

  constructor(
    native: Native,
    /** What is opened on each of them. */
    openOn: readonly ((cpu: number) => CpuEvent)[],
    sideband: Sideband,
    generations: ReadonlyMap<number, number>,
    read: () => ReadonlyMap<number, number> = cpuGenerations,
  ) {
    this.#native = native;
    this.#openOn = openOn;
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

  /** No CPU is sampled until this is taken back, those that come online neither. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const opened of this.#sampled.values())
      for (const { event } of opened) whereOnline(() => this.#switch(event));
  }

  #switch(event: CpuEvent['event']): void {
    if (this.#isPaused) event.disable();
    else event.enable();
  }

  /**
   * Those that are sampled now are not sampled any more after so many milliseconds, though this process may
   * be given no CPU then. Once at most.
   * @throws SystemError EMFILE: too many descriptors; EAGAIN: too many threads.
   */
  endAfter(ms: number): void {
    const events = [...this.#sampled.values()].flatMap((opened) =>
      opened.map(({ event }) => event),
    );
    if (events.length > 0) this.#end ??= disableAfter(this.#native, events, ms);
  }

  [Symbol.dispose](): void {
    this.#end?.[Symbol.dispose]();
    for (const opened of this.#sampled.values()) for (const { link } of opened) link.close();
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
    for (const { link } of this.#sampled.get(cpu) ?? []) link.close();
    this.#sampled.delete(cpu);
    this.#sideband.remove(cpu);
  }

  #sample(cpu: number): void {
    const opened: CpuEvent[] = [];
    try {
      for (const open of this.#openOn) opened.push(open(cpu));
    } catch (error) {
      for (const { link } of opened) link.close();
      throw error;
    }
    this.#sampled.set(cpu, opened);
    if (this.#isPaused) for (const { event } of opened) event.disable();
  }
}
