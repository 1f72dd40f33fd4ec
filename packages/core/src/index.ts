// @waggle/core: the event pipeline and the profiler. See README.md.

export { decodeBytes, type KernelHook, type LifecycleHook } from '@waggle/bpf';
export {
  collapseRaw,
  collapseRawWith,
  type FrameCount,
  IDLE_FRAME,
  type ProfilerCounts,
  type RootFrames,
  type RuntimeName,
  runtimeOfFrame,
  type SampledProcess,
  SOFTIRQ_FRAME,
  type StackFrameInfo,
  summarizeWalks,
  type UnnamedFrame,
  type UnnamedReason,
  type UnwindTableStats,
  unnamedReason,
  type WalkSummary,
} from '@waggle/profiler';
export { defaultCacheDirectory } from '@waggle/symbols';
export {
  type Agent,
  type AgentConfig,
  type AgentReport,
  createAgent,
} from './agent/create-agent.ts';
export { type AgentDefinition, defineAgent } from './agent/define-agent.ts';
export { inheritance, isIgnored } from './command/inheritance.ts';
export { type SupervisedCommand, superviseCommand } from './command/supervised-command.ts';
export {
  type CommandEnd,
  type CommandHost,
  type CommandLine,
  type CommandOptions,
  startCommand,
  type TrackedCommand,
} from './command/tracked-command.ts';
export type { PluginProblem, ReportProblem } from './dispatch/running-plugin.ts';
export { examineHost, PROBES } from './doctor/examine.ts';
export type { Probe, ProbeReport, ProbeResult, ProbeState } from './doctor/probe.ts';
export {
  BadCgroup,
  BadComposition,
  BadOption,
  CommandNotStarted,
  ForeignProcfs,
  KernelRefused,
  NativeUnavailable,
  NoSuchProcess,
  NotInComposition,
  NotPermitted,
  PluginNotStarted,
  SessionEnded,
  type WaggleError,
} from './errors/errors.ts';
export {
  CAPABILITY_NEEDS,
  type CapabilityNeed,
  effectiveCapabilities,
  hasCapability,
  missingCapabilities,
  OPTIONAL_CAPABILITY_NEEDS,
  ownPrivileges,
  type Privileges,
} from './kernel/capabilities.ts';
export type { AttachOutcome, AttachReport } from './kernel/kernel-programs.ts';
export type { RateLimit } from './kernel/kernel-settings.ts';
export { cutArguments } from './lifecycle/cut-arguments.ts';
export { existingDescendants } from './lifecycle/descendants.ts';
export { type CountByKind, type EventTotals, sumOf } from './lifecycle/event-reader.ts';
export type {
  EventDraft,
  ExecDetail,
  ExecEvent,
  ExecMark,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
  ProcessEvent,
} from './lifecycle/process-event.ts';
export {
  ProcessMetadata,
  type ProcessMetadataOptions,
  processMetadata,
} from './metadata/process-metadata.ts';
export { EventJson } from './outputs/event-json.ts';
export {
  type EventOutputOptions,
  jsonLines,
  jsonLinesWithAncestors,
  type LineOutputOptions,
  lineOutput,
} from './outputs/event-output.ts';
export {
  type OutputSink,
  type ProfileOutputOptions,
  profileOutput,
  type SinkContext,
} from './outputs/profile-output.ts';
export type { WithheldNotice } from './outputs/withheld.ts';
export {
  type CompositionProblem,
  type DuplicateNames,
  type Fitting,
  type MissingServices,
  planComposition,
} from './plugin/composition.ts';
export {
  type DraftHandler,
  definePlugin,
  type EventHandler,
  type HandlerResult,
  type KernelNeeds,
  PHASES,
  type Phase,
  type Plugin,
  type PluginContext,
  type PluginHandlers,
  type PluginSetup,
  type PluginSpec,
  type QueueOptions,
  type UnwindMode,
} from './plugin/plugin.ts';
export type { PluginReport } from './plugin/plugin-report.ts';
export { defineService, type Service, type ShapeOf } from './plugin/service.ts';
export {
  type CpuProfilerOptions,
  cpuProfiler,
  Profiler,
  type Profiling,
} from './plugins/cpu-profiler/index.ts';
export { symbolInvalidation } from './plugins/image-retirement/index.ts';
export { REDACTED, redactArguments, redactText } from './redaction/redact-arguments.ts';
export { type RedactionOptions, redaction } from './redaction/redaction.ts';
export { watchReader } from './session/hang-up.ts';
export { DEFAULT_RING_BYTES, Kernel, type KernelAccess } from './session/kernel-capture.ts';
export { PIPE_BYTES, type PipeWriter, pipeWriter } from './session/pipe-output.ts';
export {
  openSession,
  type Session,
  type SessionReport,
} from './session/session.ts';
export type { SessionConfig } from './session/session-config.ts';
export type { SessionTarget } from './session/session-filter.ts';
export { type SessionControl, SessionService } from './session/session-service.ts';
export { watchTarget } from './session/target-end.ts';
export { stringifyJson } from './text/json.ts';
export { escapedByte, printable, UNSAFE_CHARACTER } from './text/printable.ts';
export { bytesOf, wellFormed } from './text/well-formed.ts';
export { ProcessTree, type TreeIdentity, type TreeNode } from './tree/process-tree.ts';
export {
  type ProcessTreeOptions,
  ProcessTreeService,
  processTree,
} from './tree/process-tree-plugin.ts';
