/** An execve or execveat that returned an error: the event, and how it is read from its record. */

import {
  decodeBytes,
  decodeStrings,
  FailedExecRecordReader,
  type RecordMemory,
  recordFlags,
} from '@waggle/bpf';
import { errnoName } from '@waggle/ffi';
import { failedExecEventId } from '../fields/event-ids.ts';
import { ARGV_CUT, type EventBase, type EventContext } from './event-base.ts';

/** Only where a session asks for `failed-exec`. The image is the one that goes on. */
export interface FailedExecEvent extends EventBase {
  readonly event: 'failed-exec';
  /** Name of the errno: `ENOENT`, `EACCES`. A search along PATH fails once for each folder. */
  readonly error: string;
  /** As given to the call; null where it could not be read. May be relative, or empty. */
  readonly filename: string | null;
  /** At most FAILED_ARGUMENTS_MAX arguments of less than FAILED_ARGUMENT_BYTES each. */
  readonly argv: readonly string[];
  /** Some arguments were cut, left out, or lie in memory that was not there. */
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  /** In the v2 hierarchy: the inode number of the cgroup's directory. */
  readonly cgroupId: bigint;
}

const record = new FailedExecRecordReader();

export function decodeFailedExec(
  memory: RecordMemory,
  offset: number,
  { realtimeOffset, processId, parentId, cgroups }: EventContext,
): FailedExecEvent {
  const { bytes } = memory;
  record.at(memory, offset);
  const { flags, timeNs, tgid, startBoottime, execId, parentTgid, parentStartBoottime } = record;
  const filenameAt = record.payloadAt;
  const argvAt = filenameAt + record.filenameLength;
  const isReadable = (flags & recordFlags.RECORD_FILENAME_UNREADABLE) === 0;
  const cgroup = cgroups.find(record.cgroupKey);
  const id = processId(tgid, startBoottime, execId);
  return {
    event: 'failed-exec',
    time: timeNs + realtimeOffset,
    bootTime: timeNs,
    processId: id,
    parentProcessId: parentId(parentTgid, parentStartBoottime, record.parentExecId),
    eventId: failedExecEventId(id, record.cursor, timeNs),
    pid: tgid,
    tid: record.tid,
    ppid: parentTgid,
    startTime: startBoottime,
    execId,
    identity: { pid: tgid, startBoottimeNs: startBoottime, execId },
    parentStartTime: parentStartBoottime,
    comm: record.comm,
    parentComm: null,
    error: errnoName(record.error),
    cgroup: cgroup?.path ?? null,
    containerId: cgroup?.containerId ?? null,
    filename: isReadable ? decodeBytes(bytes, filenameAt, argvAt) : null,
    argv: decodeStrings(bytes, argvAt, argvAt + record.argvLength),
    argvTruncated: (flags & ARGV_CUT) !== 0,
    uid: record.uid,
    gid: record.gid,
    cgroupId: record.cgroupId,
  };
}
