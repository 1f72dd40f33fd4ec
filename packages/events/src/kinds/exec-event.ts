/**
 * A process runs a program: the event, and how it is read from its record. In paths, arguments and
 * environments a byte that is no UTF-8 is U+DC00 plus the byte (decodeBytes of @waggle/bpf).
 */

import {
  decodeBytes,
  decodeStrings,
  ExecRecordReader,
  type RecordMemory,
  recordFlags,
} from '@waggle/bpf';
import { execEventId } from '../fields/event-ids.ts';
import { type NumberFields, type NumbersOf, withNumbers } from '../fields/number-fields.ts';
import { ARGV_CUT, type EventBase, type EventContext } from './event-base.ts';
import { decodeExecDetail, type ExecDetail } from './exec-detail.ts';

/** A number that the record gets is shown by a line here. */
export const EXEC_NUMBERS = {
  /** Inode number of the mount namespace. */
  nsMnt: 'mountNamespace',
  /** Inode number of the PID namespace. */
  nsPid: 'pidNamespace',
} as const satisfies NumberFields<ExecRecordReader>;

export interface ExecEvent extends EventBase, NumbersOf<ExecRecordReader, typeof EXEC_NUMBERS> {
  readonly event: 'exec';
  /** As given to execve; may be relative. */
  readonly filename: string;
  readonly argv: readonly string[];
  /** argv was longer than ARGV_MAX_BYTES, or not readable; what is there is its beginning. */
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  /** In the v2 hierarchy: the inode number of the cgroup's directory. */
  readonly cgroupId: bigint;
  /** Of the image, as `ProcProbe.layoutFingerprint` of the cache is. */
  readonly layoutFingerprint: number;
  /** Paths, ids and flags; null where the session goes without (`execDetail: false`). */
  readonly detail: ExecDetail | null;
  /** `NAME=value`, where the session asks for it. They hold secrets. */
  readonly environ: readonly string[] | null;
  /** The environment lacks its end, or did not lie behind the arguments. */
  readonly environTruncated: boolean;
}

const record = new ExecRecordReader();

export function decodeExec(
  memory: RecordMemory,
  offset: number,
  { realtimeOffset, processId, parentId, cgroups }: EventContext,
): ExecEvent {
  const { bytes } = memory;
  record.at(memory, offset);
  const { flags, timeNs, tgid, startBoottime, execId, parentTgid, parentStartBoottime } = record;
  const filenameAt = record.payloadAt;
  const argvAt = filenameAt + record.filenameLength;
  const argvEnd = argvAt + record.argvLength;
  const environEnd = argvEnd + record.environLength;
  const cgroup = cgroups.find(record.cgroupKey);
  const id = processId(tgid, startBoottime, execId);
  const event = {
    event: 'exec' as const,
    time: timeNs + realtimeOffset,
    bootTime: timeNs,
    processId: id,
    parentProcessId: parentId(parentTgid, parentStartBoottime, record.parentExecId),
    eventId: execEventId(id),
    pid: tgid,
    tid: record.tid,
    ppid: parentTgid,
    startTime: startBoottime,
    execId,
    identity: { pid: tgid, startBoottimeNs: startBoottime, execId },
    parentStartTime: parentStartBoottime,
    comm: record.comm,
    parentComm: null,
    cgroup: cgroup?.path ?? null,
    containerId: cgroup?.containerId ?? null,
    filename: decodeBytes(bytes, filenameAt, argvAt),
    argv: decodeStrings(bytes, argvAt, argvEnd),
    argvTruncated: (flags & ARGV_CUT) !== 0,
    uid: record.uid,
    gid: record.gid,
    cgroupId: record.cgroupId,
    layoutFingerprint: record.layoutFingerprint,
    detail:
      (flags & recordFlags.RECORD_HAS_DETAIL) === 0
        ? null
        : decodeExecDetail(record, flags, environEnd),
    environ:
      (flags & recordFlags.RECORD_HAS_ENVIRON) === 0
        ? null
        : decodeStrings(bytes, argvEnd, environEnd),
    environTruncated: (flags & recordFlags.RECORD_ENVIRON_TRUNCATED) !== 0,
  };
  return withNumbers(event, record, EXEC_NUMBERS);
}
