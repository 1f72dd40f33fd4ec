// What the lifecycle programs report, decoded: one type per record of process_events. Times
// are CLOCK_BOOTTIME nanoseconds, pids those of the initial PID namespace. In paths, arguments and
// environments a byte that is no UTF-8 is U+DC00 plus the byte (decodeBytes in text.ts).

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
  /** With ppid and parentStartTime, the image that the parent runs. */
  readonly parentExecId: number;
  /** The `key` of a CgroupRecord before this one; 0: the root of every hierarchy. */
  readonly cgroupKey: number;
  /** Leader's comm: at most 15 bytes. */
  readonly comm: string;
}

export interface ForkRecord extends RecordHeader {
  readonly type: 'fork';
  readonly childPid: number;
  readonly childStartTime: bigint;
  /** Of the parent, and so of the child. */
  readonly uid: number;
  /** The child's; clone3(2) can put it elsewhere. */
  readonly childCgroupKey: number;
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
  /** Inode numbers of the mount and PID namespaces. */
  readonly nsMnt: number;
  readonly nsPid: number;
  /** Fingerprint of the new address space: what tells this image from the next in /proc. */
  readonly layoutFingerprint: number;
  /** Only where EXEC_DETAIL was set. */
  readonly detail: ExecDetail | undefined;
  /** `NAME=value`, only where EXEC_ENVIRON was set. They hold secrets. */
  readonly environ: readonly string[] | undefined;
  /** The environment lacks its end, or did not lie behind the arguments. */
  readonly environTruncated: boolean;
}

export type ExecFlag = 'setuid' | 'setgid' | 'privileged' | 'memfd' | 'deleted' | 'script';

export interface ExecDetail {
  /** Absolute, from the root of the process's mount namespace. */
  readonly exe: string;
  /** Cut at its beginning: the path was deeper or longer than the record holds. */
  readonly exeTruncated: boolean;
  readonly exeInode: bigint;
  /** `major:minor` of the file system. */
  readonly exeDevice: string;
  readonly cwd: string;
  readonly cwdTruncated: boolean;
  readonly effectiveUid: number;
  readonly effectiveGid: number;
  /** audit's login uid; undefined where nobody logged in. */
  readonly loginUid: number | undefined;
  /** Pid of the session leader. */
  readonly sessionId: number;
  /** `major:minor` of the controlling terminal. */
  readonly tty: string | undefined;
  /**
   * setuid, setgid: by the file's mode. privileged: AT_SECURE, capability gain included. memfd,
   * deleted: the file has no name (any more). script: an interpreter was executed for it.
   */
  readonly flags: readonly ExecFlag[];
  /** What was executed for a script. */
  readonly interpreter: string | undefined;
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

/** An execve or execveat that returned an error. The header's image is the one that goes on. */
export interface FailedExecRecord extends RecordHeader {
  readonly type: 'failed-exec';
  /** errno: 2 is ENOENT, 13 EACCES. A search along PATH fails once for each folder before the hit. */
  readonly error: number;
  /** As given to the call; undefined where it could not be read. May be relative, or empty. */
  readonly filename: string | undefined;
  /** At most FAILED_ARGUMENTS_MAX arguments of less than FAILED_ARGUMENT_BYTES each. */
  readonly argv: readonly string[];
  /** Some arguments were cut, left out, or lie in memory that was not there. */
  readonly argvTruncated: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly cgroupId: bigint;
}

/** A cgroup in one hierarchy. */
export interface CgroupPath {
  readonly version: 1 | 2;
  /**
   * Of v1, one that tells the hierarchy: memory, pids, cpu, cpuset, devices, `name=` for one
   * without any (systemd's), `` for others. `` for v2.
   */
  readonly controllers: string;
  /** From the hierarchy's root, whatever cgroup namespace anybody is in. */
  readonly path: string;
}

/**
 * What a `cgroupKey` means: the cgroups of a process in all hierarchies where it is not in the root.
 * Sent before the first record that has the key, and now and then again.
 */
export interface CgroupRecord {
  readonly key: number;
  readonly paths: readonly CgroupPath[];
}

/** No event: a cgroup that is followed by its path was removed, or is there again. */
export interface FollowedRecord {
  /** As userspace numbered it. */
  readonly step: number;
  readonly exists: boolean;
}

export type LifecycleRecord = ForkRecord | ExecRecord | ExitRecord;

/** The events of process_events. */
export type KernelRecord = LifecycleRecord | FailedExecRecord;

/** All kinds of them. `failed-exec` costs every system call of the host a little. */
export type EventKind = KernelRecord['type'];
