/** @waggle/profiler: the profiling engine. See README.md. */

export {
  CommandProfiler,
  type CommandProfilerConfig,
  type CommandProfilerCounts,
} from './command/command-profiler.ts';
export {
  IDLE_FRAME,
  NO_STACK_FRAME,
  SOFTIRQ_FRAME,
  STATE_FRAMES,
  WOKEN_BY_FRAME,
} from './frames/synthetic-frames.ts';
export {
  runtimeOfFrame,
  type UnnamedReason,
  type UnresolvedFrame,
  unnamedReason,
} from './frames/unresolved-frame.ts';
export type {
  FieldOffset,
  FrameListInterpreter,
  PointerPath,
  TextPlace,
} from './interpreters/frame-list/description.ts';
export type { RuntimeName } from './mappings/runtimes.ts';
export { Sideband } from './mappings/sideband.ts';
export { CpuProfiler } from './profiler.ts';
export type { ProfilerConfig, ProfilerCounts } from './profiler-config.ts';
export type { LoadedSampler, ProfilerKernel } from './profiler-kernel.ts';
export { openCpuClock } from './sampling/cpu-clock.ts';
export { deferredRingBytes, MAX_SAMPLE_ENTRIES, sampleEntries } from './sampling/map-sizes.ts';
export {
  IDENTIFY_HOOK,
  SAMPLE_HOOK,
  type SamplerOptions,
  type SamplerSource,
  samplerSource,
  type UnwindMode,
  unwindsByTables,
} from './sampling/sampler-source.ts';
export type { ThreadState } from './sampling/stack-count.ts';
export type {
  CpuEvent,
  StackEvent,
  StackSource,
  StackSourceStart,
  StandingSum,
} from './sampling/stack-source.ts';
export {
  collapseRaw,
  collapseRawWith,
  type FrameCount,
  type StackFrameInfo,
} from './stacks/raw-stacks.ts';
export type { LabelsOf, RootFrames } from './stacks/stack-collector.ts';
export type { SampledProcess } from './stacks/stack-resolver.ts';
export type { PreloadedFiles } from './unwinding/preloaded-tables.ts';
export { summarizeUnwinds, type UnwindSummary } from './unwinding/stop-reasons.ts';
export type { UnwindTableStats } from './unwinding/unwind-tables.ts';
