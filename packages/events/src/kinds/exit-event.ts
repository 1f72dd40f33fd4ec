/**
 * A process has ended: the event, and how it is read from its record. What the kernel cannot know of it,
 * its program, is completed by the plugin that keeps process metadata.
 */

import { ExitRecordReader, type RecordMemory, recordFlags } from '@waggle/bpf';
import type { ProcessUsage } from '@waggle/cache';
import { signalName } from '@waggle/ffi';
import { exitEventId } from '../fields/event-ids.ts';
import type { EventBase, EventContext } from './event-base.ts';

export interface ExitEvent extends EventBase, ProcessUsage {
  readonly event: 'exit';
  readonly uid: number;
  /** In the v2 hierarchy: the inode number of the cgroup's directory. */
  readonly cgroupId: bigint;
  /** Of the last exec, or the executable of a process that was there before us. */
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
  /** `argv` lacks its end, as that of the exec did. */
  readonly argvTruncated: boolean;
  /** Status given to exit(2); 0 when a signal ended the process. */
  readonly exitCode: number;
  /** Name such as SIGKILL. */
  readonly signal: string | null;
  readonly coreDumped: boolean;
  readonly lifetimeNs: bigint;
}

const record = new ExitRecordReader();

export function decodeExit(
  memory: RecordMemory,
  offset: number,
  { realtimeOffset, processId, parentId, cgroups }: EventContext,
): ExitEvent {
  record.at(memory, offset);
  const { timeNs, tgid, startBoottime, execId, parentTgid, parentStartBoottime } = record;
  /** As wait(2) has it: the status in bits 8-15, the signal in 0-6, the core in 7. */
  const status = record.exitCode;
  const cgroup = cgroups.find(record.cgroupKey);
  const countsIo = (record.flags & recordFlags.RECORD_WITHOUT_IO) === 0;
  const id = processId(tgid, startBoottime, execId);
  return {
    event: 'exit',
    time: timeNs + realtimeOffset,
    bootTime: timeNs,
    processId: id,
    parentProcessId: parentId(parentTgid, parentStartBoottime, record.parentExecId),
    eventId: exitEventId(id),
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
    uid: record.uid,
    cgroupId: record.cgroupId,
    filename: null,
    argv: null,
    argvTruncated: false,
    exitCode: (status >>> 8) & 0xff,
    signal: signalName(status & 0x7f),
    coreDumped: (status & 0x80) !== 0,
    lifetimeNs: timeNs - startBoottime,
    userNs: record.userNs,
    systemNs: record.systemNs,
    maxRssBytes: record.maxRssBytes,
    majorFaults: record.majorFaults,
    readBytes: countsIo ? record.readBytes : null,
    writeBytes: countsIo ? record.writeBytes : null,
    voluntarySwitches: record.voluntarySwitches,
    involuntarySwitches: record.involuntarySwitches,
  };
}
