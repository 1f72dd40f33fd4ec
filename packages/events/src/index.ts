/**
 * @waggle/events: what happened to which process, and how it is read from the kernel's records. See README.md.
 */

export { KnownCgroups } from './fields/known-cgroups.ts';
export { type NumberFields, type NumberOf, namesOf } from './fields/number-fields.ts';
export { usageAt, usageOf } from './fields/process-usage.ts';
export { type StandardFile, standardFilesOf } from './fields/standard-files.ts';
export { nameOfCut, namesOfTexts, type TextField } from './fields/text-fields.ts';
export { cutArguments } from './kinds/cut-arguments.ts';
export { ARGV_CUT, EventContext } from './kinds/event-base.ts';
export {
  deviceOf,
  EXEC_DETAIL_NUMBERS,
  EXEC_DETAIL_TEXTS,
  execFlagsOf,
  NO_LOGIN,
} from './kinds/exec-detail.ts';
export { EXEC_NUMBERS } from './kinds/exec-event.ts';
export type { EventsOfSource, OwnEvent } from './kinds/own-event.ts';
export type {
  EventDraft,
  ExecDetail,
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
  ProcessEvent,
} from './kinds/process-event.ts';
export { EventBatch } from './reading/event-batch.ts';
export { EventReader, type EventTotals } from './reading/event-reader.ts';
export {
  type OwnEventItem,
  type RecordRoute,
  type SourceRecord,
  SourceRecords,
} from './reading/source-records.ts';
