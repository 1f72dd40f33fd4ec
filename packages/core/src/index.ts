/**
 * @waggle/core: the event pipeline, sessions and plugins. What one plugin exports beside its factory,
 * its service and what other plugins are made with is at @waggle/core/plugins/<name>. See README.md.
 */

export { defineSource, type Source } from '@waggle/bpf';
export type {
  EventDraft,
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
  ProcessEvent,
} from '@waggle/events';
export { EVENT_KINDS, type EventKind } from '@waggle/kernel';
export {
  collapseRaw,
  collapseRawWith,
  type FrameCount,
  type FrameListInterpreter,
  type StackFrameInfo,
} from '@waggle/profiler';
export {
  type Agent,
  type AgentConfig,
  type AgentReport,
  createAgent,
} from './agent/create-agent.ts';
export { type AgentDefinition, defineAgent } from './agent/define-agent.ts';
export type { PluginProblem } from './dispatch/running-plugin.ts';
// The errors that a program of its own tells apart; all of them are at @waggle/core/errors.
export {
  BadOption,
  CommandNotStarted,
  KernelRefused,
  NotPermitted,
  PluginNotStarted,
  SessionEnded,
  type WaggleError,
} from './errors/errors.ts';
export {
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginHandlers,
} from './plugin/plugin.ts';
export type { PluginReport } from './plugin/plugin-report.ts';
export { defineService, type Service } from './plugin/service.ts';
export { cpuProfiler, Profiler } from './plugins/cpu-profiler/index.ts';
export { jsonLines, lineOutput } from './plugins/event-output/index.ts';
export { imageRetirement } from './plugins/image-retirement/index.ts';
export { LiveHeap, liveHeap } from './plugins/live-heap/index.ts';
export { OffCpu, offCpu } from './plugins/off-cpu/index.ts';
export { perfEvents } from './plugins/perf-events/index.ts';
export { ProcessMetadata, processMetadata } from './plugins/process-metadata/index.ts';
export { ProcessTreeService, processTree } from './plugins/process-tree/index.ts';
export { type OutputSink, profileOutput } from './plugins/profile-output/index.ts';
export { redaction } from './plugins/redaction/index.ts';
export { Kernel } from './session/kernel-capture.ts';
export type { SessionReport } from './session/session.ts';
export { SessionService } from './session/session-service.ts';
export type { SessionTarget } from './session/session-target.ts';
