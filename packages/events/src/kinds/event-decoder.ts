/**
 * From the bytes of a record to its event, by the kind that its header says. Strings are copied; nothing
 * in an event points into the ring.
 */

import { type RecordMemory, recordType } from '@waggle/bpf';
import type { EventContext } from './event-base.ts';
import { decodeExec } from './exec-event.ts';
import { decodeExit } from './exit-event.ts';
import { decodeFailedExec } from './failed-exec-event.ts';
import { decodeFork } from './fork-event.ts';
import type { LostEvent, ProcessEvent } from './process-event.ts';

/** The event of the record at `offset`; undefined for a type that is no event's. */
export function decodeEvent(
  type: number,
  memory: RecordMemory,
  offset: number,
  context: EventContext,
): Exclude<ProcessEvent, LostEvent> | undefined {
  switch (type) {
    case recordType.RECORD_EXEC:
      return decodeExec(memory, offset, context);
    case recordType.RECORD_EXIT:
      return decodeExit(memory, offset, context);
    case recordType.RECORD_FORK:
      return decodeFork(memory, offset, context);
    case recordType.RECORD_FAILED_EXEC:
      return decodeFailedExec(memory, offset, context);
    default:
      return undefined;
  }
}
