// The CPU profiler over an open session: samples every CPU, follows mappings, drains on a
// timer, and makes the profile at the end.

import { hostname } from 'node:os';
import { SAMPLE_PROGRAM } from '@waggle/bpf';
import {
  type BpfLink,
  PERF_COUNT_SW_CPU_CLOCK,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  SystemError,
} from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { KernelSymbols } from '@waggle/symbols';
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';
import type { WaggleError } from '../errors/errors.ts';
import { toWaggleError } from '../errors/from-native.ts';
import type { LifecycleSession } from '../lifecycle/lifecycle-session.ts';
import { AddressSpaces } from './address-spaces.ts';
import { onlineCpus } from './cpus.ts';
import { ObjectFiles } from './object-files.ts';
import { readExecutableMappings } from './proc-maps.ts';
import { type SampleCounts, SampleMaps } from './sample-maps.ts';
import { SideBand } from './side-band.ts';
import { StackCollector } from './stack-collector.ts';
import { Symbolizer } from './symbolizer.ts';

/** Short enough that a round's distinct stacks fit the maps, long enough to cost nothing. */
const ROUND_MS = 250;
const MIN_ENTRIES = 1024;
const MAX_ENTRIES = 16_384;

export interface ProfilerConfig {
  readonly frequencyHz: number;
  /** Processes that run already, whose mappings are read from /proc. */
  readonly pids: readonly number[];
  /** Our own pid when a command is about to be started. */
  readonly launcher?: number;
  /** For the profile's title. */
  readonly command?: string;
}

export interface ProfilerCounts extends SampleCounts {
  /** Mapping records that were lost: some frames may stay without a name. */
  readonly lostMappings: number;
}

export interface Profiler {
  counts(): ProfilerCounts;
  /** Ends sampling. Nothing is sampled after it returns. */
  stop(): void;
  /** Names and totals of everything sampled; after stop(). */
  profile(): Profile;
}

/** Room in each counting map: twice what one round can sample if no stack comes twice. */
export function sampleEntries(frequencyHz: number, cpus = onlineCpus().length): number {
  const perRound = (frequencyHz * cpus * ROUND_MS) / 1000;
  const entries = 2 ** Math.ceil(Math.log2(2 * perRound));
  return Math.min(Math.max(entries, MIN_ENTRIES), MAX_ENTRIES);
}

/** Starts sampling; every CPU is sampled when it returns. Ends with the scope. */
export const startProfiler = Effect.fnUntraced(function* (
  session: LifecycleSession,
  config: ProfilerConfig,
): Effect.fn.Return<Profiler, WaggleError, Scope.Scope> {
  return yield* Effect.acquireRelease(
    Effect.try({ try: () => new CpuProfiler(session, config), catch: toWaggleError }),
    (profiler) => Effect.sync(() => profiler.close()),
  );
});

class CpuProfiler implements Profiler {
  private readonly sideBand: SideBand;
  private readonly objects = new ObjectFiles();
  private readonly spaces: AddressSpaces;
  private readonly maps: SampleMaps;
  private readonly collector: StackCollector;
  private readonly links: BpfLink[] = [];
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly startTime = new Date();
  private readonly startedAt = performance.now();
  private durationSeconds = 0;
  private sampling = true;

  constructor(
    private readonly session: LifecycleSession,
    private readonly config: ProfilerConfig,
  ) {
    const cpus = onlineCpus();
    this.spaces = new AddressSpaces((pid, mapping) => this.objects.of(pid, mapping));
    this.maps = new SampleMaps(session.programs.object);
    this.collector = new StackCollector(this.spaces, this.objects);
    // Side-band first, then /proc: a mapping made between the two is seen twice, never missed.
    this.sideBand = new SideBand(session.native, cpus);
    try {
      if (config.launcher !== undefined) this.spaces.seed(config.launcher, []);
      for (const pid of config.pids) this.spaces.seed(pid, readExecutableMappings(pid));
      for (const cpu of cpus) this.sample(cpu);
    } catch (error) {
      this.stopSampling();
      this.sideBand.close();
      throw error;
    }
    this.timer = setInterval(() => this.round(), ROUND_MS);
  }

  counts(): ProfilerCounts {
    return { ...this.maps.counts(), lostMappings: this.sideBand.lost };
  }

  stop(): void {
    if (!this.sampling) return;
    this.stopSampling();
    clearInterval(this.timer);
    this.durationSeconds = (performance.now() - this.startedAt) / 1000;
    this.followMappings(true);
    for (const stack of this.maps.rest()) this.collector.add(stack);
  }

  profile(): Profile {
    const { lost } = this.maps.counts();
    return this.collector.profile(new Symbolizer(() => KernelSymbols.read()), {
      host: hostname(),
      frequencyHz: this.config.frequencyHz,
      startTime: this.startTime,
      durationSeconds: this.durationSeconds,
      samples: this.collector.samples,
      lostSamples: lost,
      ...(this.config.command === undefined ? {} : { command: this.config.command }),
    });
  }

  close(): void {
    this.stop();
    this.sideBand.close();
    this.objects[Symbol.dispose]();
  }

  private sample(cpu: number): void {
    const attributes = {
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_CPU_CLOCK,
      frequencyHz: this.config.frequencyHz,
      flags: ['disabled'],
    } as const;
    let event: PerfEvent;
    try {
      event = PerfEvent.open(this.session.native, attributes, { pid: -1, cpu });
    } catch (error) {
      // Taken offline since the list was read.
      if (error instanceof SystemError && error.code === 'ENODEV') return;
      throw error;
    }
    try {
      this.links.push(this.session.programs.object.program(SAMPLE_PROGRAM).attachPerfEvent(event));
    } catch (error) {
      event.close();
      throw error;
    }
  }

  private round(): void {
    this.followMappings(false);
    for (const stack of this.maps.nextRound()) this.collector.add(stack);
  }

  private followMappings(all: boolean): void {
    for (const record of this.sideBand.read(all)) this.spaces.apply(record);
  }

  private stopSampling(): void {
    this.sampling = false;
    for (const link of this.links.splice(0)) link.close();
  }
}
