// @waggle/core: the event pipeline and the profiler. See README.md.

export { decodeBytes, defineSource, type Source } from '@waggle/bpf';
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
  type UnwindMode,
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
  BadOption,
  CommandNotStarted,
  ForeignProcfs,
  InvalidPluginGraph,
  KernelRefused,
  NativeUnavailable,
  NoSuchProcess,
  NotPermitted,
  PluginMissing,
  PluginNotStarted,
  SessionEnded,
  type WaggleError,
} from './errors/errors.ts';
export { cutArguments } from './events/cut-arguments.ts';
export { existingDescendants } from './events/descendants.ts';
export type { EventTotals } from './events/event-reader.ts';
export type {
  EventDraft,
  ExecDetail,
  ExecEvent,
  ExecFlag,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
  ProcessEvent,
} from './events/process-event.ts';
export { type CountByKind, type EventKind, sumOf } from './kernel/event-kind.ts';
export type { RateLimit } from './kernel/kernel-settings.ts';
export type { AttachMethod, AttachOutcome, AttachReport } from './kernel/load-source.ts';
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
} from './plugin/plugin.ts';
export {
  type DuplicateNames,
  type MissingServices,
  type PluginGraphProblem,
  planPlugins,
  type ValidPlugins,
} from './plugin/plugin-graph.ts';
export type { PluginReport } from './plugin/plugin-report.ts';
export type { PluginSource, RecordHandlers } from './plugin/plugin-source.ts';
export { defineService, type Service, type ShapeOf } from './plugin/service.ts';
export {
  type CpuProfilerOptions,
  cpuProfiler,
  Profiler,
  type ProfilerService,
} from './plugins/cpu-profiler/index.ts';
export { EventJson } from './plugins/event-output/event-json.ts';
export {
  type EventOutputOptions,
  jsonLines,
  jsonLinesWithAncestors,
  type LineOutputOptions,
  lineOutput,
} from './plugins/event-output/index.ts';
export type { WithheldNotice } from './plugins/event-output/withheld.ts';
export { imageRetirement } from './plugins/image-retirement/index.ts';
export {
  ProcessMetadata,
  type ProcessMetadataOptions,
  processMetadata,
} from './plugins/process-metadata/index.ts';
export {
  type ProcessTreeOptions,
  ProcessTreeService,
  processTree,
} from './plugins/process-tree/index.ts';
export {
  ProcessTree,
  type TreeIdentity,
  type TreeNode,
} from './plugins/process-tree/process-tree.ts';
export {
  type OutputSink,
  type ProfileOutputOptions,
  profileOutput,
  type SinkContext,
} from './plugins/profile-output/index.ts';
export { type RedactionOptions, redaction } from './plugins/redaction/index.ts';
export { REDACTED, redactArguments, redactText } from './plugins/redaction/redact-arguments.ts';
export { DEFAULT_RING_BYTES, Kernel, type KernelAccess } from './session/kernel-capture.ts';
export {
  openSession,
  type Session,
  type SessionReport,
} from './session/session.ts';
export type { SessionConfig } from './session/session-config.ts';
export { type SessionControl, SessionService } from './session/session-service.ts';
export type { SessionTarget } from './session/session-target.ts';
export { watchTarget } from './session/target-end.ts';
export { stringifyJson } from './text/json.ts';
export { escapedByte, printable, UNSAFE_CHARACTER } from './text/printable.ts';
export { bytesOf, wellFormed } from './text/well-formed.ts';
