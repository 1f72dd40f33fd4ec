/** A process was born: the event, and how it is read from its record. */

import { ForkRecordReader, type RecordMemory } from '@waggle/bpf';
import { forkEventId } from '../fields/event-ids.ts';
import type { EventBase, EventContext } from './event-base.ts';

/** `pid` and what belongs to it is the parent. */
export interface ForkEvent extends EventBase {
  readonly event: 'fork';
  readonly childPid: number;
  /** As `startTime`, ns. */
  readonly childStartTime: bigint;
  /** Of both: a child is born with its parent's credentials. */
  readonly uid: number;
  /** The child's; clone3(2) can put it into another cgroup than the parent's. */
  readonly childCgroup: string | null;
  readonly childContainerId: string | null;
}

const record = new ForkRecordReader();

export function decodeFork(
  memory: RecordMemory,
  offset: number,
  { realtimeOffset, processId, parentId, cgroups }: EventContext,
): ForkEvent {
  record.at(memory, offset);
  const { timeNs, tgid, startBoottime, execId, parentTgid, parentStartBoottime } = record;
  const cgroup = cgroups.find(record.cgroupKey);
  const childCgroup = cgroups.find(record.childCgroupKey);
  const id = processId(tgid, startBoottime, execId);
  return {
    event: 'fork',
    time: timeNs + realtimeOffset,
    bootTime: timeNs,
    processId: id,
    parentProcessId: parentId(parentTgid, parentStartBoottime, record.parentExecId),
    eventId: forkEventId(id, record.childTgid, record.childStartBoottime),
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
    childPid: record.childTgid,
    childStartTime: record.childStartBoottime,
    uid: record.uid,
    childCgroup: childCgroup?.path ?? null,
    childContainerId: childCgroup?.containerId ?? null,
  };
}
