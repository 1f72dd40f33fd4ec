/** @waggle/events/testing: events, and the records that they are read from, made up for tests. */

export {
  execDetail,
  execEvent,
  exitEvent,
  failedExecEvent,
  forkEvent,
  lostEvent,
} from './events.ts';
export { processRecord, type RecordFields } from './records.ts';
