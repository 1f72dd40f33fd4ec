// Bytes of process_events to typed records. Offsets come from the object's BTF by way of
// generated/layouts.ts. Strings are copied; nothing returned points into the ring.

import {
  execFailedRecord,
  execRecord,
  exitRecord,
  forkRecord,
  recordFlags,
  recordType,
} from '../generated/layouts.ts';
import { decodeExecDetail } from './exec-detail.ts';
import type {
  ExecRecord,
  ExitRecord,
  FailedExecRecord,
  ForkRecord,
  KernelRecord,
} from './record.ts';
import { decodeBytes, decodeText } from './text.ts';

/** Memory that a record lies in; the ring buffer reader's shape. */
export interface RecordMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const HEADER = execRecord.offset;
const COMM_BYTES = execRecord.bytes['header.comm'];
const FORK = forkRecord.offset;
const EXEC = execRecord.offset;
const EXIT = exitRecord.offset;
const FAILED = execFailedRecord.offset;

/**
 * The record at `offset`, or undefined for one that is no event (`decodeCgroup` reads it) or that
 * this version does not know (a newer object's). The header's fields are spelled out in each record: spreading a common object
 * costs more than everything else in here.
 */
export function decodeRecord(memory: RecordMemory, offset: number): KernelRecord | undefined {
  switch (memory.view.getUint16(offset + HEADER['header.type'], true)) {
    case recordType.RECORD_EXEC:
      return decodeExec(memory, offset);
    case recordType.RECORD_EXIT:
      return decodeExit(memory, offset);
    case recordType.RECORD_FORK:
      return decodeFork(memory, offset);
    case recordType.RECORD_EXEC_FAILED:
      return decodeFailedExec(memory, offset);
    default:
      return undefined;
  }
}

function decodeExec(memory: RecordMemory, offset: number): ExecRecord {
  const { bytes, view } = memory;
  const flags = view.getUint16(offset + HEADER['header.flags'], true);
  const filenameAt = offset + EXEC.payload;
  const argvAt = filenameAt + view.getUint32(offset + EXEC.filename_length, true);
  const argvEnd = argvAt + view.getUint32(offset + EXEC.argv_length, true);
  const environEnd = argvEnd + view.getUint32(offset + EXEC.environ_length, true);
  const hasEnviron = (flags & recordFlags.RECORD_HAS_ENVIRON) !== 0;
  return {
    type: 'exec',
    cpu: view.getUint32(offset + HEADER['header.cpu'], true),
    sequence: u53(view, offset + HEADER['header.sequence']),
    time: view.getBigUint64(offset + HEADER['header.time_ns'], true),
    pid: view.getUint32(offset + HEADER['header.tgid'], true),
    tid: view.getUint32(offset + HEADER['header.tid'], true),
    startTime: view.getBigUint64(offset + HEADER['header.start_boottime'], true),
    execId: u53(view, offset + HEADER['header.exec_id']),
    ppid: view.getUint32(offset + HEADER['header.parent_tgid'], true),
    parentStartTime: view.getBigUint64(offset + HEADER['header.parent_start_boottime'], true),
    parentExecId: u53(view, offset + HEADER['header.parent_exec_id']),
    cgroupKey: u53(view, offset + HEADER['header.cgroup_key']),
    comm: decodeComm(bytes, offset + HEADER['header.comm']),
    filename: decodeBytes(bytes, filenameAt, argvAt),
    argv: decodeArgv(bytes, argvAt, argvEnd),
    argvTruncated:
      (flags & (recordFlags.RECORD_ARGV_TRUNCATED | recordFlags.RECORD_ARGV_UNREADABLE)) !== 0,
    uid: view.getUint32(offset + EXEC.uid, true),
    gid: view.getUint32(offset + EXEC.gid, true),
    cgroupId: view.getBigUint64(offset + EXEC.cgroup_id, true),
    nsMnt: view.getUint32(offset + EXEC.mount_namespace, true),
    nsPid: view.getUint32(offset + EXEC.pid_namespace, true),
    imageMark: u53(view, offset + EXEC.image_mark),
    detail:
      (flags & recordFlags.RECORD_HAS_DETAIL) === 0
        ? undefined
        : decodeExecDetail(memory, offset, flags, environEnd),
    environ: hasEnviron ? decodeArgv(bytes, argvEnd, environEnd) : undefined,
    environTruncated: (flags & recordFlags.RECORD_ENVIRON_TRUNCATED) !== 0,
  };
}

function decodeExit({ bytes, view }: RecordMemory, offset: number): ExitRecord {
  const status = view.getUint32(offset + EXIT.exit_code, true);
  return {
    type: 'exit',
    cpu: view.getUint32(offset + HEADER['header.cpu'], true),
    sequence: u53(view, offset + HEADER['header.sequence']),
    time: view.getBigUint64(offset + HEADER['header.time_ns'], true),
    pid: view.getUint32(offset + HEADER['header.tgid'], true),
    tid: view.getUint32(offset + HEADER['header.tid'], true),
    startTime: view.getBigUint64(offset + HEADER['header.start_boottime'], true),
    execId: u53(view, offset + HEADER['header.exec_id']),
    ppid: view.getUint32(offset + HEADER['header.parent_tgid'], true),
    parentStartTime: view.getBigUint64(offset + HEADER['header.parent_start_boottime'], true),
    parentExecId: u53(view, offset + HEADER['header.parent_exec_id']),
    cgroupKey: u53(view, offset + HEADER['header.cgroup_key']),
    comm: decodeComm(bytes, offset + HEADER['header.comm']),
    uid: view.getUint32(offset + EXIT.uid, true),
    cgroupId: view.getBigUint64(offset + EXIT.cgroup_id, true),
    exitCode: (status >>> 8) & 0xff,
    signal: status & 0x7f,
    coreDumped: (status & 0x80) !== 0,
  };
}

function decodeFork({ bytes, view }: RecordMemory, offset: number): ForkRecord {
  return {
    type: 'fork',
    cpu: view.getUint32(offset + HEADER['header.cpu'], true),
    sequence: u53(view, offset + HEADER['header.sequence']),
    time: view.getBigUint64(offset + HEADER['header.time_ns'], true),
    pid: view.getUint32(offset + HEADER['header.tgid'], true),
    tid: view.getUint32(offset + HEADER['header.tid'], true),
    startTime: view.getBigUint64(offset + HEADER['header.start_boottime'], true),
    execId: u53(view, offset + HEADER['header.exec_id']),
    ppid: view.getUint32(offset + HEADER['header.parent_tgid'], true),
    parentStartTime: view.getBigUint64(offset + HEADER['header.parent_start_boottime'], true),
    parentExecId: u53(view, offset + HEADER['header.parent_exec_id']),
    cgroupKey: u53(view, offset + HEADER['header.cgroup_key']),
    comm: decodeComm(bytes, offset + HEADER['header.comm']),
    childPid: view.getUint32(offset + FORK.child_tgid, true),
    childStartTime: view.getBigUint64(offset + FORK.child_start_boottime, true),
    uid: view.getUint32(offset + FORK.uid, true),
    childCgroupKey: u53(view, offset + FORK.child_cgroup_key),
  };
}

const ARGV_CUT = recordFlags.RECORD_ARGV_TRUNCATED | recordFlags.RECORD_ARGV_UNREADABLE;

function decodeFailedExec({ bytes, view }: RecordMemory, offset: number): FailedExecRecord {
  const flags = view.getUint16(offset + HEADER['header.flags'], true);
  const filenameAt = offset + FAILED.payload;
  const argvAt = filenameAt + view.getUint32(offset + FAILED.filename_length, true);
  const argvEnd = argvAt + view.getUint32(offset + FAILED.argv_length, true);
  const isReadable = (flags & recordFlags.RECORD_FILENAME_UNREADABLE) === 0;
  return {
    type: 'failed-exec',
    cpu: view.getUint32(offset + HEADER['header.cpu'], true),
    sequence: u53(view, offset + HEADER['header.sequence']),
    time: view.getBigUint64(offset + HEADER['header.time_ns'], true),
    pid: view.getUint32(offset + HEADER['header.tgid'], true),
    tid: view.getUint32(offset + HEADER['header.tid'], true),
    startTime: view.getBigUint64(offset + HEADER['header.start_boottime'], true),
    execId: u53(view, offset + HEADER['header.exec_id']),
    ppid: view.getUint32(offset + HEADER['header.parent_tgid'], true),
    parentStartTime: view.getBigUint64(offset + HEADER['header.parent_start_boottime'], true),
    parentExecId: u53(view, offset + HEADER['header.parent_exec_id']),
    cgroupKey: u53(view, offset + HEADER['header.cgroup_key']),
    comm: decodeComm(bytes, offset + HEADER['header.comm']),
    error: view.getUint32(offset + FAILED.error, true),
    filename: isReadable ? decodeBytes(bytes, filenameAt, argvAt) : undefined,
    argv: decodeArgv(bytes, argvAt, argvEnd),
    argvTruncated: (flags & ARGV_CUT) !== 0,
    uid: view.getUint32(offset + FAILED.uid, true),
    gid: view.getUint32(offset + FAILED.gid, true),
    cgroupId: view.getBigUint64(offset + FAILED.cgroup_id, true),
  };
}

/** A 64-bit number that stays below 2^53, or does in practice. */
export function u53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

/** A NUL-padded comm. Invalid UTF-8 becomes U+FFFD. */
export function decodeComm(bytes: Uint8Array, offset: number): string {
  let end = offset;
  while (end < offset + COMM_BYTES && bytes[end] !== 0) end++;
  return decodeText(bytes, offset, end);
}

/** Each argument ends with a NUL; a cut-off last one has none. */
function decodeArgv(bytes: Uint8Array, start: number, end: number): string[] {
  if (start === end) return [];
  const stop = bytes[end - 1] === 0 ? end - 1 : end;
  return decodeBytes(bytes, start, stop).split('\0');
}
