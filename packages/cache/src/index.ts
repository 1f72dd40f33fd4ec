/**
 * @waggle/cache: who is process N, cheaply, and never somebody else's data.
 * Nothing is read on import; see README.md for the promises and what they cost.
 */
export { type ArgumentErrorCode, ArgumentRangeError, ArgumentTypeError } from './argument-error.ts';
export { ProcessMetadataCache } from './cache.ts';
export type { ProcessEntry } from './entry.ts';
export type { RevealOptions } from './entry-description.ts';
export { Environ } from './environ.ts';
export type { ExecRecord } from './exec-record.ts';
export type { LastingReason } from './field-reader.ts';
export { FIELD_NAMES, type FieldName } from './fields.ts';
export { frozenList } from './frozen-list.ts';
export {
  compareStart,
  formatIdentity,
  type IdentityQuery,
  isSameImage,
  isSameProcess,
  type KnownIdentity,
  knownIdentity,
  type ProcessIdentity,
  type StartTimeScale,
  startTicksOf,
} from './identity.ts';
export type { CacheOptions, CapacityPolicy, Clock, Logger } from './options.ts';
export {
  type CgroupLine,
  chooseCgroup,
  containerIdFromCgroup,
  containerIdFromPath,
  parseCgroup,
} from './procfs/cgroup.ts';
export { boottimeFromTicks, clockTicksFromAuxv, ticksFromBoottime } from './procfs/clock-ticks.ts';
export { ProcfsError, type ProcfsErrorCode } from './procfs/error.ts';
export {
  type ImageLayout,
  isFixedLayout,
  layoutFingerprintOf,
} from './procfs/layout-fingerprint.ts';
export type {
  CgroupInfo,
  Cmdline,
  EnvironBlock,
  ExeLink,
  IdSet,
  MapsEntry,
  MountInfo,
  NamespaceKind,
  PidOrSelf,
  Procfs,
  ProcLimits,
  ProcProbe,
  ProcStat,
  ProcStatus,
} from './procfs/procfs.ts';
export { EXEC_IN_PROGRESS } from './procfs/procfs.ts';
export type { ProcfsFileHandle, ProcfsIo } from './procfs/read-file.ts';
export { type ProcfsLimits, RealProcfs, type RealProcfsOptions } from './procfs/real.ts';
export type { CacheStats, EvictionReason } from './stats.ts';
export type { ProcessUsage } from './usage.ts';
