// What the lifecycle programs report, decoded: one type per record of process_events. Times
// are CLOCK_BOOTTIME nanoseconds, pids those of the initial PID namespace.

/** Fields that every record starts with; about the process named by `pid`. */
export interface RecordHeader {
  readonly cpu: number;
  /** Position among the records that this CPU made, lost ones included. */
  readonly sequence: number;
  readonly time: bigint;
  /** Thread group id. */
  readonly pid: number;
  /** Thread that ran the hook. */
  readonly tid: number;
  /** start_boottime of the thread group leader. */
  readonly startTime: bigint;
  /** Exec generation: grows by one at each execve, inherited over fork. */
  readonly execId: number;
  readonly ppid: number;
  readonly parentStartTime: bigint;
  /** Leader's comm: at most 15 bytes. */
  readonly comm: string;
}

export interface ForkRecord extends RecordHeader {
  readonly type: 'fork';
  readonly childPid: number;
  readonly childStartTime: bigint;
}

export interface ExecRecord extends RecordHeader {
  readonly type: 'exec';
  /** As given to execve; may be relative. */
  readonly filename: string;
  readonly argv: readonly string[];
  /** argv was longer than ARGV_MAX_BYTES, or not readable; what is there is its beginning. */
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  /** cgroup v2 id: the inode number of its directory. */
  readonly cgroupId: bigint;
  /** The same in the memory controller's hierarchy; 0 where there is none. */
  readonly memoryCgroupId: bigint;
  /** Inode numbers of the mount and PID namespaces. */
  readonly nsMnt: number;
  readonly nsPid: number;
}

export interface ExitRecord extends RecordHeader {
  readonly type: 'exit';
  readonly uid: number;
  readonly cgroupId: bigint;
  /** Bits 8-15 of the wait status. */
  readonly exitCode: number;
  /** Number of the signal that ended the process, 0 for none. */
  readonly signal: number;
  readonly coreDumped: boolean;
}

export type LifecycleRecord = ForkRecord | ExecRecord | ExitRecord;
