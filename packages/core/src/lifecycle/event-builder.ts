// Kernel records to process events: time of day, names of ended programs, containers. Fields are
// spelled out because this runs for every event and spreading objects is what costs.

import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  LifecycleRecord,
  RecordHeader,
} from '@waggle/bpf';
import type { Procfs } from '@waggle/cache';
import { ContainerLookup } from './container-lookup.ts';
import type { KnownProcesses } from './known-processes.ts';
import type { ExecEvent, ExitEvent, ForkEvent, ProcessEvent } from './process-event.ts';
import { signalName } from './signal-name.ts';

export class EventBuilder {
  private readonly containers: ContainerLookup;
  /** CLOCK_REALTIME minus CLOCK_BOOTTIME; follows steps of the wall clock. */
  realtimeOffset = 0n;

  constructor(
    private readonly known: KnownProcesses,
    procfs: Procfs,
  ) {
    this.containers = new ContainerLookup(procfs);
  }

  build(record: LifecycleRecord): ProcessEvent {
    switch (record.type) {
      case 'exec':
        return this.exec(record);
      case 'exit':
        return this.exit(record);
      case 'fork':
        return this.fork(record);
    }
  }

  private fork(record: ForkRecord): ForkEvent {
    this.inherit(record);
    return {
      event: 'fork',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      childPid: record.childPid,
      childStartTime: record.childStartTime,
    };
  }

  private exec(record: ExecRecord): ExecEvent {
    const containerId = this.containerOf(record);
    this.known.set(record.pid, {
      start: { ns: record.startTime },
      execId: record.execId,
      filename: record.filename,
      argv: record.argv,
      containerId,
    });
    return {
      event: 'exec',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      filename: record.filename,
      argv: record.argv,
      argvTruncated: record.argvTruncated,
      uid: record.uid,
      gid: record.gid,
      cgroupId: record.cgroupId,
      containerId,
      nsMnt: record.nsMnt,
      nsPid: record.nsPid,
    };
  }

  private exit(record: ExitRecord): ExitEvent {
    const known =
      this.known.take(record.pid, record.startTime) ??
      // Never called execve: it ran its parent's program, whose generation it has too.
      this.parentWithGeneration(record);
    return {
      event: 'exit',
      time: record.time + this.realtimeOffset,
      bootTime: record.time,
      pid: record.pid,
      tid: record.tid,
      ppid: record.ppid,
      startTime: record.startTime,
      execId: record.execId,
      parentStartTime: record.parentStartTime,
      comm: record.comm,
      uid: record.uid,
      cgroupId: record.cgroupId,
      filename: known?.filename ?? null,
      argv: known?.argv ?? null,
      exitCode: record.exitCode,
      signal: signalName(record.signal),
      coreDumped: record.coreDumped,
      lifetimeNs: record.time - record.startTime,
    };
  }

  private parentWithGeneration(record: RecordHeader) {
    const parent = this.known.get(record.ppid, record.parentStartTime);
    if (parent?.execId === undefined || parent.execId === record.execId) return parent;
    return undefined;
  }

  private inherit(record: ForkRecord): void {
    const parent = this.known.get(record.pid, record.startTime);
    if (parent === undefined) return;
    this.known.set(record.childPid, { ...parent, start: { ns: record.childStartTime } });
  }

  private containerOf(record: ExecRecord): string | null {
    const found = this.containers.find(record.pid, record.cgroupId, record.memoryCgroupId);
    if (found !== undefined) return found;
    // Gone already; exec rarely leaves a container, so the former image's or the parent's holds.
    const relative =
      this.known.get(record.pid, record.startTime) ??
      this.known.get(record.ppid, record.parentStartTime);
    return relative?.containerId ?? null;
  }
}
