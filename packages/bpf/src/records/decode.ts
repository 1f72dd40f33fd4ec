// Bytes of process_events to typed records, by the readers that are generated from the objects' BTF.
// Strings are copied; nothing returned points into the ring.

import {
  ExecRecordReader,
  ExitRecordReader,
  FailedExecRecordReader,
  ForkRecordReader,
  recordFlags,
  recordHeader,
  recordType,
} from '../generated/layouts.ts';
import { decodeExecDetail } from './exec-detail.ts';
import { type RecordMemory, textAt } from './reader.ts';
import type {
  ExecRecord,
  ExitRecord,
  FailedExecRecord,
  ForkRecord,
  KernelRecord,
} from './record.ts';
import { decodeBytes } from './text.ts';

const COMM_BYTES = recordHeader.bytes.comm;

const fork = new ForkRecordReader();
const exec = new ExecRecordReader();
const exit = new ExitRecordReader();
const failed = new FailedExecRecordReader();

/**
 * The record at `offset`, or undefined for one that is no event (`decodeCgroup` reads it), is another
 * source's, or is not known to this version (a newer object's). The header's fields are spelled out in
 * each record: spreading a common object costs more than everything else in here.
 */
export function decodeRecord(memory: RecordMemory, offset: number): KernelRecord | undefined {
  switch (memory.view.getUint16(offset + recordHeader.offset.type, true)) {
    case recordType.RECORD_EXEC:
      return decodeExec(memory, offset);
    case recordType.RECORD_EXIT:
      return decodeExit(memory, offset);
    case recordType.RECORD_FORK:
      return decodeFork(memory, offset);
    case recordType.RECORD_FAILED_EXEC:
      return decodeFailedExec(memory, offset);
    default:
      return undefined;
  }
}

function decodeExec(memory: RecordMemory, offset: number): ExecRecord {
  const { bytes } = memory;
  const { flags, payloadAt: filenameAt } = exec.at(memory, offset);
  const argvAt = filenameAt + exec.filenameLength;
  const argvEnd = argvAt + exec.argvLength;
  const environEnd = argvEnd + exec.environLength;
  const hasEnviron = (flags & recordFlags.RECORD_HAS_ENVIRON) !== 0;
  return {
    type: 'exec',
    cpu: exec.cpu,
    sequence: exec.sequence,
    time: exec.timeNs,
    pid: exec.tgid,
    tid: exec.tid,
    startTime: exec.startBoottime,
    execId: exec.execId,
    ppid: exec.parentTgid,
    parentStartTime: exec.parentStartBoottime,
    parentExecId: exec.parentExecId,
    cgroupKey: exec.cgroupKey,
    comm: exec.comm,
    filename: decodeBytes(bytes, filenameAt, argvAt),
    argv: decodeArgv(bytes, argvAt, argvEnd),
    argvTruncated: (flags & ARGV_CUT) !== 0,
    uid: exec.uid,
    gid: exec.gid,
    cgroupId: exec.cgroupId,
    nsMnt: exec.mountNamespace,
    nsPid: exec.pidNamespace,
    layoutFingerprint: exec.layoutFingerprint,
    detail:
      (flags & recordFlags.RECORD_HAS_DETAIL) === 0
        ? undefined
        : decodeExecDetail(exec, flags, environEnd),
    environ: hasEnviron ? decodeArgv(bytes, argvEnd, environEnd) : undefined,
    environTruncated: (flags & recordFlags.RECORD_ENVIRON_TRUNCATED) !== 0,
  };
}

function decodeExit(memory: RecordMemory, offset: number): ExitRecord {
  const { exitCode: status } = exit.at(memory, offset);
  return {
    type: 'exit',
    cpu: exit.cpu,
    sequence: exit.sequence,
    time: exit.timeNs,
    pid: exit.tgid,
    tid: exit.tid,
    startTime: exit.startBoottime,
    execId: exit.execId,
    ppid: exit.parentTgid,
    parentStartTime: exit.parentStartBoottime,
    parentExecId: exit.parentExecId,
    cgroupKey: exit.cgroupKey,
    comm: exit.comm,
    uid: exit.uid,
    cgroupId: exit.cgroupId,
    exitCode: (status >>> 8) & 0xff,
    signal: status & 0x7f,
    coreDumped: (status & 0x80) !== 0,
  };
}

function decodeFork(memory: RecordMemory, offset: number): ForkRecord {
  fork.at(memory, offset);
  return {
    type: 'fork',
    cpu: fork.cpu,
    sequence: fork.sequence,
    time: fork.timeNs,
    pid: fork.tgid,
    tid: fork.tid,
    startTime: fork.startBoottime,
    execId: fork.execId,
    ppid: fork.parentTgid,
    parentStartTime: fork.parentStartBoottime,
    parentExecId: fork.parentExecId,
    cgroupKey: fork.cgroupKey,
    comm: fork.comm,
    childPid: fork.childTgid,
    childStartTime: fork.childStartBoottime,
    uid: fork.uid,
    childCgroupKey: fork.childCgroupKey,
  };
}

const ARGV_CUT = recordFlags.RECORD_ARGV_TRUNCATED | recordFlags.RECORD_ARGV_UNREADABLE;

function decodeFailedExec(memory: RecordMemory, offset: number): FailedExecRecord {
  const { bytes } = memory;
  const { flags, payloadAt: filenameAt } = failed.at(memory, offset);
  const argvAt = filenameAt + failed.filenameLength;
  const argvEnd = argvAt + failed.argvLength;
  const isReadable = (flags & recordFlags.RECORD_FILENAME_UNREADABLE) === 0;
  return {
    type: 'failed-exec',
    cpu: failed.cpu,
    sequence: failed.sequence,
    time: failed.timeNs,
    pid: failed.tgid,
    tid: failed.tid,
    startTime: failed.startBoottime,
    execId: failed.execId,
    ppid: failed.parentTgid,
    parentStartTime: failed.parentStartBoottime,
    parentExecId: failed.parentExecId,
    cgroupKey: failed.cgroupKey,
    comm: failed.comm,
    error: failed.error,
    filename: isReadable ? decodeBytes(bytes, filenameAt, argvAt) : undefined,
    argv: decodeArgv(bytes, argvAt, argvEnd),
    argvTruncated: (flags & ARGV_CUT) !== 0,
    uid: failed.uid,
    gid: failed.gid,
    cgroupId: failed.cgroupId,
  };
}

/** A NUL-padded comm. Invalid UTF-8 becomes U+FFFD. */
export function decodeComm(bytes: Uint8Array, offset: number): string {
  return textAt(bytes, offset, COMM_BYTES);
}

/** Each argument ends with a NUL; a cut-off last one has none. */
function decodeArgv(bytes: Uint8Array, start: number, end: number): string[] {
  if (start === end) return [];
  const stop = bytes[end - 1] === 0 ? end - 1 : end;
  return decodeBytes(bytes, start, stop).split('\0');
}
