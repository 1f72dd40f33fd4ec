// The unified event stream: what happened to which process. Records of the kernel, enriched
// with what userspace knows; plain data, no behaviour.

/** A process image: (pid, startTime) is a process, execId tells its programs apart. */
export interface ImageIdentity {
  readonly pid: number;
  /** start_boottime of the thread group leader, ns. */
  readonly startTime: bigint;
  readonly execId: number;
}

interface EventBase extends ImageIdentity {
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  /** The same moment on CLOCK_BOOTTIME, which never jumps. */
  readonly bootTime: bigint;
  readonly tid: number;
  readonly ppid: number;
  /** With ppid, the identity of the parent. */
  readonly parentStartTime: bigint;
  readonly comm: string;
}

export interface ForkEvent extends EventBase {
  readonly event: 'fork';
  readonly childPid: number;
  readonly childStartTime: bigint;
}

export interface ExecEvent extends EventBase {
  readonly event: 'exec';
  /** As given to execve; may be relative. */
  readonly filename: string;
  readonly argv: readonly string[];
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly cgroupId: bigint;
  readonly containerId: string | null;
  readonly nsMnt: number;
  readonly nsPid: number;
}

export interface ExitEvent extends EventBase {
  readonly event: 'exit';
  readonly uid: number;
  readonly cgroupId: bigint;
  /** Of the last exec, or the executable of a process that was there before us. */
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
  /** Status given to exit(2); 0 when a signal ended the process. */
  readonly exitCode: number;
  /** Name such as SIGKILL. */
  readonly signal: string | null;
  readonly coreDumped: boolean;
  readonly lifetimeNs: bigint;
}

/** Events that the kernel made and nobody will see: the ring buffer was full. */
export interface LostEvent {
  readonly event: 'lost';
  readonly time: bigint;
  readonly count: number;
}

export type ProcessEvent = ForkEvent | ExecEvent | ExitEvent | LostEvent;
