/**
 * Samples one command and what it starts by perf events of its own, for who may load no BPF. Mappings, names and
 * profiles are those of the profiler; what differs is who takes the samples, and that stacks are walked here.
 */

import { unwindStop } from '@waggle/bpf';
import type { Procfs } from '@waggle/cache';
import { clockNanoseconds, type Native } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { BoundedMemory } from '../bounded-memory.ts';
import { Collections } from '../collections.ts';
import { MappedCode } from '../mapped-code.ts';
import { RunningMappings } from '../mappings/running-mappings.ts';
import type { ProfilerConfig } from '../profiler-config.ts';
import type { StackCount } from '../sampling/stack-count.ts';
import { StackResolver } from '../stacks/stack-resolver.ts';
import { SymbolizationClient } from '../symbolization/symbolization-client.ts';
import { CommandEvents } from './command-events.ts';
import { CopiedStacks, type Sampled } from './copied-stacks.ts';
import { SampledProcesses } from './sampled-processes.ts';

/** A ring has room for some 30 copied stacks: 1,000 samples a second for so long. */
const ROUND_MS = 25;

export interface CommandProfilerConfig
  extends Pick<
    ProfilerConfig,
    'frequencyHz' | 'command' | 'rootFrames' | 'labels' | 'lines' | 'cacheDirectory'
  > {
  /** The command, which has not run yet: it stands before its first instruction. */
  readonly pid: number;
  /** Its name, until it takes another. */
  readonly comm: string;
  /** By call frame information, not by frame pointers alone. */
  readonly unwindsByTables: boolean;
}

export interface CommandProfilerCounts {
  readonly samples: number;
  /** Records that had no room, samples or others. */
  readonly lost: number;
  /** Why walks by tables ended, by enum unwind_stop. */
  readonly stops: readonly number[];
}

export class CommandProfiler implements Disposable {
  readonly #events: CommandEvents;
  readonly #processes: SampledProcesses;
  readonly #code: MappedCode;
  readonly #resolver: StackResolver;
  readonly #collections: Collections;
  readonly #memory: BoundedMemory;
  readonly #copied: CopiedStacks | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  #samples = 0;
  #isSampling = true;

  /**
   * Samples from now on.
   * @throws SystemError EACCES, EPERM: kernel.perf_event_paranoid does not allow it; ESRCH: the process is gone
   */
  constructor(native: Native, procfs: Procfs, config: CommandProfilerConfig) {
    const { pid, comm, frequencyHz, lines = false, cacheDirectory, unwindsByTables } = config;
    this.#events = new CommandEvents(native, { pid, frequencyHz, withStacks: unwindsByTables });
    const now = () => clockNanoseconds(native, 'boottime');
    this.#processes = new SampledProcesses(pid, now(), comm);
    const reader = new SymbolizationClient({ lines, cacheDirectory });
    this.#code = new MappedCode({
      ...{ native, procfs, reader },
      waiting: () => this.#collections.waitingCode(),
    });
    const { spaces, objects, jitMaps, symbolizer } = this.#code;
    this.#collections = new Collections(config, symbolizer, jitMaps);
    this.#resolver = new StackResolver(spaces, objects, jitMaps);
    this.#copied = unwindsByTables ? new CopiedStacks(spaces, objects, reader) : undefined;
    this.#memory = new BoundedMemory(
      {
        ...{ spaces, objects, jitMaps, reader, symbolizer },
        tables: undefined,
        collector: () => this.#collections.current,
        alive: () => procfs.pids(),
      },
      () => this.#collections.heldFrames(),
      (ended) => this.#forget(ended, now()),
    );
    using running = new RunningMappings(procfs, () => {});
    spaces.seed(pid, running.read(pid));
    this.#events.begin();
    this.#timer = setInterval(() => this.#round(), ROUND_MS);
  }

  /** Whether stacks have their part in the kernel too. */
  get withKernel(): boolean {
    return this.#events.withKernel;
  }

  counts(): CommandProfilerCounts {
    return {
      samples: this.#samples,
      lost: this.#events.lost,
      stops: this.#copied?.stops ?? [],
    };
  }

  /** Ends sampling. What was sampled can be collected. */
  stop(): void {
    if (!this.#isSampling) return;
    this.#isSampling = false;
    this.#events.end();
    clearInterval(this.#timer);
    this.#round(true);
  }

  /** Ends sampling, names what was sampled, and sums it up. */
  async collect(): Promise<Profile> {
    this.stop();
    this.#code.jitMaps.refreshAtLast();
    for (const stack of (await this.#copied?.rest()) ?? []) this.#add(stack);
    return this.#collections.collect(this.#events.lost);
  }

  /** Reads no object any more: names that are not known yet are left out. */
  endNaming(): void {
    this.#code.endNaming();
  }

  [Symbol.dispose](): void {
    if (this.#isSampling) this.#events.end();
    this.#isSampling = false;
    clearInterval(this.#timer);
    this.#events[Symbol.dispose]();
    this.#code[Symbol.dispose]();
  }

  #round(all = false): void {
    const waiting: Sampled[] = [];
    for (const record of this.#events.read(all)) {
      if (record.type === 'sample') {
        this.#samples++;
        const stack = this.#processes.stackOf(record, unwindStop.STOP_NOT_WALKED);
        if (this.#copied === undefined) this.#add(stack);
        else waiting.push({ sample: record, stack });
        continue;
      }
      this.#processes.apply(record);
      if (record.type !== 'name') this.#code.spaces.apply(record);
    }
    for (const stack of this.#copied?.walk(waiting) ?? []) this.#add(stack);
    this.#code.jitMaps.refresh();
    this.#memory.keep();
  }

  #add(stack: StackCount): void {
    this.#collections.add(this.#resolver.resolve(stack));
  }

  #forget(pid: number, time: bigint): void {
    this.#code.jitMaps.end(pid, time, true);
    this.#code.spaces.forget(pid, time, true);
    this.#processes.forget(pid);
  }
}
