// The CPU profiler: samples every CPU, follows mappings, drains on a timer, and hands out what was
// collected. It runs from construction to close(); `cpu-profiler.ts` makes a plugin of it.

import { unwindStop } from '@waggle/bpf';
import { bootToRealtimeOffset, clockNanoseconds, cpuGenerations, RingBuffer } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { BoundedMemory } from './bounded-memory.ts';
import { Collections } from './collections.ts';
import { AddressSpaces } from './mappings/address-spaces.ts';
import { FileSystems, memoryDevice } from './mappings/file-systems.ts';
import { JitMaps } from './mappings/jit-maps.ts';
import { LostMappings } from './mappings/lost-mappings.ts';
import { ObjectFiles } from './mappings/object-files.ts';
import { readExecutableMappings } from './mappings/proc-maps.ts';
import { ProcessMemory } from './mappings/process-memory.ts';
import { RetiredImages } from './mappings/retired-images.ts';
import { Sideband } from './mappings/sideband.ts';
import { TextCopies } from './mappings/text-copies.ts';
import type { ProfilerConfig, ProfilerCounts } from './profiler-config.ts';
import type { ProfilerKernel } from './profiler-kernel.ts';
import { PollSchedule } from './sampling/poll-schedule.ts';
import { SampleMaps, type StackCount } from './sampling/sample-maps.ts';
import { SampledCpus } from './sampling/sampled-cpus.ts';
import { TakenIn } from './sampling/taken-in.ts';
import type { FrameCount } from './stacks/raw-stacks.ts';
import { processOf, StackResolver } from './stacks/stack-resolver.ts';
import { PerfMapClient } from './symbolization/perf-map-client.ts';
import { SymbolizationClient } from './symbolization/symbolization-client.ts';
import { Symbolizer } from './symbolization/symbolizer.ts';
import { DeferredSamples } from './unwinding/deferred-samples.ts';
import { DescribedCode } from './unwinding/described-code.ts';
import { GeneratedCode } from './unwinding/generated-code.ts';
import { GeneratedCodeTables } from './unwinding/generated-tables.ts';
import { UnwindTables } from './unwinding/unwind-tables.ts';

/** Short enough that a round's distinct stacks fit the maps, long enough to cost nothing. */
const ROUND_MS = 250;
/** At high rates taking samples in is more work than there is time for: the event loop gets its turn. */
const SLICE_MS = 50;
/** Stacks between two looks at the clock. */
const CHUNK = 64;
/** A program that has just fetched the map's number is done with it long before. */
const SWITCH_MS = 2;
/** What has no table by then after the end is walked by what there is. */
const LAST_TABLES_MS = 10_000;

/** Where stacks are walked by tables. */
interface Unwinding {
  readonly tables: UnwindTables;
  readonly described: DescribedCode;
  readonly deferred: DeferredSamples;
}

export class CpuProfiler {
  readonly #sideband: Sideband;
  readonly #objects: ObjectFiles;
  readonly #reader: SymbolizationClient;
  readonly #jitMaps: JitMaps;
  readonly #copies: TextCopies;
  readonly #spaces: AddressSpaces;
  readonly #maps: SampleMaps;
  readonly #resolver: StackResolver;
  readonly #symbolizer: Symbolizer;
  readonly #cpus: SampledCpus;
  readonly #lostMappings: LostMappings;
  readonly #unwinding: Unwinding | undefined;
  readonly #memory: BoundedMemory;
  readonly #processMemory = new ProcessMemory();
  readonly #evidence: PollSchedule;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #collections: Collections;
  readonly #retired = new RetiredImages();
  readonly #takenIn = new TakenIn();
  #sampling = true;
  /** The stacks of the round that is being taken in. */
  #draining: Iterator<StackCount> | undefined;
  #goOn: ReturnType<typeof setTimeout> | undefined;
  #restTaken = false;

  readonly #kernel: ProfilerKernel;
  readonly #config: ProfilerConfig;

  constructor(kernel: ProfilerKernel, config: ProfilerConfig) {
    this.#kernel = kernel;
    this.#config = config;
    const cpus = cpuGenerations();
    const { cacheDirectory, lines = false } = config;
    this.#reader = new SymbolizationClient({ lines, ...(cacheDirectory && { cacheDirectory }) });
    const fileSystems = new FileSystems(kernel.procfs, memoryDevice(kernel.native));
    this.#objects = new ObjectFiles(
      {
        now: () => clockNanoseconds(kernel.native, 'boottime'),
        toEpoch: () => bootToRealtimeOffset(kernel.native),
      },
      kernel.procfs,
      (pid, mapping) => fileSystems.mayNotAnswer(pid, mapping),
    );
    this.#symbolizer = new Symbolizer(this.#reader, this.#objects);
    this.#copies = new TextCopies(
      (pid, mapping) => mapping.object ?? this.#objects.of(pid, mapping),
      this.#processMemory,
    );
    this.#spaces = new AddressSpaces((pid, mapping, time) => this.#objects.of(pid, mapping, time), {
      mapped: (image) => this.#jitMaps.mapped(image),
      dumpMapped: (image) => this.#jitMaps.dumpMapped(image),
      forked: (image) => this.#jitMaps.forked(image),
      original: (pid, mapping) => this.#copies.original(pid, mapping),
      copyElsewhere: (pid, mapping, text) => this.#copies.copyElsewhere(pid, mapping, text),
    });
    const clock = {
      monotonic: () => clockNanoseconds(kernel.native, 'monotonic'),
      boottime: () => clockNanoseconds(kernel.native, 'boottime'),
      toEpoch: () => bootToRealtimeOffset(kernel.native),
    };
    this.#jitMaps = new JitMaps(
      this.#spaces,
      this.#objects,
      kernel.procfs,
      clock,
      new PerfMapClient(),
      () => this.#collections.waitingCode(),
      (space, may) => this.#unwinding?.described.set(space, may),
      this.#processMemory,
    );
    this.#collections = new Collections(config, this.#symbolizer, this.#jitMaps);
    this.#maps = new SampleMaps(kernel.sampler.map);
    this.#resolver = new StackResolver(this.#spaces, this.#objects, this.#jitMaps);
    this.#unwinding = this.#openUnwinding();
    const spaces = this.#spaces;
    const objects = this.#objects;
    const jitMaps = this.#jitMaps;
    const reader = this.#reader;
    const symbolizer = this.#symbolizer;
    this.#memory = new BoundedMemory(
      {
        ...{ spaces, objects, jitMaps, reader, symbolizer },
        collector: () => this.#collections.current,
        alive: () => kernel.procfs.pids(),
      },
      () => this.#collections.heldFrames(),
      (pid) => this.retire(pid, clockNanoseconds(kernel.native, 'boottime'), true),
    );
    // Sideband first, then /proc: a mapping made between the two is seen twice, never missed.
    this.#sideband = new Sideband(kernel.native, cpus.keys());
    const { native, sampler } = kernel;
    this.#cpus = new SampledCpus(native, sampler.program, config.frequencyHz, this.#sideband, cpus);
    this.#lostMappings = new LostMappings(
      this.#spaces,
      (pid) => readExecutableMappings(kernel.procfs, pid),
      () => clockNanoseconds(native, 'boottime'),
    );
    try {
      if (config.launcher !== undefined) this.#spaces.seed(config.launcher, []);
      for (const pid of config.pids())
        this.#spaces.seed(pid, readExecutableMappings(kernel.procfs, pid));
      this.#cpus.start();
    } catch (error) {
      this.#stopSampling();
      this.#sideband.close();
      throw error;
    }
    this.#timer = setInterval(() => this.#round(), ROUND_MS);
    this.#evidence = new PollSchedule(() => this.#takeEvidence());
  }

  /** The image ended then (CLOCK_BOOTTIME): forgotten once no sample of it can be left. */
  retire(pid: number, time: bigint, ended: boolean): void {
    this.#retired.add({ pid, time, ended });
    // The program that took its place may run for a moment only: its file is opened at once.
    if (!ended) this.#followMappings(false);
    this.#jitMaps.end(pid, time, ended);
    if (!ended) this.#evidence.wake();
  }

  /** Everything that was sampled before, in ms since the epoch, is known by whose it is. */
  get takenInUntil(): number {
    return this.#takenIn.until;
  }

  counts(): ProfilerCounts {
    const counts = this.#maps.counts();
    const { tables, deferred } = this.#unwinding ?? {};
    const deepWalks = deferred?.stops[unwindStop.STOP_TOO_DEEP] ?? 0;
    return {
      ...counts,
      userTruncated: counts.userTruncated + deepWalks,
      stops: counts.stops.map((count, stop) => count + (deferred?.stops[stop] ?? 0)),
      lostMappings: this.#sideband.lost,
      cpus: this.#cpus.changes,
      ...this.#collections.counts(),
      filesNotHeld: this.#objects.notHeld,
      unwindTables: tables?.stats(),
      clippedMaps: this.#jitMaps.clipped,
      unreadObjects: this.#symbolizer.unread,
    };
  }

  /**
   * Sampling ends after so many milliseconds, also on a host so busy that this process is given no CPU then;
   * stop() is called all the same.
   * @throws SystemError EMFILE: too many descriptors; EAGAIN: too many threads.
   */
  endAfter(ms: number): void {
    this.#cpus.endAfter(ms);
    this.#collections.endAt(performance.now() + ms);
  }

  /** Ends sampling: nothing is sampled after it returns. What was is still there to be collected. */
  stop(): void {
    if (!this.#sampling) return;
    this.#stopSampling();
    clearInterval(this.#timer);
    clearTimeout(this.#goOn);
    this.#evidence[Symbol.dispose]();
  }

  /**
   * Names and totals of everything sampled since the last collection, this moment included.
   * The next collection starts where this one ends.
   */
  async collect(): Promise<Profile> {
    await this.#catchUp();
    return this.#collections.collect(this.#maps.counts().lost);
  }

  /**
   * Reads no object any more: what is being collected, now or later, has the names that are known, and
   * `[object+0x…]` for the rest.
   */
  endNaming(): void {
    this.#reader.end();
    this.#jitMaps.endScanning();
  }

  /** Stacks one by one since the last collectRaw(). Empty unless `raw` was configured. */
  async collectRaw(): Promise<readonly FrameCount[]> {
    await this.#catchUp();
    return this.#collections.collectRaw();
  }

  close(): void {
    this.stop();
    this.#sideband.close();
    this.#unwinding?.deferred.close();
    this.#unwinding?.tables[Symbol.dispose]();
    this.#jitMaps[Symbol.dispose]();
    // Before the files are closed that it may be reading.
    this.#reader[Symbol.dispose]();
    this.#objects[Symbol.dispose]();
    this.#processMemory[Symbol.dispose]();
  }

  /** Takes in what was sampled until now. */
  async #catchUp(): Promise<void> {
    if (this.#sampling) {
      // Either map may hold samples: one drain each, with a switch between.
      this.#round(true);
      await new Promise((resolve) => {
        setTimeout(resolve, SWITCH_MS);
      });
      if (this.#sampling) this.#round(true);
    }
    this.#takeRest();
    await this.#lastTables();
  }

  /** Walks what waits for tables, if those are soon there. */
  async #lastTables(): Promise<void> {
    const deferred = this.#unwinding?.deferred;
    let isOver = false;
    const enough = setTimeout(() => {
      isOver = true;
      deferred?.hurry(true);
      this.#reader.leaveOut('unwind-table');
    }, LAST_TABLES_MS);
    do {
      await deferred?.settled();
      this.#takeDeferred();
    } while (!this.#sampling && deferred?.isWaiting === true);
    clearTimeout(enough);
    deferred?.hurry(false);
    // Names come next.
    if (isOver) this.#reader.leaveOut('unwind-table');
  }

  /** Once, after the end of sampling. */
  #takeRest(): void {
    if (this.#sampling || this.#restTaken) return;
    this.#restTaken = true;
    this.#followMappings(true);
    this.#jitMaps.refreshAtLast();
    this.#takeDeferred();
    this.#drainRound();
    for (const stack of this.#maps.rest()) this.#add(stack);
  }

  #openUnwinding(): Unwinding | undefined {
    const { native, sampler } = this.#kernel;
    if (!sampler.unwindsByTables) return undefined;
    const { unwindTableBytes } = this.#config;
    const tables = new UnwindTables(native, sampler.map, this.#reader, unwindTableBytes);
    const spaces = this.#spaces;
    const objects = this.#objects;
    const generated = new GeneratedCode(this.#jitMaps, new GeneratedCodeTables());
    return {
      tables,
      described: new DescribedCode(sampler.map),
      deferred: new DeferredSamples(
        new RingBuffer(native, sampler.map('deferred_samples')),
        spaces,
        objects,
        tables,
        this.#copies,
        generated,
        (pid, startTime) => this.#lostMappings.recover(pid, startTime),
        (sample) => this.#collections.current.rootsOf(processOf(sample)),
      ),
    };
  }

  /** What was mapped is looked at as often: a program may be gone, or another, a moment later. */
  #takeEvidence(): boolean {
    const mappings = this.#followMappings(false);
    return this.#takeDeferred(SLICE_MS) > 0 || mappings > 0 || this.#sideband.isBusy;
  }

  #takeDeferred(forMs?: number): number {
    const stacks = this.#unwinding?.deferred.read(() => this.#followMappings(true), forMs) ?? [];
    for (const stack of stacks) this.#add(stack);
    return stacks.length;
  }

  #add(stack: StackCount): void {
    this.#lostMappings.recover(stack.pid, stack.startTime);
    this.#collections.add(this.#resolver.resolve(stack));
  }

  /** @param all that was sampled in the round; else what there is time for, and the rest next time */
  #round(all = false): void {
    this.#cpus.follow();
    const mappings = this.#followMappings(all);
    // Code is moved and freed: an address is what the map says of it now, not at the end.
    this.#jitMaps.refresh();
    const forMs = all ? undefined : SLICE_MS;
    if (this.#takeDeferred(forMs) > 0 || mappings > 0 || this.#sideband.isBusy)
      this.#evidence.wake();
    if (this.#draining === undefined) {
      this.#draining = this.#maps.nextRound();
      this.#takenIn.beganRound();
    }
    if (!this.#drainRound(forMs)) {
      this.#goOn ??= setTimeout(() => {
        this.#goOn = undefined;
        if (this.#sampling) this.#round();
      }, 0);
      return;
    }
    this.#takenIn.endedRound(this.#unwinding?.deferred.takenInUntil ?? Number.POSITIVE_INFINITY);
    this.#forgetRetired();
    this.#memory.keep();
  }

  /** Returns whether that was all of the round. */
  #drainRound(forMs = Number.POSITIVE_INFINITY): boolean {
    const deadline = performance.now() + forMs;
    for (let taken = 1; this.#draining !== undefined; taken++) {
      const { value, done } = this.#draining.next();
      if (done === true) this.#draining = undefined;
      else this.#add(value);
      if (taken % CHUNK === 0 && performance.now() > deadline) break;
    }
    return this.#draining === undefined;
  }

  #forgetRetired(): void {
    const waiting = () => this.#unwinding?.deferred.waitingPids();
    for (const { pid, time, ended } of this.#retired.endRound(waiting)) {
      this.#spaces.forget(pid, time, ended);
      if (ended) this.#lostMappings.forget(pid);
    }
  }

  /** Returns how many records there were. */
  #followMappings(all: boolean): number {
    const records = this.#sideband.read(all);
    for (const record of records) {
      this.#spaces.apply(record);
      if (record.type === 'mapping') this.#unwinding?.tables.replaced(record.pid, record.mapping);
    }
    const lostSince = this.#sideband.takeLoss();
    if (lostSince !== undefined) this.#lostMappings.lost(lostSince);
    return records.length;
  }

  #stopSampling(): void {
    this.#sampling = false;
    this.#cpus[Symbol.dispose]();
  }
}
