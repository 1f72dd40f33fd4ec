/** Events of rows: what a live session would have told of these processes. What a store has not is null or 0. */

import type {
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  LostEvent,
  ProcessEvent,
} from '@waggle/core';
import { noEvents } from '@waggle/kernel';
import {
  type EarlierProgram,
  type HistoryFailure,
  type HistoryProcess,
  type HistoryProgram,
  momentsOf,
} from '@waggle/store';

/** From its birth on; of one that was there before the agent only its end is known. */
export function eventsOf(
  process: HistoryProcess,
  earlier: readonly EarlierProgram[],
): ProcessEvent[] {
  return momentsOf(process, earlier).map(({ kind, timeNs, program }) => {
    if (kind === 'fork') return forkOf(process, program);
    return kind === 'exec' ? execOf(process, program, timeNs) : exitOf(process, timeNs);
  });
}

function common(process: HistoryProcess, timeNs: bigint) {
  const { pid, ppid, startTime, startNs, containerId, cgroup } = process;
  return {
    ...{ pid, startTime, execId: 0, identity: { pid, startBoottimeNs: startTime, execId: 0 } },
    ...{ time: timeNs, bootTime: startTime + timeNs - startNs, tid: pid, ppid: ppid ?? 0 },
    ...{ processId: '', parentProcessId: '', eventId: '', parentStartTime: 0n, parentComm: null },
    ...{ containerId, cgroup, uid: process.uid ?? 0, cgroupId: 0n },
  };
}

function forkOf(child: HistoryProcess, { comm }: HistoryProgram): ForkEvent {
  const { pid: childPid, ppid, startTime, startNs, cgroup, containerId } = child;
  const parent = ppid ?? 0;
  return {
    ...common(child, startNs),
    ...{ event: 'fork', comm, pid: parent, tid: parent, ppid: 0 },
    ...{ childPid, childStartTime: startTime, childCgroup: cgroup, childContainerId: containerId },
  };
}

function execOf(
  process: HistoryProcess,
  { comm, argv, filename }: HistoryProgram,
  timeNs: bigint,
): ExecEvent {
  return {
    ...common(process, timeNs),
    ...{ event: 'exec', comm, argv: argv ?? [], filename: filename ?? '', argvTruncated: false },
    ...{ gid: 0, layoutFingerprint: 0, nsMnt: 0, nsPid: 0 },
    ...{ detail: null, environ: null, environTruncated: false },
  };
}

function exitOf(process: HistoryProcess, endNs: bigint): ExitEvent {
  const { comm, argv, filename, exitCode, signal, startNs, coreDumped } = process;
  return {
    ...common(process, endNs),
    ...{ event: 'exit', comm, argv, filename, argvTruncated: false },
    ...{ exitCode: exitCode ?? 0, signal, coreDumped: coreDumped === true },
    ...{ lifetimeNs: endNs - startNs, userNs: process.userNs ?? 0n },
    ...{ systemNs: process.systemNs ?? 0n, maxRssBytes: process.maxRssBytes ?? 0n },
    ...{ majorFaults: process.majorFaults ?? 0 },
    ...{ readBytes: process.readBytes, writeBytes: process.writeBytes },
    ...{ voluntarySwitches: 0, involuntarySwitches: 0 },
  };
}

export function failureOf(failure: HistoryFailure): FailedExecEvent {
  const { timeNs, pid, ppid, startTime, comm, error, filename, argv, uid, containerId } = failure;
  return {
    ...{ event: 'failed-exec', pid, tid: pid, ppid: ppid ?? 0, startTime, execId: 0, comm, error },
    ...{ identity: { pid, startBoottimeNs: startTime, execId: 0 } },
    ...{ time: timeNs, bootTime: 0n, processId: '', parentProcessId: '', eventId: '' },
    ...{ parentStartTime: 0n, parentComm: null, containerId, cgroup: null, cgroupId: 0n },
    ...{ filename, argv: argv ?? [], argvTruncated: false, uid: uid ?? 0, gid: 0 },
  };
}

export const lossOf = (timeNs: bigint, count: number): LostEvent => ({
  event: 'lost',
  time: timeNs,
  count,
  lost: noEvents(),
});

/** In the order in which they happened; of one moment a birth before the program, and both before the end. */
const RANKS: Readonly<Record<ProcessEvent['event'], number>> = {
  fork: 0,
  exec: 1,
  'failed-exec': 2,
  exit: 3,
  lost: 4,
};

export function byTime(a: ProcessEvent, b: ProcessEvent): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return RANKS[a.event] - RANKS[b.event];
}
