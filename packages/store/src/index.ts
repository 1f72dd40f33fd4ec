/**
 * @waggle/store: what ran on a host, on disk: processes from birth to end, failed execs, losses, profiles by span. Runs
 * on Bun, whose SQLite it is. See README.md.
 */

export { isDamage, StoreError, type StoreErrorCode } from './errors.ts';
export { toMs, toNs } from './nanoseconds.ts';
export type { ProfileEntry } from './profiles/entries.ts';
export type { Span } from './profiles/profile-table.ts';
export type { HistorySpan } from './read/bounds.ts';
export type {
  HistoryEntry,
  HistoryFailure,
  HistoryProcess,
  HistoryQuery,
} from './read/history.ts';
export {
  type HistoryMoment,
  type HistoryProgram,
  momentsOf,
  programAt,
} from './read/moments.ts';
export type { ProfileQuery } from './read/profiles.ts';
export type { ActivityStep, EarlierProgram, ProcessSpan } from './read/replay.ts';
export { SampleSum } from './read/sample-sum.ts';
export type { SampledPart } from './read/samples.ts';
export {
  type SqlOptions,
  type SqlValue,
  StoreReader,
  type StoreReaderOptions,
} from './read/store-reader.ts';
export type { CgroupSummary, ProgramSummary, SpanSummary, StoreGap } from './read/summary.ts';
export { SCHEMA_VERSION } from './schema/schema.ts';
export { type CgroupState, CgroupStates } from './write/cgroup-state.ts';
export { type HostState, readHostState } from './write/host-state.ts';
export type { RunningProcess } from './write/process-rows.ts';
export type { RetentionLimits } from './write/retention.ts';
export { StoreWriter, type StoreWriterOptions } from './write/store-writer.ts';
