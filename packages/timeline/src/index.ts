/**
 * @waggle/timeline: recorded process events, the lines of `trace --json`, as files: tables, a database,
 * a trace for Perfetto, and a page that shows what ran when. Needs no kernel and no rights.
 */

export { CSV_HEADER, csvRow } from './csv/csv-events.ts';
export { jsonLinesOfTable, looksLikeEventTable } from './csv/read-csv.ts';
export type { EventName, FieldType } from './events/fields.ts';
export { looksLikeEvents, type ReadCounts, readEvents } from './events/read-events.ts';
export {
  nanosecondsOf,
  parseEvent,
  type RecordedEvent,
  type RecordedExec,
  type RecordedExit,
  type RecordedFailure,
  type RecordedFork,
} from './events/recorded-event.ts';
export {
  type TimelinePageOptions,
  type TimelineUpdateOptions,
  timelineFrame,
  timelinePage,
  timelineUpdate,
} from './page/encode.ts';
export { PerfettoEvents } from './perfetto/perfetto-events.ts';
export {
  PerfettoSamples,
  type SampledFrame,
  type TimedSample,
} from './perfetto/perfetto-samples.ts';
export { ProcessHistory } from './processes/history.ts';
export {
  isCompleteRecording,
  jsonLinesOfDatabase,
  looksLikeDatabase,
  type ReadableDatabase,
} from './sqlite/read-sqlite.ts';
export { type SqlDatabase, SqliteEvents, type SqlStatement } from './sqlite/sqlite-events.ts';
