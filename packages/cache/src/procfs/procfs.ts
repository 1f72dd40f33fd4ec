/**
 * What the cache needs to know about processes, as a small interface. The real one
 * (`RealProcfs`) reads /proc, the one for tests (`MemoryProcfs`) is a table in memory.
 * A read that fails throws a `ProcfsError`, whose `code` tells gone from denied.
 * Fields and units follow proc(5); everything here is plain data.
 */

/** Namespaces that have a link below /proc/PID/ns. */
export const NAMESPACE_KINDS = [
  'cgroup',
  'ipc',
  'mnt',
  'net',
  'pid',
  'pid_for_children',
  'time',
  'user',
  'uts',
] as const;

export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

/** The `layoutFingerprint` of a process whose memory is empty, because it is in the middle of an exec. */
export const EXEC_IN_PROGRESS = -1;

/**
 * What one read of /proc/PID/stat says about who this is: enough to notice that the pid has
 * another owner, or that the same process runs another program by now.
 */
export interface ProcProbe {
  /** Start of the process in clock ticks since boot (stat field 22). */
  readonly startTimeTicks: number;
  /**
   * A fingerprint of one program image: of the addresses that exec draws anew (fields 26 to 51)
   * and, where they are not random, of the executable's inode number. 0 where the kernel hides
   * them (no ptrace access) or there are none (kernel thread, zombie): then nothing can be told.
   * `EXEC_IN_PROGRESS` while an exec is under way, when the old image is gone and the new not yet there.
   */
  readonly layoutFingerprint: number;
  /** No thread left that is not ending: a zombie, or about to be one. */
  readonly ended: boolean;
  /** PF_KTHREAD: it has no executable, no arguments and no environment. */
  readonly kernelThread?: boolean | undefined;
  /**
   * A number of this very process in this procfs, other than that of a process which has the pid
   * later or had it before: asked for where the start time may not tell them apart. 0 where there
   * is no such number.
   */
  readonly instance?: number;
}

/** /proc/PID/stat. Times in clock ticks, addresses 0 where the kernel hides them. */
export interface ProcStat extends ProcProbe {
  readonly pid: number;
  /** At most 15 bytes for user processes; any byte but NUL may be in it. */
  readonly comm: string;
  /** One letter: R, S, D, Z, T, t, X, I, ... */
  readonly state: string;
  readonly ppid: number;
  /** Ids of its process group and session. */
  readonly pgrp: number;
  readonly session: number;
  /** Device number of the controlling terminal, 0 for none. */
  readonly ttyNr: number;
  /** Process group in the foreground of that terminal, -1 for none. */
  readonly tpgid: number;
  /** PF_* flags of the kernel. */
  readonly flags: number;
  /** Whether PF_KTHREAD is among the flags. */
  readonly kernelThread: boolean;
  /** PF_EXITING: the leader is ending or has ended; its threads may live on. */
  readonly exiting: boolean;
  readonly utimeTicks: number;
  readonly stimeTicks: number;
  readonly numThreads: number;
  readonly vsizeBytes: number;
  /** Resident, in pages of memory. */
  readonly rssPages: number;
  /** Addresses. */
  readonly startCode: number;
  readonly startStack: number;
  /**
   * Not 0 where the process started in the clock tick of this read: then another one can still
   * get its pid with the same start time, and only `ProcProbe.instance` tells them apart.
   */
  readonly instance: number;
}

/** Real, effective, saved and file-system id. */
export interface IdSet {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly fs: number;
}

/** The part of /proc/PID/status that says who a process is. */
export interface ProcStatus {
  readonly name: string;
  readonly tgid: number;
  readonly pid: number;
  readonly ppid: number;
  readonly uid: IdSet;
  readonly gid: IdSet;
  /** The pid in each namespace, outermost first; empty where the kernel does not say (< 4.1). */
  readonly nspid: readonly number[];
  /** Signals that it has a handler for: bit n - 1 for signal n (SigCgt). 0 where the kernel does not say. */
  readonly caughtSignals: bigint;
}

export interface Cmdline {
  /** Empty for a kernel thread; one element for a process that rewrote its title. */
  readonly args: readonly string[];
  /** Longer than the reader's limit: the rest is missing. */
  readonly truncated: boolean;
}

export interface EnvironBlock {
  readonly variables: ReadonlyMap<string, string>;
  readonly truncated: boolean;
}

export interface ExeLink {
  /** Path as the process's own mount namespace has it, without the kernel's " (deleted)". */
  readonly path: string;
  /** The file was removed or replaced since. */
  readonly deleted: boolean;
}

export interface CgroupInfo {
  /** Path of the cgroup that says most: v2's, or on v1 and hybrid hosts the one in use. */
  readonly path: string;
  readonly version: 1 | 2;
  /** Innermost container in that path: an id, or for LXC and systemd-nspawn a name. */
  readonly containerId?: string;
}

/** One line of /proc/PID/maps. */
export interface MapsEntry {
  /** Address of its first byte. */
  readonly start: number;
  /** Behind its last byte. */
  readonly end: number;
  /** As in `r-xp`: read, write, execute; private or shared. */
  readonly permissions: string;
  /** Bytes from the file's beginning to the one at `start`. */
  readonly fileOffset: number;
  /** `major:minor`, decimal. */
  readonly device: string;
  /** 0 for memory without a file. */
  readonly inode: bigint;
  /** As the process's own mount namespace has it, without " (deleted)"; `[heap]`, `[vdso]` or empty. */
  readonly path: string;
  /** No name leads to the file any more. */
  readonly deleted: boolean;
}

/** One line of /proc/PID/mountinfo. */
export interface MountInfo {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor`, decimal: the one that `MapsEntry` has for its files, where stat(2) may have another. */
  readonly device: string;
  /** What of the file system is mounted. */
  readonly root: string;
  /** Where, from the process's root directory. */
  readonly mountPoint: string;
  /** As `ext4` or `overlay`. */
  readonly type: string;
  readonly source: string;
}

/** By the kernel's names, as `Max open files`; `Infinity` for `unlimited`. Units are the kernel's. */
export type ProcLimits = ReadonlyMap<string, { readonly soft: number; readonly hard: number }>;

/** A process, or the one that asks. */
export type PidOrSelf = number | 'self';

/**
 * Reads about processes.
 *
 * @throws `ProcfsError`, every method: `gone` when the process (or, for a zombie, the part asked for) is
 *   not there, `denied` when it may not be read, `malformed` when the text is not what proc(5) promises,
 *   `no-procfs` when there is no such file system, `io` for any other errno. `pids` throws only the last
 *   two. For what is no pid, `TypeError` or `RangeError` with a `code`.
 *
 * A pid is whatever owns it at the moment of the read. Reads that must be about one process are
 * put between two `probe`s; the cache does that.
 */
export interface Procfs {
  /** Ticks per second of `startTimeTicks` (USER_HZ). */
  readonly clockTicksPerSecond: number;
  pids(): number[];
  /** `instance`: whether that is wanted as well, for one system call more. */
  probe(pid: number, instance?: boolean): ProcProbe;
  stat(pid: number): ProcStat;
  status(pid: number): ProcStatus;
  /** May wait for the process's mmap lock; so may `environ`. */
  cmdline(pid: number): Cmdline;
  environ(pid: number): EnvironBlock;
  /** The same two, read off the main thread. */
  cmdlineAsync(pid: number): Promise<Cmdline>;
  environAsync(pid: number): Promise<EnvironBlock>;
  /** `undefined` for a process without one: a kernel thread. */
  exe(pid: number): ExeLink | undefined;
  cwd(pid: number): string;
  cgroup(pid: number): CgroupInfo;
  /** Inode number of the namespace, as in `mnt:[4026531840]`. */
  namespace(pid: PidOrSelf, kind: NamespaceKind): number;
  /** In order of address. Empty for a kernel thread. May wait for the process's mmap lock. */
  maps(pid: PidOrSelf): readonly MapsEntry[];
  /**
   * The same for who cannot wait: each step reads a part and gives all that is known by then; the last one
   * returns it. To be left by `return()`, or read to its end.
   * @param which `code`: what may be executed is wanted, and in front of each such mapping without a path the last one
   *   before it that has a file. Others may be left out. Default: all.
   */
  mapsByParts(
    pid: PidOrSelf,
    which?: 'all' | 'code',
  ): Generator<readonly MapsEntry[], readonly MapsEntry[]>;
  mountinfo(pid: PidOrSelf): readonly MountInfo[];
  limits(pid: PidOrSelf): ProcLimits;
}
