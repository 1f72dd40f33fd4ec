// The unified event stream: what happened to which process. Records of the kernel, enriched
// with what userspace knows; plain data, no behaviour. In paths, arguments and environments a byte
// that is no UTF-8 is U+DC00 plus the byte; encoders make U+FFFD of it, and EventJson does.

import type { EventKind, ExecDetail } from '@waggle/bpf';
import type { ImageIdentity } from '@waggle/cache';

export type { ExecDetail, ExecFlag } from '@waggle/bpf';

interface EventBase {
  readonly pid: number;
  /** start_boottime of the thread group leader, ns: (pid, startTime) is a process. */
  readonly startTime: bigint;
  /** Tells the programs of a process apart. */
  readonly execId: number;
  /** The same three as the cache takes them: `processMetadata.getByIdentity(event.identity)`. */
  readonly identity: ImageIdentity;
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** The same moment on CLOCK_BOOTTIME, which never jumps. */
  readonly bootTime: bigint;
  /** The image as one string, unique over hosts and reboots. */
  readonly processId: string;
  /** The same of the image that the parent runs. */
  readonly parentProcessId: string;
  readonly tid: number;
  readonly ppid: number;
  /** With ppid, the identity of the parent. */
  readonly parentStartTime: bigint;
  readonly comm: string;
  /** null where nobody keeps process metadata, or the parent was gone before we came. */
  readonly parentComm: string | null;
  /**
   * Path from the root of its hierarchy, whatever cgroup namespace anybody is in: v2's, unless v1
   * tells more, as `parseCgroup` of the cache chooses. null only after a loss.
   */
  readonly cgroup: string | null;
  /** Of the innermost container; null outside of any. */
  readonly containerId: string | null;
}

export interface ForkEvent extends EventBase {
  readonly event: 'fork';
  readonly childPid: number;
  readonly childStartTime: bigint;
  /** Of both: a child is born with its parent's credentials. */
  readonly uid: number;
  /** The child's; clone3(2) can put it into another cgroup than the parent's. */
  readonly childCgroup: string | null;
  readonly childContainerId: string | null;
}

export interface ExecEvent extends EventBase {
  readonly event: 'exec';
  /** As given to execve; may be relative. */
  readonly filename: string;
  readonly argv: readonly string[];
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  /** In the v2 hierarchy. */
  readonly cgroupId: bigint;
  readonly nsMnt: number;
  readonly nsPid: number;
  /** Of the image, as `ProcProbe.layoutFingerprint` of the cache is. */
  readonly layoutFingerprint: number;
  /** Paths, ids and flags; null where the session goes without (`execDetail: false`). */
  readonly detail: ExecDetail | null;
  /** `NAME=value`, where the session asks for it. They hold secrets. */
  readonly environ: readonly string[] | null;
  readonly environTruncated: boolean;
}

export interface ExitEvent extends EventBase {
  readonly event: 'exit';
  readonly uid: number;
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

/** An execve or execveat that returned an error. Only where a session asks for `failed-exec`. */
export interface FailedExecEvent extends EventBase {
  readonly event: 'failed-exec';
  /** Name of the errno: `ENOENT`, `EACCES`. A search along PATH fails once for each folder. */
  readonly error: string;
  /** As given to the call; null where it could not be read. */
  readonly filename: string | null;
  readonly argv: readonly string[];
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly cgroupId: bigint;
}

/** Events that the kernel made and nobody will see: the ring buffer was full. */
export interface LostEvent {
  readonly event: 'lost';
  readonly time: bigint;
  /** Of all kinds together. */
  readonly count: number;
  readonly lost: Readonly<Record<EventKind, number>>;
}

export type ProcessEvent = ForkEvent | ExecEvent | ExitEvent | FailedExecEvent | LostEvent;

/** An event in the `load` phase, where it is completed. Observers get it as it is then. */
export type EventDraft<Event extends ProcessEvent> = { -readonly [Key in keyof Event]: Event[Key] };
