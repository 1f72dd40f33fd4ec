// Kernel records to process events: time of day, ids, names of signals. What the kernel cannot
// know (names of parents, the program of a process that ends) is completed by the
// plugin that keeps process metadata. Fields are spelled out because this runs for every event
// and spreading objects is what costs.

import type {
  ExecRecord,
  ExitRecord,
  FailedExecRecord,
  ForkRecord,
  KernelRecord,
} from '@waggle/bpf';
import type { ImageIdentity } from '@waggle/cache';
import { errnoName, signalName } from '@waggle/ffi';
import type { KnownCgroups } from './known-cgroups.ts';
import type {
  ExecEvent,
  ExitEvent,
  FailedExecEvent,
  ForkEvent,
  ProcessEvent,
} from './process-event.ts';
import { processIds } from './process-id.ts';

export class EventBuilder {
  /** CLOCK_REALTIME minus CLOCK_BOOTTIME; follows steps of the wall clock. */
  realtimeOffset = 0n;
  private readonly processId = processIds();
  /** Apart, because neighbours in the stream have their parent in common. */
  private readonly parentId = processIds();

  constructor(private readonly cgroups: KnownCgroups) {}

  build(record: KernelRecord): ProcessEvent {
    switch (record.type) {
      case 'exec':
        return this.exec(record);
      case 'exit':
        return this.exit(record);
      case 'fork':
        return this.fork(record);
      case 'failed-exec':
        return this.failedExec(record);
    }
  }

  private fork(record: ForkRecord): ForkEvent {
    const cgroup = this.cgroups.find(record.cgroupKey);
    const childCgroup = this.cgroups.find(record.childCgroupKey);
    return {
      event: 'fork',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      processId: this.processId(record.pid, record.startTime, record.execId),
      parentProcessId: this.parentId(record.ppid, record.parentStartTime, record.parentExecId),
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      identity: identityOf(record),
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      parentComm: null,
      cgroup: cgroup?.path ?? null,
      containerId: cgroup?.containerId ?? null,
      childPid: record.childPid,
      childStartTime: record.childStartTime,
      uid: record.uid,
      childCgroup: childCgroup?.path ?? null,
      childContainerId: childCgroup?.containerId ?? null,
    };
  }

  private exec(record: ExecRecord): ExecEvent {
    const cgroup = this.cgroups.find(record.cgroupKey);
    return {
      event: 'exec',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      processId: this.processId(record.pid, record.startTime, record.execId),
      parentProcessId: this.parentId(record.ppid, record.parentStartTime, record.parentExecId),
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      identity: identityOf(record),
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      parentComm: null,
      cgroup: cgroup?.path ?? null,
      containerId: cgroup?.containerId ?? null,
      filename: record.filename,
      argv: record.argv,
      argvTruncated: record.argvTruncated,
      uid: record.uid,
      gid: record.gid,
      cgroupId: record.cgroupId,
      nsMnt: record.nsMnt,
      nsPid: record.nsPid,
      layoutFingerprint: record.layoutFingerprint,
      detail: record.detail ?? null,
      environ: record.environ ?? null,
      environTruncated: record.environTruncated,
    };
  }

  private exit(record: ExitRecord): ExitEvent {
    const cgroup = this.cgroups.find(record.cgroupKey);
    return {
      event: 'exit',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      processId: this.processId(record.pid, record.startTime, record.execId),
      parentProcessId: this.parentId(record.ppid, record.parentStartTime, record.parentExecId),
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      identity: identityOf(record),
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      parentComm: null,
      cgroup: cgroup?.path ?? null,
      containerId: cgroup?.containerId ?? null,
      uid: record.uid,
      cgroupId: record.cgroupId,
      filename: null,
      argv: null,
      argvTruncated: false,
      exitCode: record.exitCode,
      signal: signalName(record.signal),
      coreDumped: record.coreDumped,
      lifetimeNs: record.time - record.startTime,
    };
  }

  private failedExec(record: FailedExecRecord): FailedExecEvent {
    const cgroup = this.cgroups.find(record.cgroupKey);
    return {
      event: 'failed-exec',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      processId: this.processId(record.pid, record.startTime, record.execId),
      parentProcessId: this.parentId(record.ppid, record.parentStartTime, record.parentExecId),
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      identity: identityOf(record),
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      parentComm: null,
      error: errnoName(record.error),
      cgroup: cgroup?.path ?? null,
      containerId: cgroup?.containerId ?? null,
      filename: record.filename ?? null,
      argv: record.argv,
      argvTruncated: record.argvTruncated,
      uid: record.uid,
      gid: record.gid,
      cgroupId: record.cgroupId,
    };
  }
}

function identityOf({ pid, startTime, execId }: KernelRecord): ImageIdentity {
  return { pid, startBoottimeNs: startTime, execId };
}
