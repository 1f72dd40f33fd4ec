/**
 * The profiler: begins and ends sampling, and hands out what was collected. What was sampled is taken in
 * by sample-rounds.ts. It runs from construction to close(); the `cpu-profiler` plugin is made of it.
 */

import { unwindStop } from '@waggle/bpf';
import { clockNanoseconds, cpuGenerations, RingBuffer } from '@waggle/ffi';
import type { Profile } from '@waggle/formats';
import { BoundedMemory } from './bounded-memory.ts';
import { Collections } from './collections.ts';
import { CodeNames } from './interpreters/code-names.ts';
import { KnownInterpreters } from './interpreters/index.ts';
import { InstalledInterpreters } from './interpreters/installed-interpreters.ts';
import { JavaPerfMaps } from './java-perf-maps/java-perf-maps.ts';
import { MappedCode } from './mapped-code.ts';
import { LostMappings } from './mappings/lost-mappings.ts';
import { RanBefore } from './mappings/ran-before.ts';
import { RunningMappings } from './mappings/running-mappings.ts';
import { Sideband } from './mappings/sideband.ts';
import type { ProfilerConfig, ProfilerCounts } from './profiler-config.ts';
import type { ProfilerKernel } from './profiler-kernel.ts';
import { SampleRounds } from './sample-rounds.ts';
import { Counting, eventsOf } from './sampling/counting.ts';
import { SampleMaps } from './sampling/sample-maps.ts';
import type { FrameCount } from './stacks/raw-stacks.ts';
import { processOf, StackResolver } from './stacks/stack-resolver.ts';
import { WantedImages } from './stacks/wanted-images.ts';
import { SymbolizationClient } from './symbolization/symbolization-client.ts';
import { DeferredSamples } from './unwinding/deferred-samples.ts';
import { DescribedCode } from './unwinding/described-code.ts';
import { EarlyInterpreters } from './unwinding/early-interpreters.ts';
import { FileKeys } from './unwinding/file-keys.ts';
import { GeneratedCode } from './unwinding/generated-code.ts';
import { GeneratedCodeTables } from './unwinding/generated-tables.ts';
import { GeneratingSpaces } from './unwinding/generating-spaces.ts';
import { type PreloadedFiles, PreloadedTables } from './unwinding/preloaded-tables.ts';
import { FEW_TABLES } from './unwinding/read-tables.ts';
import { RunningInterpreters } from './unwinding/running-interpreters.ts';
import { UnwindTables } from './unwinding/unwind-tables.ts';

/** For interpreters that run already to be known: tables of a few large libraries take a second on a busy host. */
const INTERPRETERS_MS = 5000;

/** Where stacks are walked by tables. */
interface Unwinding {
  readonly keys: FileKeys | undefined;
  readonly tables: UnwindTables;
  readonly preloaded: PreloadedTables | undefined;
  readonly early: EarlyInterpreters | undefined;
  readonly described: DescribedCode;
  readonly deferred: DeferredSamples;
}

export class CpuProfiler {
  readonly #sideband: Sideband;
  readonly #code: MappedCode;
  readonly #maps: SampleMaps;
  readonly #resolver: StackResolver;
  readonly #counting: Counting;
  readonly #lostMappings: LostMappings;
  readonly #ranBefore: RanBefore;
  readonly #running: RunningMappings;
  readonly #unwinding: Unwinding | undefined;
  readonly #interpreters: InstalledInterpreters | undefined;
  readonly #codeNames: CodeNames | undefined;
  readonly #wanted: WantedImages | undefined;
  readonly #runningInterpreters: RunningInterpreters | undefined;
  readonly #javaPerfMaps: JavaPerfMaps | undefined;
  readonly #collections: Collections;
  readonly #rounds: SampleRounds;
  #sampling = true;

  readonly #kernel: ProfilerKernel;
  readonly #config: ProfilerConfig;

  /** @throws SystemError where a clock of the kernel cannot be read. */
  constructor(kernel: ProfilerKernel, config: ProfilerConfig) {
    this.#kernel = kernel;
    this.#config = config;
    const cpus = cpuGenerations();
    const { cacheDirectory, lines = false, interpreters = true, thrifty } = config;
    const reader = new SymbolizationClient({
      describedInterpreters: config.describedInterpreters,
      ...{ lines, interpreters, thrifty, holdsLittle: config.holdsLittle ?? thrifty },
      cacheDirectory,
    });
    const { native, procfs } = kernel;
    this.#code = new MappedCode({
      ...{ native, procfs, reader },
      waiting: () => this.#collections.waitingCode(),
      unwinds: (space, may) => this.#unwinding?.described.set(space, may),
    });
    const { spaces, objects, jitMaps, symbolizer } = this.#code;
    const { frequencyHz, sources = [] } = config;
    const { threads = false, perCpu = false, times = false } = config;
    const by = { thread: threads, cpu: perCpu, time: times };
    const events = eventsOf(kernel.sampler, sources);
    this.#collections = new Collections({ ...config, events }, symbolizer, jitMaps);
    this.#maps = new SampleMaps(kernel.sampler.map);
    const installed = this.#openInterpreters();
    this.#interpreters = installed;
    this.#codeNames =
      installed &&
      new CodeNames(
        new RingBuffer(kernel.native, kernel.sampler.map('code_names')),
        (number) => installed.byNumber(number),
        config.lines === true,
      );
    this.#resolver = new StackResolver(spaces, objects, jitMaps, this.#codeNames);
    this.#unwinding = this.#openUnwinding();
    const memory = new BoundedMemory(
      {
        ...{ spaces, objects, jitMaps, reader, symbolizer },
        tables: this.#unwinding?.tables,
        collector: () => this.#collections.current,
        alive: () => kernel.procfs.pids(),
      },
      () => this.#collections.heldFrames(),
      (pid) => this.retire(pid, clockNanoseconds(kernel.native, 'boottime'), true),
    );
    // Sideband first, then /proc: a mapping made between the two is seen twice, never missed.
    this.#sideband = new Sideband(kernel.native, cpus.keys());
    const makeRoom = () => this.#rounds.takeDeferred();
    const wanted = { sampler: kernel.sampler, frequencyHz, sources, by, only: config, makeRoom };
    this.#counting = new Counting(kernel.native, wanted, this.#sideband, cpus);
    const generating = this.#openGenerating();
    this.#runningInterpreters = this.#openRunning(generating);
    this.#running = new RunningMappings(kernel.procfs, (pid, mappings) => {
      spaces.complete(pid, mappings);
      void generating?.note(pid, mappings);
    });
    this.#ranBefore = new RanBefore({
      follow: (pid) => spaces.seed(pid, []),
      read: (pid) => this.#look(pid),
    });
    this.#wanted =
      config.where && new WantedImages(config.where, kernel.sampler.map('unwanted_images'));
    this.#lostMappings = new LostMappings(
      spaces,
      (pid) => this.#running.read(pid),
      () => clockNanoseconds(kernel.native, 'boottime'),
    );
    this.#javaPerfMaps =
      config.javaPerfMaps === true ? new JavaPerfMaps(kernel.native, kernel.procfs) : undefined;
    this.#rounds = new SampleRounds({
      thrifty: config.thrifty === true,
      ...{ spaces, jitMaps, reader, memory },
      sideband: this.#sideband,
      lostMappings: this.#lostMappings,
      ranBefore: this.#ranBefore,
      running: this.#running,
      counting: this.#counting,
      maps: this.#maps,
      wanted: this.#wanted,
      resolver: this.#resolver,
      codeNames: this.#codeNames,
      earlyInterpreters: this.#unwinding?.early,
      javaPerfMaps: this.#javaPerfMaps,
      collections: this.#collections,
      tables: this.#unwinding?.tables,
      deferred: this.#unwinding?.deferred,
    });
    try {
      if (config.launcher !== undefined) spaces.seed(config.launcher, []);
      this.#ranBefore.begin(config.pids());
      this.#counting.begin();
    } catch (error) {
      this.#stopSampling();
      this.#sideband.close();
      throw error;
    }
    this.#rounds.begin();
  }

  /**
   * The image ended then (CLOCK_BOOTTIME): forgotten once no sample of it can be left.
   * @throws ClosedError after close().
   */
  retire(pid: number, time: bigint, ended: boolean): void {
    this.#rounds.retire(pid, time, ended);
  }

  /** Everything that was sampled before, in ms since the epoch, is known by whose it is. */
  get takenInUntil(): number {
    return this.#rounds.takenInUntil;
  }

  /** @throws ClosedError after close(); SystemError where the kernel refuses. */
  counts(): ProfilerCounts {
    const counts = this.#maps.counts();
    const { tables, deferred } = this.#unwinding ?? {};
    const deepWalks = deferred?.stops[unwindStop.STOP_TOO_DEEP] ?? 0;
    const unwanted = this.#wanted?.leftOut ?? 0;
    return {
      ...counts,
      stored: counts.stored - unwanted,
      unwanted,
      userTruncated: counts.userTruncated + deepWalks,
      stops: counts.stops.map((count, stop) => count + (deferred?.stops[stop] ?? 0)),
      lostMappings: this.#sideband.lost,
      cpus: this.#counting.changes,
      ...this.#collections.counts(),
      filesNotHeld: this.#code.objects.notHeld,
      unwindTables: tables?.stats(),
      javaPerfMaps: this.#javaPerfMaps?.counts,
      unknownInterpreters: this.#interpreters?.unknown ?? [],
      clippedMaps: this.#code.jitMaps.clipped,
      unreadObjects: this.#code.symbolizer.unread,
    };
  }

  /**
   * Sampling ends after so many milliseconds, also on a host so busy that this process is given no CPU then;
   * stop() is called all the same.
   * @throws SystemError EMFILE: too many descriptors; EAGAIN: too many threads.
   */
  endAfter(ms: number): void {
    this.#counting.endAfter(ms);
    this.#collections.endAt(performance.now() + ms);
  }

  /**
   * Samples nothing, and follows no mappings, until this is taken back: of what was mapped meanwhile, that of processes
   * that are sampled later is read from /proc then.
   */
  setPaused(isPaused: boolean): void {
    if (!this.#sampling) return;
    this.#counting.setPaused(isPaused);
    this.#sideband.setPaused(isPaused);
  }

  /** Ends sampling: nothing is sampled after it returns. What was is still there to be collected. */
  stop(): void {
    if (!this.#sampling) return;
    this.#stopSampling();
    this.#rounds.end();
  }

  /** Settles when the kernel has the unwind tables of these files, as far as they have any. @param which of them */
  async preload(paths: readonly string[], which: PreloadedFiles = 'all'): Promise<void> {
    await this.#unwinding?.preloaded?.load(paths, which);
  }

  /**
   * Settles when processes that run generated code already (Java, JavaScript) can be walked, or five seconds have passed:
   * no CPU is sampled meanwhile, and the profile begins then. Does nothing where there are none.
   */
  async interpretersKnown(): Promise<void> {
    if (this.#runningInterpreters?.any !== true || !this.#sampling) return;
    const now = clockNanoseconds(this.#kernel.native, 'boottime');
    this.#counting.setPaused(true);
    let enough: ReturnType<typeof setTimeout> | undefined;
    const isOver = new Promise<void>((resolve) => {
      enough = setTimeout(resolve, INTERPRETERS_MS);
    });
    await Promise.race([this.#runningInterpreters.load(now), isOver]);
    clearTimeout(enough);
    if (!this.#sampling) return;
    this.#collections.beginNow();
    this.#counting.setPaused(false);
  }

  /**
   * Names and totals of everything sampled since the last collection, this moment included.
   * The next collection starts where this one ends.
   * @throws ClosedError after close(); SystemError where the kernel refuses.
   */
  async collect(): Promise<Profile> {
    await this.#rounds.catchUp();
    // Whose last samples were among those, too.
    if (!this.#sampling) await this.#javaPerfMaps?.askAtLast();
    return this.#collections.collect(this.#maps.counts().lost);
  }

  /**
   * Reads no object any more: what is being collected, now or later, has the names that are known, and
   * `[object+0x…]` for the rest.
   */
  endNaming(): void {
    this.#code.endNaming();
  }

  /**
   * Stacks one by one since the last collectRaw(). Empty unless `raw` was configured.
   * @throws ClosedError after close(); SystemError where the kernel refuses.
   */
  async collectRaw(): Promise<readonly FrameCount[]> {
    await this.#rounds.catchUp();
    return this.#collections.collectRaw();
  }

  close(): void {
    this.stop();
    this.#sideband.close();
    this.#javaPerfMaps?.[Symbol.dispose]();
    this.#running[Symbol.dispose]();
    this.#unwinding?.deferred.close();
    this.#codeNames?.close();
    this.#unwinding?.tables[Symbol.dispose]();
    this.#unwinding?.preloaded?.[Symbol.dispose]();
    this.#code[Symbol.dispose]();
  }

  /** What ran already. Returns whether it has anything mapped. */
  #look(pid: number): boolean {
    const mappings = this.#running.read(pid);
    this.#code.spaces.complete(pid, mappings);
    this.#runningInterpreters?.follow(pid, mappings);
    const now = clockNanoseconds(this.#kernel.native, 'boottime');
    for (const mapping of mappings)
      this.#unwinding?.early?.mapped(pid, mapping, now, () => this.#code.objects.of(pid, mapping));
    return mappings.length > 0;
  }

  get #walksByTables(): boolean {
    const { sources = [] } = this.#config;
    return [this.#kernel.sampler, ...sources].some(({ unwindsByTables }) => unwindsByTables);
  }

  #openInterpreters(): InstalledInterpreters | undefined {
    const { interpreters = true, interpreterFrames = false, lines = false } = this.#config;
    if (!interpreters || !this.#walksByTables) return undefined;
    const wanted = { native: interpreterFrames, lines };
    return new InstalledInterpreters(this.#kernel.sampler.map, wanted);
  }

  #openGenerating(): GeneratingSpaces | undefined {
    const tables = this.#unwinding?.tables;
    if (tables === undefined || this.#interpreters === undefined) return undefined;
    const { procfs } = this.#kernel;
    return new GeneratingSpaces(procfs, this.#code.objects, tables, this.#interpreters);
  }

  #openRunning(generating: GeneratingSpaces | undefined): RunningInterpreters | undefined {
    if (generating === undefined || this.#unwinding === undefined) return undefined;
    const { tables, keys } = this.#unwinding;
    return new RunningInterpreters(generating, this.#code.objects, tables, keys);
  }

  #openUnwinding(): Unwinding | undefined {
    const { native, sampler, identification } = this.#kernel;
    const { unwindTableBytes, interpreterFrames = false, thrifty } = this.#config;
    const { holdsLittle = thrifty } = this.#config;
    if (!this.#walksByTables) return undefined;
    const { spaces, objects, copies, jitMaps, reader } = this.#code;
    const tables = new UnwindTables(
      ...([native, sampler.map, reader, unwindTableBytes] as const),
      this.#interpreters,
      holdsLittle === true ? FEW_TABLES : undefined,
    );
    const keys = identification && new FileKeys(native, identification);
    const installed = this.#interpreters;
    const known = new KnownInterpreters(this.#config.describedInterpreters);
    const { procfs } = this.#kernel;
    const generated = new GeneratedCode(jitMaps, new GeneratedCodeTables());
    return {
      ...{ tables, keys },
      preloaded: keys && new PreloadedTables(native, tables, keys, known),
      early: keys && installed && new EarlyInterpreters(procfs, installed, tables, keys, known),
      described: new DescribedCode(sampler.map),
      deferred: new DeferredSamples(
        new RingBuffer(native, sampler.map('deferred_samples')),
        spaces,
        objects,
        tables,
        copies,
        generated,
        (pid, startTime) => this.#rounds.prepare(pid, startTime),
        (sample) => this.#collections.current.ownerOf(processOf(sample)),
        interpreterFrames,
      ),
    };
  }

  #stopSampling(): void {
    this.#sampling = false;
    this.#counting.end();
  }
}
