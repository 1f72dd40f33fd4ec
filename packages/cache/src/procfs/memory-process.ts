/**
 * What a process of `MemoryProcfs` looks like: what a test says of it, the defaults for the rest, and the
 * record that the kernel would have sent of it.
 */

import type { ExecRecord } from '../exec-record.ts';
import { containerIdFromPath } from './cgroup.ts';
import type { MapsEntry, MountInfo, NamespaceKind } from './procfs.ts';

/** What a made-up process looks like; everything has a default. */
export interface MemoryProcess {
  readonly comm?: string | undefined;
  readonly cmdline?: readonly string[] | undefined;
  readonly environ?: Readonly<Record<string, string>> | undefined;
  readonly exe?: string | undefined;
  readonly exeDeleted?: boolean | undefined;
  readonly cwd?: string | undefined;
  readonly ppid?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** As `ProcStatus.caughtSignals`. Default none. */
  readonly caughtSignals?: bigint | undefined;
  readonly cgroup?: string | undefined;
  /** Inode numbers; those not named are 4026531840, the host's. */
  readonly namespaces?: Partial<Record<NamespaceKind, number>> | undefined;
  /** What it has mapped. Default nothing. */
  readonly maps?: readonly MapsEntry[] | undefined;
  /** Default one, `/`, on device 0:1. */
  readonly mountinfo?: readonly MountInfo[] | undefined;
  /** By the kernel's names. Default none. */
  readonly limits?:
    | Readonly<Record<string, { readonly soft: number; readonly hard: number }>>
    | undefined;
  /** Neither command line nor executable. */
  readonly kernelThread?: boolean | undefined;
  /** Its layout fingerprint is 0, as for a reader without ptrace access. */
  readonly imageHidden?: boolean | undefined;
}

/** One that was spawned and not reaped. */
export interface Living {
  process: MemoryProcess;
  readonly startTimeTicks: number;
  readonly startBoottimeNs: bigint;
  /** `ProcProbe.instance`. */
  readonly serial: number;
  execId: number;
  layoutFingerprint: number;
  zombie: boolean;
}

export const DEFAULT_COMM = 'a.out';
export const DEFAULT_EXE = '/usr/bin/a.out';
export const DEFAULT_UID = 1000;
/** What a namespace is unless it is named. */
export const HOST_NAMESPACE = 4026531840;
export const ROOT_MOUNT: MountInfo = {
  ...{ id: 1, parentId: 0, device: '0:1', root: '/', mountPoint: '/' },
  ...{ type: 'tmpfs', source: 'none' },
};

/** The record of the exec that made its present image. */
export function execRecordOf(pid: number, living: Living): ExecRecord {
  const { process, startBoottimeNs, execId, layoutFingerprint } = living;
  const comm = process.comm ?? DEFAULT_COMM;
  const uid = process.uid ?? DEFAULT_UID;
  const cgroup = process.cgroup ?? '/';
  return {
    pid,
    startBoottimeNs,
    execId,
    layoutFingerprint: Math.max(0, layoutFingerprint),
    comm,
    filename: process.exe ?? DEFAULT_EXE,
    argv: [...(process.cmdline ?? [comm])],
    argvTruncated: false,
    ppid: process.ppid ?? 1,
    uid,
    gid: process.gid ?? uid,
    cgroup,
    containerId: containerIdFromPath(cgroup),
    nsMnt: process.namespaces?.mnt ?? HOST_NAMESPACE,
    nsPid: process.namespaces?.pid ?? HOST_NAMESPACE,
    cwd: process.cwd ?? '/',
    exe: process.exe ?? DEFAULT_EXE,
  };
}
