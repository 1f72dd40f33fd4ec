// @waggle/core: the event pipeline and the profiler. See README.md.

export type { LifecycleHook } from '@waggle/bpf';
export {
  type CommandEnd,
  startCommand,
  type TrackedCommand,
} from './command/tracked-command.ts';
export { examineHost, PROBES } from './doctor/examine.ts';
export type { Probe, ProbeReport, ProbeResult, ProbeState } from './doctor/probe.ts';
export {
  BadCgroup,
  CommandNotStarted,
  KernelRefused,
  NativeUnavailable,
  NoSuchProcess,
  NotPermitted,
  type WaggleError,
} from './errors/errors.ts';
export {
  CAPABILITY_NEEDS,
  type CapabilityNeed,
  effectiveCapabilities,
  hasCapability,
  missingCapabilities,
  OPTIONAL_CAPABILITY_NEEDS,
} from './kernel/capabilities.ts';
export type { AttachOutcome, AttachReport } from './kernel/kernel-programs.ts';
export { existingDescendants } from './lifecycle/descendants.ts';
export type { EventTotals } from './lifecycle/event-reader.ts';
export {
  DEFAULT_RING_BYTES,
  type LifecycleConfig,
  type LifecycleSession,
  openLifecycleSession,
} from './lifecycle/lifecycle-session.ts';
export type {
  ExecEvent,
  ExitEvent,
  ForkEvent,
  ImageIdentity,
  LostEvent,
  ProcessEvent,
} from './lifecycle/process-event.ts';
export {
  type Profiler,
  type ProfilerConfig,
  type ProfilerCounts,
  sampleEntries,
  startProfiler,
} from './profiler/profiler.ts';
