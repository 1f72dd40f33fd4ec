/**
 * Events of plugins' own sources: what the header of their record says of the process, as all events do, and
 * the record's own fields.
 */

import {
  type FieldsOf,
  RecordHeaderReader as HeaderReader,
  type RecordHeaderReader,
  type RecordMemory,
  type RecordOf,
  type RecordReader,
  type Source,
} from '@waggle/bpf';
import { ownEventId } from '../fields/event-ids.ts';
import type { EventBase, EventContext } from './event-base.ts';

/** Any of them, where nobody knows which sources there are. */
export interface OwnEvent extends Omit<EventBase, 'parentComm'> {
  readonly event: string;
}

type HeaderFields = ReturnType<RecordHeaderReader['copy']>;

/** Of a record, what its header does not have. */
type OwnFields<Fields> = Omit<Fields, keyof HeaderFields | 'event'>;

/** A field of the record's own hides one of the process that has its name. */
type OwnEventWith<Name extends string, Own> = {
  readonly [Key in keyof Own | keyof OwnEvent]: Key extends 'event'
    ? Name
    : Key extends keyof Own
      ? Own[Key]
      : Key extends keyof OwnEvent
        ? OwnEvent[Key]
        : never;
};

/** The events that sources declare. */
export type EventsOfSource<Of> =
  Of extends Source<infer S, infer E>
    ? string extends keyof E
      ? never
      : {
          [Name in keyof E & string]: OwnEventWith<
            Name,
            OwnFields<FieldsOf<S, E[Name] & RecordOf<S>>>
          >;
        }[keyof E & string]
    : never;

const EMPTY = new Uint8Array(4096);
const NO_RECORD = { bytes: EMPTY, view: new DataView(EMPTY.buffer) };
/** What the header has is told as all events tell it. */
const HEADER_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(new HeaderReader().at(NO_RECORD, 0).copy()),
);

const header = new HeaderReader();

/** @param reader of the whole record, which begins with the header. */
export function decodeOwnEvent(
  event: string,
  reader: RecordReader & { copy(): object },
  memory: RecordMemory,
  offset: number,
  { realtimeOffset, processId, parentId, cgroups }: EventContext,
): OwnEvent {
  header.at(memory, offset);
  const { timeNs, tgid, startBoottime, execId, parentTgid, parentStartBoottime } = header;
  const cgroup = cgroups.find(header.cgroupKey);
  const id = processId(tgid, startBoottime, execId);
  const own: OwnEvent & Record<string, unknown> = {
    event,
    time: timeNs + realtimeOffset,
    bootTime: timeNs,
    processId: id,
    parentProcessId: parentId(parentTgid, parentStartBoottime, header.parentExecId),
    eventId: ownEventId(id, event, timeNs, header.cpu),
    pid: tgid,
    tid: header.tid,
    ppid: parentTgid,
    startTime: startBoottime,
    execId,
    identity: { pid: tgid, startBoottimeNs: startBoottime, execId },
    parentStartTime: parentStartBoottime,
    comm: header.comm,
    cgroup: cgroup?.path ?? null,
    containerId: cgroup?.containerId ?? null,
  };
  for (const [name, value] of Object.entries(reader.at(memory, offset).copy()))
    if (!HEADER_FIELDS.has(name) && name !== 'event') own[name] = value;
  return own;
}
