/** @waggle/kernel: sources in the kernel, and what they are told while they run. See README.md. */

export { CgroupError, ForeignProcfsError } from './errors.ts';
export {
  type CountByKind,
  countByKind,
  EVENT_KINDS,
  EVENT_OF_TYPE,
  type EventKind,
  noEvents,
  sumOf,
} from './event-kind.ts';
export { type PidNamespace, pidNamespaceOf } from './pid-namespace.ts';
export { openEventRing, type SharedSizes, sharedMapEntries } from './settings/event-ring.ts';
export { FollowedCgroups, type FollowedChange } from './settings/followed-cgroups.ts';
export {
  type EventCounts,
  type KernelFilter,
  KernelSettings,
  type RateLimit,
  type TrackedState,
} from './settings/kernel-settings.ts';
export {
  type AttachMethod,
  type AttachReport,
  type LoadedSource,
  type PreparedSource,
  prepareSource,
} from './sources/load-source.ts';
export {
  LoadedSources,
  type SourceRecordType,
  type SourcesOptions,
} from './sources/loaded-sources.ts';
export { SourceMap } from './sources/source-map.ts';
