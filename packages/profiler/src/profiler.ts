// The CPU profiler: samples every CPU, follows mappings, drains on a timer, and hands out what was
// collected. It runs from construction to close(); `cpu-profiler.ts` makes a plugin of it.

import { hostname } from 'node:os';
import { unwindStop } from '@waggle/bpf';
import { bootToRealtimeOffset, clockNanoseconds, cpuGenerations, RingBuffer } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { BoundedMemory } from './bounded-memory.ts';
import type { Frame } from './frames/frame-table.ts';
import { AddressSpaces } from './mappings/address-spaces.ts';
import type { SampledCode } from './mappings/jit-image.ts';
import { JitMaps } from './mappings/jit-maps.ts';
import { LostMappings } from './mappings/lost-mappings.ts';
import { ObjectFiles } from './mappings/object-files.ts';
import { readExecutableMappings } from './mappings/proc-maps.ts';
import { Sideband } from './mappings/sideband.ts';
import { TextCopies } from './mappings/text-copies.ts';
import type { ProfilerKernel } from './profiler-kernel.ts';
import { PollSchedule } from './sampling/poll-schedule.ts';
import { type SampleCounts, SampleMaps, type StackCount } from './sampling/sample-maps.ts';
import { type CpuChanges, SampledCpus } from './sampling/sampled-cpus.ts';
import { type FrameCount, toFrameCounts } from './stacks/raw-stacks.ts';
import { type RootFrames, StackCollector } from './stacks/stack-collector.ts';
import { type ResolvedStack, StackResolver } from './stacks/stack-resolver.ts';
import { PerfMapClient } from './symbolization/perf-map-client.ts';
import { SymbolizationClient } from './symbolization/symbolization-client.ts';
import { Symbolizer, type UnreadObjects } from './symbolization/symbolizer.ts';
import { DeferredSamples } from './unwinding/deferred-samples.ts';
import { DescribedCode } from './unwinding/described-code.ts';
import { GeneratedCode } from './unwinding/generated-code.ts';
import { GeneratedCodeTables } from './unwinding/generated-tables.ts';
import { type UnwindTableStats, UnwindTables } from './unwinding/unwind-tables.ts';

/** Short enough that a round's distinct stacks fit the maps, long enough to cost nothing. */
const ROUND_MS = 250;
const ROUNDS_UNTIL_FORGOTTEN = 3;
/** At high rates taking samples in is more work than there is time for: the event loop gets its turn. */
const SLICE_MS = 50;
/** Stacks between two looks at the clock. */
const CHUNK = 64;
/** A program that has just fetched the map's number is done with it long before. */
const SWITCH_MS = 2;
/** What has no table by then after the end is walked by what there is. */
const LAST_TABLES_MS = 10_000;

export interface ProfilerConfig {
  readonly frequencyHz: number;
  /** Processes that run already, whose mappings are read from /proc. */
  readonly pids: () => readonly number[];
  /** Our own pid when a command is about to be started. */
  readonly launcher?: number | undefined;
  /** For the profile's title. */
  readonly command?: string | undefined;
  readonly rootFrames?: RootFrames | undefined;
  /** Source places and inlined functions, from DWARF. */
  readonly lines?: boolean | undefined;
  /** Keeps stacks one by one for collectRaw(). */
  readonly raw?: boolean | undefined;
  /** Where symbol and unwind tables are kept for the next session. */
  readonly cacheDirectory?: string | undefined;
  /** Of the kernel, for unwind tables. */
  readonly unwindTableBytes?: number | undefined;
}

/** Where stacks are walked by tables. */
interface Unwinding {
  readonly tables: UnwindTables;
  readonly described: DescribedCode;
  readonly deferred: DeferredSamples;
}

interface Retired {
  readonly pid: number;
  readonly time: bigint;
  readonly ended: boolean;
  readonly round: number;
}

export interface ProfilerCounts extends SampleCounts {
  /** Mapping records that were lost: some frames may stay without a name. */
  readonly lostMappings: number;
  /** In `[other]`, since there were too many different stacks. */
  readonly otherSamples: number;
  /** Of generated code whose names were not waited for: there were too many different stacks of it. */
  readonly earlySamples: number;
  /** There were so many different stacks that only functions were told apart from then on. */
  readonly leftOutAddresses: boolean;
  /** Files that were not held open, since too many were: deleted ones have no names. */
  readonly filesNotHeld: number;
  /** Of CPUs that came or went while sampling. */
  readonly cpus: CpuChanges;
  /** Undefined when frame pointers are followed. */
  readonly unwindTables: UnwindTableStats | undefined;
  /** Program images whose perf map or jitdump says more than is kept. */
  readonly clippedMaps: number;
  /** Objects whose names were left out, since the start. */
  readonly unreadObjects: UnreadObjects;
}

export class CpuProfiler {
  private readonly sideband: Sideband;
  private readonly objects: ObjectFiles;
  private readonly reader: SymbolizationClient;
  private readonly jitMaps: JitMaps;
  private readonly copies: TextCopies;
  private readonly spaces: AddressSpaces;
  private readonly maps: SampleMaps;
  private readonly resolver: StackResolver;
  private readonly symbolizer: Symbolizer;
  private readonly cpus: SampledCpus;
  private readonly lostMappings: LostMappings;
  private readonly unwinding: Unwinding | undefined;
  private readonly memory: BoundedMemory;
  private readonly evidence: PollSchedule;
  private readonly timer: ReturnType<typeof setInterval>;
  private collector: StackCollector;
  private raw: ResolvedStack[] = [];
  private startTime = new Date();
  private startedAt = performance.now();
  private lostBefore = 0;
  private rounds = 0;
  private retired: Retired[] = [];
  private sampling = true;
  /** The stacks of the round that is being taken in. */
  private draining: Iterator<StackCount> | undefined;
  private goOn: ReturnType<typeof setTimeout> | undefined;
  private restTaken = false;
  /** Frames of collections that are getting their names. */
  private readonly collecting = new Set<() => Iterable<Frame>>();
  private otherSamples = 0;
  private earlySamples = 0;
  private isCoarse = false;

  constructor(
    private readonly kernel: ProfilerKernel,
    private readonly config: ProfilerConfig,
  ) {
    const cpus = cpuGenerations();
    this.collector = new StackCollector(config.rootFrames);
    const { cacheDirectory, lines = false } = config;
    this.reader = new SymbolizationClient({ lines, ...(cacheDirectory && { cacheDirectory }) });
    this.objects = new ObjectFiles(
      {
        now: () => clockNanoseconds(kernel.native, 'boottime'),
        toEpoch: () => bootToRealtimeOffset(kernel.native),
      },
      kernel.procfs,
    );
    this.symbolizer = new Symbolizer(this.reader, this.objects);
    this.copies = new TextCopies((pid, mapping) => mapping.object ?? this.objects.of(pid, mapping));
    this.spaces = new AddressSpaces((pid, mapping, time) => this.objects.of(pid, mapping, time), {
      mapped: (image) => this.jitMaps.mapped(image),
      dumpMapped: (image) => this.jitMaps.dumpMapped(image),
      forked: (image) => this.jitMaps.forked(image),
      original: (pid, mapping) => this.copies.original(pid, mapping),
      copyElsewhere: (pid, mapping, text) => this.copies.copyElsewhere(pid, mapping, text),
    });
    const clock = {
      monotonic: () => clockNanoseconds(kernel.native, 'monotonic'),
      boottime: () => clockNanoseconds(kernel.native, 'boottime'),
      toEpoch: () => bootToRealtimeOffset(kernel.native),
    };
    this.jitMaps = new JitMaps(
      this.spaces,
      this.objects,
      kernel.procfs,
      clock,
      new PerfMapClient(),
      () => this.waitingCode(),
      (space, may) => this.unwinding?.described.set(space, may),
    );
    this.maps = new SampleMaps(kernel.sampler.map);
    this.resolver = new StackResolver(this.spaces, this.objects, this.jitMaps);
    this.unwinding = this.openUnwinding();
    const { spaces, objects, jitMaps, reader, symbolizer } = this;
    this.memory = new BoundedMemory(
      {
        ...{ spaces, objects, jitMaps, reader, symbolizer },
        collector: () => this.collector,
        alive: () => kernel.procfs.pids(),
      },
      () => this.heldFrames(),
      (pid) => this.retire(pid, clockNanoseconds(kernel.native, 'boottime'), true),
    );
    // Side-band first, then /proc: a mapping made between the two is seen twice, never missed.
    this.sideband = new Sideband(kernel.native, cpus.keys());
    const { native, sampler } = kernel;
    this.cpus = new SampledCpus(native, sampler.program, config.frequencyHz, this.sideband, cpus);
    this.lostMappings = new LostMappings(
      this.spaces,
      (pid) => readExecutableMappings(kernel.procfs, pid),
      () => clockNanoseconds(native, 'boottime'),
    );
    try {
      if (config.launcher !== undefined) this.spaces.seed(config.launcher, []);
      for (const pid of config.pids())
        this.spaces.seed(pid, readExecutableMappings(kernel.procfs, pid));
      this.cpus.start();
    } catch (error) {
      this.stopSampling();
      this.sideband.close();
      throw error;
    }
    this.timer = setInterval(() => this.round(), ROUND_MS);
    this.evidence = new PollSchedule(() => this.takeEvidence());
  }

  /** The image ended then (CLOCK_BOOTTIME): forgotten once no sample of it can be left. */
  retire(pid: number, time: bigint, ended: boolean): void {
    this.retired.push({ pid, time, ended, round: this.rounds });
    // The program that took its place may run for a moment only: its file is opened at once.
    if (!ended) this.followMappings(false);
    this.jitMaps.end(pid, time, ended);
    if (!ended) this.evidence.wake();
  }

  counts(): ProfilerCounts {
    const counts = this.maps.counts();
    const { tables, deferred } = this.unwinding ?? {};
    const deepWalks = deferred?.stops[unwindStop.STOP_TOO_DEEP] ?? 0;
    return {
      ...counts,
      userTruncated: counts.userTruncated + deepWalks,
      stops: counts.stops.map((count, stop) => count + (deferred?.stops[stop] ?? 0)),
      lostMappings: this.sideband.lost,
      cpus: this.cpus.changes,
      otherSamples: this.otherSamples + this.collector.otherSamples,
      earlySamples: this.earlySamples + this.collector.earlySamples,
      leftOutAddresses: this.isCoarse || this.collector.isCoarse,
      filesNotHeld: this.objects.notHeld,
      unwindTables: tables?.stats(),
      clippedMaps: this.jitMaps.clipped,
      unreadObjects: this.symbolizer.unread,
    };
  }

  /** Ends sampling: nothing is sampled after it returns. What was is still there to be collected. */
  stop(): void {
    if (!this.sampling) return;
    this.stopSampling();
    clearInterval(this.timer);
    clearTimeout(this.goOn);
    this.evidence[Symbol.dispose]();
  }

  /**
   * Names and totals of everything sampled since the last collection, this moment included.
   * The next collection starts where this one ends.
   */
  async collect(): Promise<Profile> {
    await this.catchUp();
    const { lost } = this.maps.counts();
    const { collector, startTime, startedAt } = this;
    const now = performance.now();
    this.collector = new StackCollector(this.config.rootFrames);
    this.startTime = new Date();
    this.startedAt = now;
    const lostSamples = lost - this.lostBefore;
    this.lostBefore = lost;
    const stacks = await this.named(
      () => collector.waiting(),
      () => collector.profileStacks(this.symbolizer),
    );
    this.otherSamples += collector.otherSamples;
    this.earlySamples += collector.earlySamples;
    this.isCoarse ||= collector.isCoarse;
    this.jitMaps.forgetUnused();
    return {
      stacks,
      metadata: {
        host: hostname(),
        frequencyHz: this.config.frequencyHz,
        startTime,
        durationSeconds: (now - startedAt) / 1000,
        samples: collector.samples,
        lostSamples,
        ...(this.config.command === undefined ? {} : { command: this.config.command }),
      },
    };
  }

  /**
   * Reads no object any more: what is being collected, now or later, has the names that are known, and
   * `[object+0x…]` for the rest.
   */
  endNaming(): void {
    this.reader.end();
    this.jitMaps.endScanning();
  }

  /** Stacks one by one since the last collectRaw(). Empty unless `raw` was configured. */
  async collectRaw(): Promise<readonly FrameCount[]> {
    await this.catchUp();
    const { raw } = this;
    this.raw = [];
    return this.named(
      () => framesOf(raw),
      () => toFrameCounts(raw, this.symbolizer),
    );
  }

  private *waitingCode(): Generator<SampledCode> {
    yield* namelessCode(this.collector.waiting());
    yield* namelessCode(framesOf(this.raw));
  }

  /**
   * With all that there is to say about generated code, as a collection that takes its own time. Files of
   * the frames are needed until then.
   */
  private async named<Result>(
    frames: () => Iterable<Frame>,
    name: () => Promise<Result>,
  ): Promise<Result> {
    this.collecting.add(frames);
    try {
      await this.jitMaps.finish(namelessCode(frames()));
      this.symbolizer.renewTime();
      return await name();
    } finally {
      this.collecting.delete(frames);
    }
  }

  close(): void {
    this.stop();
    this.sideband.close();
    this.unwinding?.deferred.close();
    this.unwinding?.tables[Symbol.dispose]();
    this.jitMaps[Symbol.dispose]();
    // Before the files are closed that it may be reading.
    this.reader[Symbol.dispose]();
    this.objects[Symbol.dispose]();
  }

  private *heldFrames(): Generator<Frame> {
    yield* framesOf(this.raw);
    for (const frames of this.collecting) yield* frames();
  }

  /** Takes in what was sampled until now. */
  private async catchUp(): Promise<void> {
    if (this.sampling) {
      // Either map may hold samples: one drain each, with a switch between.
      this.round(true);
      await new Promise((resolve) => {
        setTimeout(resolve, SWITCH_MS);
      });
      if (this.sampling) this.round(true);
    }
    this.takeRest();
    await this.lastTables();
  }

  /** Walks what waits for tables, if those are soon there. */
  private async lastTables(): Promise<void> {
    const deferred = this.unwinding?.deferred;
    let isOver = false;
    const enough = setTimeout(() => {
      isOver = true;
      deferred?.hurry(true);
      this.reader.leaveOut('unwind-table');
    }, LAST_TABLES_MS);
    do {
      await deferred?.settled();
      this.takeDeferred();
    } while (!this.sampling && deferred?.isWaiting === true);
    clearTimeout(enough);
    deferred?.hurry(false);
    // Names come next.
    if (isOver) this.reader.leaveOut('unwind-table');
  }

  /** Once, after the end of sampling. */
  private takeRest(): void {
    if (this.sampling || this.restTaken) return;
    this.restTaken = true;
    this.followMappings(true);
    this.jitMaps.refreshAtLast();
    this.takeDeferred();
    this.drainRound();
    for (const stack of this.maps.rest()) this.add(stack);
  }

  private openUnwinding(): Unwinding | undefined {
    const { native, sampler } = this.kernel;
    if (!sampler.unwindsByTables) return undefined;
    const { unwindTableBytes } = this.config;
    const tables = new UnwindTables(native, sampler.map, this.reader, unwindTableBytes);
    const { spaces, objects } = this;
    const generated = new GeneratedCode(this.jitMaps, new GeneratedCodeTables());
    return {
      tables,
      described: new DescribedCode(sampler.map),
      deferred: new DeferredSamples(
        new RingBuffer(native, sampler.map('deferred_samples')),
        spaces,
        objects,
        tables,
        this.copies,
        generated,
        (pid, startTime) => this.lostMappings.recover(pid, startTime),
      ),
    };
  }

  /** What was mapped is looked at as often: a program may be gone, or another, a moment later. */
  private takeEvidence(): boolean {
    const mappings = this.followMappings(false);
    return this.takeDeferred(SLICE_MS) > 0 || mappings > 0 || this.sideband.isBusy;
  }

  private takeDeferred(forMs?: number): number {
    const stacks = this.unwinding?.deferred.read(() => this.followMappings(true), forMs) ?? [];
    for (const stack of stacks) this.add(stack);
    return stacks.length;
  }

  private add(stack: StackCount): void {
    this.lostMappings.recover(stack.pid, stack.startTime);
    const resolved = this.resolver.resolve(stack);
    this.collector.add(resolved);
    if (this.config.raw === true) this.raw.push(resolved);
  }

  /** @param all that was sampled in the round; else what there is time for, and the rest next time */
  private round(all = false): void {
    this.cpus.follow();
    const mappings = this.followMappings(all);
    // Code is moved and freed: an address is what the map says of it now, not at the end.
    this.jitMaps.refresh();
    const forMs = all ? undefined : SLICE_MS;
    if (this.takeDeferred(forMs) > 0 || mappings > 0 || this.sideband.isBusy) this.evidence.wake();
    this.draining ??= this.maps.nextRound();
    if (!this.drainRound(forMs)) {
      this.goOn ??= setTimeout(() => {
        this.goOn = undefined;
        if (this.sampling) this.round();
      }, 0);
      return;
    }
    this.rounds++;
    this.forgetRetired();
    this.memory.keep();
  }

  /** Returns whether that was all of the round. */
  private drainRound(forMs = Number.POSITIVE_INFINITY): boolean {
    const deadline = performance.now() + forMs;
    for (let taken = 1; this.draining !== undefined; taken++) {
      const { value, done } = this.draining.next();
      if (done === true) this.draining = undefined;
      else this.add(value);
      if (taken % CHUNK === 0 && performance.now() > deadline) break;
    }
    return this.draining === undefined;
  }

  /** A sample is handed out in the round after its own at the latest, unless it waits for a table. */
  private forgetRetired(): void {
    const due = this.retired.findIndex(({ round }) => this.rounds - round < ROUNDS_UNTIL_FORGOTTEN);
    const over = this.retired.splice(0, due < 0 ? this.retired.length : due);
    if (over.length === 0) return;
    const waiting = this.unwinding?.deferred.waitingPids();
    for (const retired of over) {
      const { pid, time, ended } = retired;
      if (waiting?.has(pid)) {
        this.retired.push({ ...retired, round: this.rounds });
        continue;
      }
      this.spaces.forget(pid, time, ended);
      if (ended) this.lostMappings.forget(pid);
    }
  }

  /** Returns how many records there were. */
  private followMappings(all: boolean): number {
    const records = this.sideband.read(all);
    for (const record of records) {
      this.spaces.apply(record);
      if (record.type === 'mapping') this.unwinding?.tables.replaced(record.pid, record.mapping);
    }
    const lostSince = this.sideband.takeLoss();
    if (lostSince !== undefined) this.lostMappings.lost(lostSince);
    return records.length;
  }

  private stopSampling(): void {
    this.sampling = false;
    this.cpus[Symbol.dispose]();
  }
}

function* namelessCode(frames: Iterable<Frame>): Generator<SampledCode> {
  for (const frame of frames) if (frame.kind === 'jit' && frame.name === undefined) yield frame;
}

function* framesOf(stacks: readonly ResolvedStack[]): Generator<Frame> {
  for (const { frames } of stacks) for (const { frame } of frames) yield frame;
}
