/** @waggle/probes: events by their names, and where probes stand. See README.md. */
export { BadEvent, type BadEventCode } from './bad-event.ts';
export {
  type EventRequest,
  type KernelProbeRequest,
  type PerfEventRequest,
  parseEvent,
  type TracepointRequest,
  type UsdtRequest,
  type UserProbeRequest,
} from './event.ts';
export type { FunctionPattern } from './function-pattern.ts';
export type { FunctionPlace, PlaceSearch } from './function-places.ts';
export type { KernelFunction } from './kernel-functions.ts';
export { NearestNames } from './nearest.ts';
export { Loader } from './needed-libraries.ts';
export { needsCounter, type PerfEventKind } from './perf-events.ts';
export { commandScope, hostScope, type ProbeScope, processScope } from './probe-scope.ts';
export type { ProbedObject } from './probed-object.ts';
export {
  type ResolvedEvent,
  type ResolveOptions,
  resolveEvent,
  type UserPlace,
} from './resolve.ts';
export type { UsdtArgument } from './usdt-arguments.ts';
