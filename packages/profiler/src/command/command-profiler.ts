// Samples one command and what it starts by perf events of its own, for who may load no BPF. Mappings, names and
// profiles are those of the profiler; what differs is who takes the samples, and that stacks are walked here.

import { unwindStop } from '@waggle/bpf';
import type { Procfs } from '@waggle/cache';
import { bootToRealtimeOffset, clockNanoseconds, type Native } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { BoundedMemory } from '../bounded-memory.ts';
import { Collections } from '../collections.ts';
import { AddressSpaces } from '../mappings/address-spaces.ts';
import { FileSystems, memoryDevice } from '../mappings/file-systems.ts';
import { JitMaps } from '../mappings/jit-maps.ts';
import { ObjectFiles } from '../mappings/object-files.ts';
import { ProcessMemory } from '../mappings/process-memory.ts';
import { RunningMappings } from '../mappings/running-mappings.ts';
import { TextCopies } from '../mappings/text-copies.ts';
import type { ProfilerConfig } from '../profiler-config.ts';
import type { StackCount } from '../sampling/stack-count.ts';
import { StackResolver } from '../stacks/stack-resolver.ts';
import { PerfMapClient } from '../symbolization/perf-map-client.ts';
import { SymbolizationClient } from '../symbolization/symbolization-client.ts';
import { Symbolizer } from '../symbolization/symbolizer.ts';
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
  readonly #spaces: AddressSpaces;
  readonly #objects: ObjectFiles;
  readonly #jitMaps: JitMaps;
  readonly #reader: SymbolizationClient;
  readonly #resolver: StackResolver;
  readonly #collections: Collections;
  readonly #memory: BoundedMemory;
  readonly #processMemory = new ProcessMemory();
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
    const clock = {
      monotonic: () => clockNanoseconds(native, 'monotonic'),
      boottime: () => clockNanoseconds(native, 'boottime'),
      toEpoch: () => bootToRealtimeOffset(native),
    };
    this.#processes = new SampledProcesses(pid, clock.boottime(), comm);
    this.#reader = new SymbolizationClient({ lines, ...(cacheDirectory && { cacheDirectory }) });
    const fileSystems = new FileSystems(procfs, memoryDevice(native));
    this.#objects = new ObjectFiles(
      { now: clock.boottime, toEpoch: clock.toEpoch },
      procfs,
      (ofPid, mapping) => fileSystems.mayNotAnswer(ofPid, mapping),
    );
    const copies = new TextCopies(
      (ofPid, mapping) => mapping.object ?? this.#objects.of(ofPid, mapping),
      this.#processMemory,
    );
    const symbolizer = new Symbolizer(this.#reader, this.#objects);
    this.#spaces = new AddressSpaces(
      (ofPid, mapping, time) => this.#objects.of(ofPid, mapping, time),
      {
        mapped: (image) => this.#jitMaps.mapped(image),
        dumpMapped: (image) => this.#jitMaps.dumpMapped(image),
        forked: (image) => this.#jitMaps.forked(image),
        original: (ofPid, mapping) => copies.original(ofPid, mapping),
        copyElsewhere: (ofPid, mapping, text) => copies.copyElsewhere(ofPid, mapping, text),
      },
    );
    this.#jitMaps = new JitMaps(
      this.#spaces,
      this.#objects,
      procfs,
      clock,
      new PerfMapClient(),
      () => this.#collections.waitingCode(),
      () => {},
      this.#processMemory,
    );
    this.#collections = new Collections(config, symbolizer, this.#jitMaps);
    this.#resolver = new StackResolver(this.#spaces, this.#objects, this.#jitMaps);
    this.#copied = unwindsByTables
      ? new CopiedStacks(this.#spaces, this.#objects, this.#reader)
      : undefined;
    this.#memory = new BoundedMemory(
      {
        spaces: this.#spaces,
        objects: this.#objects,
        jitMaps: this.#jitMaps,
        reader: this.#reader,
        symbolizer,
        tables: undefined,
        collector: () => this.#collections.current,
        alive: () => procfs.pids(),
      },
      () => this.#collections.heldFrames(),
      (ended) => this.#forget(ended, clock.boottime()),
    );
    using running = new RunningMappings(procfs, () => {});
    this.#spaces.seed(pid, running.read(pid));
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
    this.#jitMaps.refreshAtLast();
    for (const stack of (await this.#copied?.rest()) ?? []) this.#add(stack);
    return this.#collections.collect(this.#events.lost);
  }

  /** Reads no object any more: names that are not known yet are left out. */
  endNaming(): void {
    this.#reader.end();
    this.#jitMaps.endScanning();
  }

  [Symbol.dispose](): void {
    if (this.#isSampling) this.#events.end();
    this.#isSampling = false;
    clearInterval(this.#timer);
    this.#events[Symbol.dispose]();
    this.#jitMaps[Symbol.dispose]();
    this.#reader[Symbol.dispose]();
    this.#objects[Symbol.dispose]();
    this.#processMemory[Symbol.dispose]();
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
      if (record.type !== 'name') this.#spaces.apply(record);
    }
    for (const stack of this.#copied?.walk(waiting) ?? []) this.#add(stack);
    this.#jitMaps.refresh();
    this.#memory.keep();
  }

  #add(stack: StackCount): void {
    this.#collections.add(this.#resolver.resolve(stack));
  }

  #forget(pid: number, time: bigint): void {
    this.#jitMaps.end(pid, time, true);
    this.#spaces.forget(pid, time, true);
    this.#processes.forget(pid);
  }
}
