/** What a profiler is told at its start, and what it counts from then on. */

import type { FrameListInterpreter } from './interpreters/frame-list/description.ts';
import type { JavaPerfMapCounts } from './java-perf-maps/java-perf-maps.ts';
import type { SampleCounts } from './sampling/sample-maps.ts';
import type { CpuChanges } from './sampling/sampled-cpus.ts';
import type { StackSource } from './sampling/stack-source.ts';
import type { LabelsOf, RootFrames } from './stacks/stack-collector.ts';
import type { Where } from './stacks/wanted-images.ts';
import type { UnreadObjects } from './symbolization/symbolizer.ts';
import type { UnwindTableStats } from './unwinding/unwind-tables.ts';

export interface ProfilerConfig {
  /** Of the CPUs' clocks: 0 where nothing is sampled by them. */
  readonly frequencyHz: number;
  /** What counts stacks besides them. The first value of profiles is that of the clocks, where they are sampled. */
  readonly sources?: readonly StackSource[] | undefined;
  /** Counts stacks of the threads of a process apart. */
  readonly threads?: boolean | undefined;
  /** Processes that run already, whose mappings are read from /proc. */
  readonly pids: () => readonly number[];
  /** Our own pid when a command is about to be started. */
  readonly launcher?: number | undefined;
  /** For the profile's title. */
  readonly command?: string | undefined;
  /** What profiles say they are of where that is neither a command nor the whole host. */
  readonly target?: string | undefined;
  readonly rootFrames?: RootFrames | undefined;
  readonly labels?: LabelsOf | undefined;
  /** Only on these CPUs, by number. */
  readonly cpus?: readonly number[] | undefined;
  /** Counts stacks of each CPU apart. */
  readonly perCpu?: boolean | undefined;
  /** Counts each sample for itself, so that its owner has the time of it. */
  readonly times?: boolean | undefined;
  /** Leaves this process out. */
  readonly excludeSelf?: boolean | undefined;
  /** Only what runs as this real user id, as the initial user namespace has it. */
  readonly uid?: number | undefined;
  /** Only these threads: by thread id, the process of each. */
  readonly onlyThreads?: ReadonlyMap<number, number> | undefined;
  /** Whose stacks are kept: asked once for each program image. */
  readonly where?: Where | undefined;
  /** Source places and inlined functions, from DWARF. */
  readonly lines?: boolean | undefined;
  /** Frames of interpreters in the place of those of their loops. Default: yes, where tables are walked by. */
  readonly interpreters?: boolean | undefined;
  /** Walked besides those that are known. */
  readonly describedInterpreters?: readonly FrameListInterpreter[] | undefined;
  /** An interpreter's own frames beside those that it has interpreted. Default: no. */
  readonly interpreterFrames?: boolean | undefined;
  /** Has the Java processes that are sampled write perf maps, with the rights of their users. Default: no. */
  readonly javaPerfMaps?: boolean | undefined;
  /**
   * Looks once a second for what was sampled and mapped, and not at once: costs a third. Frames of programs that live
   * shorter have no names where their file is gone by then.
   */
  readonly thrifty?: boolean | undefined;
  /** Tables of few objects are held in memory, and read again from the disk. Default: as `thrifty`. */
  readonly holdsLittle?: boolean | undefined;
  /** Keeps stacks one by one for collectRaw(). */
  readonly raw?: boolean | undefined;
  /** Where symbol and unwind tables are kept for the next session. */
  readonly cacheDirectory?: string | undefined;
  /** Of the kernel, for unwind tables. */
  readonly unwindTableBytes?: number | undefined;
}

export interface ProfilerCounts extends SampleCounts {
  /** Samples of images that `where` decided against, before the kernel knew it; `stored` has none of them. */
  readonly unwanted: number;
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
  /** Interpreters that were met and are not walked, by kind or version, in words. */
  readonly unknownInterpreters: readonly string[];
  /** Undefined where none were asked for. */
  readonly javaPerfMaps: JavaPerfMapCounts | undefined;
  /** Undefined when frame pointers are followed. */
  readonly unwindTables: UnwindTableStats | undefined;
  /** Program images whose perf map or jitdump says more than is kept. */
  readonly clippedMaps: number;
  /** Objects whose names were left out, since the start. */
  readonly unreadObjects: UnreadObjects;
}
