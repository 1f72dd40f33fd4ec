/** The profiler as a plugin: its service samples while the session runs. */

import { readFileSync } from 'node:fs';
import { type cpuSampler, stackFilterBounds } from '@waggle/bpf';
import type { ProfileLabels } from '@waggle/formats';
import {
  CpuProfiler,
  deferredRingBytes,
  type FrameListInterpreter,
  IDENTIFY_HOOK,
  type LoadedSampler,
  MAX_SAMPLE_ENTRIES,
  type PreloadedFiles,
  type ProfilerConfig,
  type ProfilerCounts,
  SAMPLE_HOOK,
  type SampledProcess,
  type StackSource,
  sampleEntries,
  samplerSource,
  type UnwindMode,
  unwindsByTables,
} from '@waggle/profiler';
import {
  checkChoice,
  checkList,
  checkNumber,
  checkOptionsObject,
} from '../../errors/check-options.ts';
import { BadOption, SessionEnded } from '../../errors/errors.ts';
import { definePlugin, type NeededServices, type Services } from '../../plugin/plugin.ts';
import type { PluginSource } from '../../plugin/plugin-source.ts';
import { defineService } from '../../plugin/service.ts';
import { checkPid } from '../../session/check-config.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { Collector, type ProfileCollector } from '../../session/roles.ts';

/** What other plugins and the session can ask of it. Only after the session has started. */
export { defaultCacheDirectory } from '@waggle/symbols';

export interface ProfilerService extends ProfileCollector {
  /** What was sampled, named and lost since the start. */
  counts(): ProfilerCounts;
  /**
   * Stacks that BPF of another plugin counts, with values of their own in profiles: during the set-up of a
   * plugin that needs the profiler.
   * @throws Error when the session has started
   */
  addSource(source: StackSource): void;
  /**
   * An interpreter whose functions are to be in profiles: how its frames are found, as data. During the set-up of a plugin
   * that needs the profiler.
   * @throws Error when the session has started
   */
  addInterpreter(described: FrameListInterpreter): void;
  /**
   * An image ended at that moment (CLOCK_BOOTTIME), by exec or with its process: what is known of
   * its mappings may be forgotten once its samples have been named.
   */
  retire(pid: number, time: bigint, ended: boolean): void;
  /**
   * Sampling ends after so many milliseconds, also on a host so busy that this process is given no CPU then.
   * For a recording whose length is known; the session is stopped all the same.
   * @throws SystemError EMFILE: too many descriptors; EAGAIN: too many threads.
   */
  endAfter(ms: number): void;
  /**
   * Settles when the kernel has the unwind tables of these files, with `manyStacks`: before a program is
   * started whose first stacks must not wait for them. Files without tables are left out. `interpreters`: only of files
   * that hold one, with a `launcher` too: the functions of a script are walked from its first sample on.
   */
  preload(paths: readonly string[], which?: PreloadedFiles): Promise<void>;
  /**
   * Settles when processes that run generated code already (Java, JavaScript) can be walked from their first sample on, or
   * five seconds have passed. No CPU is sampled meanwhile.
   */
  interpretersKnown(): Promise<void>;
  /** Samples nothing until this is taken back: for who has to save CPU time for a while. */
  setPaused(isPaused: boolean): void;
  /** Ends sampling for good; the session does it as it stops. What was sampled can still be collected. */
  stop(): void;
  /**
   * Naming ends now, if it takes longer than somebody wants to wait: a collection that is going on, or
   * comes, has the names that are known, and `[object+0x…]` for the rest.
   */
  endNaming(): void;
}

/** Key of the profiler, for plugins that need it. */
export const Profiler = defineService<ProfilerService>()(Collector.service);

/** No services. */
export type NoNeeds = Record<never, never>;

export interface CpuProfilerOptions<Needs extends Services = NoNeeds> {
  /**
   * Samples a second and CPU, a whole number up to kernel.perf_event_max_sample_rate. Default 99: not in
   * step with anything that ticks at 100 Hz.
   */
  readonly frequencyHz?: number | undefined;
  /**
   * Samples what CPUs do, by their clocks. Default: yes; no where other plugins' sources are all that
   * counts (`ProfilerService.addSource`).
   */
  readonly cpuClock?: boolean | undefined;
  /**
   * Other sources may count far more often than the CPUs' clocks tick: maps as large as they get, 72 MB of
   * the kernel's. Default: no.
   */
  readonly manyStacks?: boolean | undefined;
  /** Samples CPUs that have nothing to do as well, under the root `[idle]`. Default: only counts them. */
  readonly idle?: boolean | undefined;
  /**
   * Counts the threads of a process apart, for `rootFrames` that name them. Default: no; then a stack
   * that several threads have is one.
   */
  readonly threads?: boolean | undefined;
  /** Counts the CPUs apart, for `rootFrames` and `labels` that name them. Default: no. */
  readonly perCpu?: boolean | undefined;
  /**
   * Counts each sample for itself, for `labels` that say when it was (`time` of its owner). Default: no. Each
   * takes the room of a stack: a recording that goes on is to be collected now and then.
   */
  readonly times?: boolean | undefined;
  /** The CPUs that are sampled, by number. Default: all, those that come online too. */
  readonly cpus?: readonly number[] | undefined;
  /** Leaves out samples of this process. Default: no. */
  readonly excludeSelf?: boolean | undefined;
  /** Samples only what runs as this real user id, at the moment of the sample. Default: all. */
  readonly uid?: number | undefined;
  /**
   * Samples only these threads: by thread id, the process of each. At most 1,024. Their processes have to be
   * in the session's target. Default: all.
   */
  readonly onlyThreads?: ReadonlyMap<number, number> | undefined;
  /**
   * Whose samples are kept: asked once for each program image, within 250 ms of its first sample, with the
   * services of `needs`. The kernel takes no more samples of who is left out. Must not throw. Default: all.
   */
  readonly where?:
    | ((owner: SampledProcess, services: NeededServices<Needs>) => boolean | undefined)
    | undefined;
  /** How frames of user space are found. Default `auto`. */
  readonly unwind?: UnwindMode | undefined;
  /** Processes that run already and are to be named. Default: all, or none with a launcher. */
  readonly pids?: (() => readonly number[]) | undefined;
  /** Pid of the process that starts the command; its descendants are named from their birth. */
  readonly launcher?: number | undefined;
  /** The command line that profiles say they are of. Hides no secrets by itself. */
  readonly command?: string | undefined;
  /** What profiles say they are of where that is neither a command nor the whole host, such as `process 1234`. */
  readonly target?: string | undefined;
  /** Services of other plugins that `rootFrames` and `labels` ask, under names of your choice. */
  readonly needs?: Needs | undefined;
  /**
   * What stands at the root of each stack of collect(): called for each distinct stack within 250 ms
   * of it, with the services of `needs`. Must not throw. Default: the process's name.
   */
  readonly rootFrames?:
    | ((owner: SampledProcess, services: NeededServices<Needs>) => readonly string[])
    | undefined;
  /**
   * What is said of each stack beside its frames, as its pid and container: pprof and OTLP have it as labels
   * and attributes of samples. Called as `rootFrames` is. Stacks that differ in their labels are two, so
   * labels that many processes do not share cost memory; with very many different stacks `pid`, `tid` and
   * `thread` are left out. Default: none.
   */
  readonly labels?:
    | ((owner: SampledProcess, services: NeededServices<Needs>) => ProfileLabels)
    | undefined;
  /**
   * Source files, lines and inlined functions, where objects or their debug files have DWARF. Reading
   * it costs time and memory, by the code that was sampled. Default: no.
   */
  readonly lines?: boolean | undefined;
  /**
   * Functions of interpreted programs, in the place of the interpreter's loop, where stacks are walked by tables. They
   * are named as they are first seen, so that a program that is gone has its names. Default: yes.
   */
  readonly interpreters?: boolean | undefined;
  /** The interpreter's own frames beside those of the functions that it has interpreted. Default: no. */
  readonly interpreterFrames?: boolean | undefined;
  /**
   * Has the Java processes (HotSpot 17 and later) that are sampled write perf maps into their /tmp, as `jcmd PID
   * Compiler.perfmap` does, with the rights of their users: once each was sampled, in pauses of up to 16 s, and before
   * the last collection. For stacks whose Java functions are not walked otherwise. Default: no.
   */
  readonly javaPerfMaps?: boolean | undefined;
  /**
   * Looks once a second for what was sampled and mapped, and not at once: for low rates over months. Frames of programs
   * that live shorter have no names where their file is gone by then. Default: no.
   */
  readonly thrifty?: boolean | undefined;
  /**
   * Symbols and unwind tables of few objects are held in memory, and read again from the disk: for what is open for hours,
   * at any rate. Default: as `thrifty`.
   */
  readonly holdsLittle?: boolean | undefined;
  /** Keeps single stacks for collectRaw(). Costs memory until they are collected. */
  readonly raw?: boolean | undefined;
  /**
   * Where symbol tables are kept for the next session, by build-id: at most 512 MiB. Nowhere unless
   * given; `defaultCacheDirectory()` is the user's.
   */
  readonly cacheDirectory?: string | undefined;
  /**
   * Bytes of kernel memory for unwind tables; those that were not used for longest make room for new
   * ones. Default: 64 MiB.
   */
  readonly unwindTableBytes?: number | undefined;
}

const DEFAULT_FREQUENCY_HZ = 99;
/** A thousand stacks of a usual size, until the table that they miss is there. */
const MANY_DEFERRED_BYTES = 16 * 1024 * 1024;
const MAX_SAMPLE_RATE = '/proc/sys/kernel/perf_event_max_sample_rate';

/**
 * Where CPU time goes: samples every CPU while the session runs, with stacks of user space and kernel.
 *
 * - Needs: the sampler in the kernel (Linux 5.11, CAP_PERFMON), `Kernel`, and what `needs` names.
 * - Provides: `Profiler`; `collect` and `collectRaw` of sessions and agents ask it. Collections are the
 *   session's cycles: none starts by time (`startsCycles`).
 * - Costs: 4 to 70 MB of the kernel's memory for two maps, by rate and number of CPUs; tables for unwinding,
 *   up to `unwindTableBytes`; and the time to read symbols when names are asked for, in a thread of its own.
 *   docs/benchmarks.md has it in figures.
 *
 * ```ts
 * import { createAgent } from '@waggle/core';
 *
 * // createAgent makes the plugin of `profile`; sessions take cpuProfiler({ frequencyHz: 199 }).
 * await using agent = await createAgent({ profile: { frequencyHz: 199, threads: true } });
 * setTimeout(() => agent.stop(), 5000);
 * await agent.finished;
 * const { stacks } = await agent.collect();
 * console.log(`${stacks.length} different stacks`);
 * ```
 *
 * @throws BadOption for an option that makes no sense; the session's start fails with it where the kernel
 *   samples less often than was asked for
 */
export const cpuProfiler = <const Needs extends Services = NoNeeds>(
  options: CpuProfilerOptions<Needs> = {},
) => {
  checkOptionsObject('profile', options);
  const { frequencyHz = DEFAULT_FREQUENCY_HZ } = options;
  checkOptions(options);
  const sampler = samplerSource({
    entries: options.manyStacks === true ? MAX_SAMPLE_ENTRIES : sampleEntries(frequencyHz),
    deferredBytes: Math.max(
      deferredRingBytes(frequencyHz * (options.thrifty === true ? 4 : 1)),
      options.manyStacks === true ? MANY_DEFERRED_BYTES : 0,
    ),
    unwind: options.unwind ?? 'auto',
    idle: options.idle,
    mapsOnly: options.cpuClock === false,
    preloads: options.manyStacks === true || options.interpreters !== false,
    interpreters: options.interpreters,
    leavesOut: options.where !== undefined,
  });
  return definePlugin({
    name: 'cpu-profiler',
    provides: Profiler,
    essential: true,
    startsCycles: true,
    // `kernel` last: it is ours, whatever somebody calls his own.
    needs: { ...(options.needs as Needs), kernel: Kernel },
    sources: [sampler],
    setup({ services, onClose, source }) {
      const { kernel } = services;
      expectAllowed(frequencyHz);
      let profiler: CpuProfiler | undefined;
      let ended = false;
      const sources: StackSource[] = [];
      const describedInterpreters: FrameListInterpreter[] = [];
      const running = (): CpuProfiler => {
        if (profiler === undefined) throw new Error('the profiler has not been started yet');
        if (ended)
          throw new SessionEnded({
            operation: 'profiler',
            message: 'the profiler was asked after its session had ended; ask it earlier',
          });
        return profiler;
      };
      onClose(() => {
        ended = true;
        return profiler?.close();
      });
      return {
        service: {
          addSource(added) {
            if (profiler !== undefined)
              throw new Error('the profiler counts already: add sources in the set-up of a plugin');
            sources.push(added);
          },
          addInterpreter(described) {
            if (profiler !== undefined)
              throw new Error(
                'the profiler counts already: describe interpreters in the set-up of a plugin',
              );
            describedInterpreters.push(described);
          },
          counts: () => running().counts(),
          retire: (pid, time, ended) => running().retire(pid, time, ended),
          setPaused: (isPaused) => running().setPaused(isPaused),
          stop: () => profiler?.stop(),
          endNaming: () => profiler?.endNaming(),
          interpretersKnown: async () => profiler?.interpretersKnown(),
          preload: async (paths, which) => profiler?.preload(paths, which),
          endAfter: (ms: number) => profiler?.endAfter(ms),
          collect: () => running().collect(),
          collectRaw: () => running().collectRaw(),
          takenInUntil: () => profiler?.takenInUntil ?? Number.NEGATIVE_INFINITY,
        },
        stop: () => profiler?.stop(),
        // Not before the filter is in the kernel: everything else would be sampled until then.
        start() {
          const { rootFrames, labels, where, ...rest } = options;
          const { native, procfs } = kernel;
          profiler = new CpuProfiler(
            {
              ...{ native, procfs, sampler: samplerOf(source(sampler)) },
              identification: identificationOf(source(sampler)),
            },
            {
              ...configOf(rest, frequencyHz, () => kernel.procfs.pids()),
              ...{ sources, describedInterpreters },
              rootFrames: rootFrames && ((owner) => rootFrames(owner, services)),
              labels: labels && ((owner) => labels(owner, services)),
              where: where && ((owner) => where(owner, services)),
            },
          );
        },
      };
    },
  });
};

function samplerOf(source: PluginSource<typeof cpuSampler>): LoadedSampler {
  return {
    map: (name) => source.rawMap(name),
    program: source.loaded.hooks[SAMPLE_HOOK] && source.programOf(SAMPLE_HOOK),
    unwindsByTables: unwindsByTables(source.loaded),
  };
}

function identificationOf(source: PluginSource<typeof cpuSampler>) {
  if (source.loaded.hooks[IDENTIFY_HOOK] === undefined) return undefined;
  try {
    const program = source.programOf(IDENTIFY_HOOK);
    return { program, identified: source.rawMap('identified_object') };
  } catch (error) {
    // Refused by the kernel: tables come with the first samples, as elsewhere.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Those that are called with the services. */
type CalledOption = 'rootFrames' | 'labels' | 'where';

function configOf(
  options: Omit<CpuProfilerOptions, 'needs' | CalledOption>,
  frequencyHz: number,
  running: () => readonly number[],
): ProfilerConfig {
  const { launcher, command, target, raw, lines, cacheDirectory, unwindTableBytes, threads } =
    options;
  const { perCpu, times, cpus, excludeSelf, uid, onlyThreads, thrifty, holdsLittle } = options;
  const { interpreters, interpreterFrames, javaPerfMaps } = options;
  const pids = options.pids ?? (launcher === undefined ? running : () => []);
  return {
    frequencyHz: options.cpuClock === false ? 0 : frequencyHz,
    ...{ pids, launcher, command, target, raw, lines, cacheDirectory, unwindTableBytes, threads },
    ...{ perCpu, times, cpus, excludeSelf, uid, onlyThreads, thrifty, holdsLittle },
    ...{ interpreters, interpreterFrames, javaPerfMaps },
  };
}

/** perf's periods are whole nanoseconds, and cpu-clock's timer keeps 10 µs between two: kernel/events/core.c. */
const MAX_FREQUENCY_HZ = 1_000_000;

function checkOptions({
  frequencyHz,
  unwindTableBytes,
  launcher,
  unwind,
  uid,
  cpus,
  onlyThreads,
}: Omit<CpuProfilerOptions, CalledOption>): void {
  checkChoice('unwind', unwind, ['auto', 'fp', 'dwarf']);
  checkNumber('frequencyHz', frequencyHz, { min: 1, max: MAX_FREQUENCY_HZ, integer: true });
  checkNumber('unwindTableBytes', unwindTableBytes, { min: 0, integer: true });
  checkPid('launcher', launcher);
  checkNumber('uid', uid, { min: 0, max: 0xffff_ffff, integer: true });
  checkList('cpus', cpus, 'a list of numbers of CPUs', (cpu) => Number.isInteger(cpu));
  if (onlyThreads !== undefined && onlyThreads.size > stackFilterBounds.WANTED_THREADS_MAX)
    throw new BadOption({
      option: 'onlyThreads',
      message: `onlyThreads must be at most ${stackFilterBounds.WANTED_THREADS_MAX} threads, and is ${onlyThreads.size}`,
    });
}

/** The kernel refuses faster sampling, and lowers its limit by itself where that takes too long. */
function expectAllowed(frequencyHz: number): void {
  let limit: number;
  try {
    limit = Number(readFileSync(MAX_SAMPLE_RATE, 'utf8'));
  } catch {
    return;
  }
  if (frequencyHz <= limit) return;
  throw new BadOption({
    option: 'frequencyHz',
    message:
      `this kernel samples at most ${limit} times a second, not ${frequencyHz}: sample less often ` +
      '(-F), or raise its limit (sysctl kernel.perf_event_max_sample_rate)',
  });
}
