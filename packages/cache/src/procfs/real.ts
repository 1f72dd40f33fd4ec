/**
 * `Procfs` on a mounted procfs, /proc unless told otherwise (an agent in a container often has
 * the host's at /host/proc). Holds no descriptor between calls, and reads nothing until asked.
 */
import * as fs from 'node:fs';
import { checkedObject, optional, outOfRange, wholeNumber } from '../argument-error.ts';
import { BootClock } from './boot-clock.ts';
import { parseCgroup } from './cgroup.ts';
import { clockTicksFromAuxv, DEFAULT_CLOCK_TICKS } from './clock-ticks.ts';
import { parseCmdline } from './cmdline.ts';
import { parseEnviron } from './environ.ts';
import { ProcfsError } from './error.ts';
import { parseLimits } from './limits.ts';
import { isLiteral } from './literal-name.ts';
import { LivingThreads } from './living-threads.ts';
import { MapsParser } from './maps.ts';
import { parseMountinfo } from './mountinfo.ts';
import { ProcessFiles } from './process-files.ts';
import {
  type CgroupInfo,
  type Cmdline,
  type EnvironBlock,
  EXEC_IN_PROGRESS,
  type ExeLink,
  type MapsEntry,
  type MountInfo,
  NAMESPACE_KINDS,
  type NamespaceKind,
  type PidOrSelf,
  type Procfs,
  type ProcLimits,
  type ProcProbe,
  type ProcStat,
  type ProcStatus,
} from './procfs.ts';
import { type Bytes, type ProcfsIo, readWhole } from './read-file.ts';
import {
  type ImageEvidence,
  parseProbe,
  parseStartTime,
  parseStat,
  STAT_MAX_BYTES,
} from './stat.ts';
import { isOfEndedLeader, parseStatus } from './status.ts';

/** Most bytes read of each file; what is longer is cut and marked. */
export interface ProcfsLimits {
  /** Default 2 MiB, the most that exec takes under the usual stack limit. */
  readonly cmdlineBytes?: number | undefined;
  /** Default 2 MiB. */
  readonly environBytes?: number | undefined;
}

export interface RealProcfsOptions {
  /** Where procfs is mounted. Default `/proc`. */
  readonly root?: string | undefined;
  readonly limits?: ProcfsLimits | undefined;
  /** The system calls, for tests. Default node:fs. */
  readonly io?: ProcfsIo | undefined;
}

const DEFAULT_LIMIT = 2 * 1024 * 1024;
/** A process may have as many mappings as vm.max_map_count says: 65,530, on database hosts some millions. */
const MAPS_LIMIT = 128 * 1024 * 1024;
const MOUNTS_LIMIT = 64 * 1024 * 1024;
const DELETED = ' (deleted)';
/** open(2), <fcntl.h>; the same on x86-64 and AArch64. Node's constants do not have it. */
const O_PATH = 0o10000000;

const nodeIo: ProcfsIo = {
  openSync: fs.openSync,
  readSync: fs.readSync,
  closeSync: fs.closeSync,
  readlinkSync: (path) => fs.readlinkSync(path, 'utf8'),
  readdirSync: (path) => fs.readdirSync(path),
  statSync: (path) => fs.statSync(path),
  fstatSync: (fd) => fs.fstatSync(fd),
  lookSync: (path, follows) =>
    fs.openSync(path, follows ? O_PATH : O_PATH | fs.constants.O_NOFOLLOW),
  open: (path, flags) => fs.promises.open(path, flags),
};

export class RealProcfs implements Procfs {
  readonly root: string;
  readonly #io: ProcfsIo;
  readonly #cmdlineLimit: number;
  readonly #environLimit: number;
  readonly #statBuffer = new Uint8Array(STAT_MAX_BYTES);
  readonly #bootClock: BootClock;
  /** Whether the line that was read last did not tell images apart. */
  #askedForExecutable = false;
  readonly #threads: LivingThreads;
  readonly #files: ProcessFiles;
  readonly #evidence: ImageEvidence;
  #clockTicks: number | undefined;
  #lastCgroup: { readonly text: string; readonly info: CgroupInfo | undefined } = {
    text: '',
    info: undefined,
  };
  #ownPid: number | undefined;

  /** @throws `TypeError` or `RangeError`, with a `code`, for options that make no sense. */
  constructor(options: RealProcfsOptions = {}) {
    checkedObject('the options', options, '{ root, limits }');
    const { root, limits = {} } = options;
    checkedObject('limits', limits, '{ cmdlineBytes, environBytes }');
    optional('root', root, 'a path', typeof root === 'string' && root !== '');
    this.root = root ?? '/proc';
    this.#io = options.io ?? nodeIo;
    this.#cmdlineLimit = limitOf('limits.cmdlineBytes', limits.cmdlineBytes);
    this.#environLimit = limitOf('limits.environBytes', limits.environBytes);
    this.#bootClock = new BootClock(this.#io, this.root);
    const threads = new LivingThreads(this.#io, this.root);
    this.#threads = threads;
    this.#files = new ProcessFiles(this.root, this.#io, threads, (pid) => this.stat(pid));
    this.#evidence = {
      executable: (pid) => {
        this.#askedForExecutable = true;
        return this.#inodeOf(this.#files.path(pid, 'exe'));
      },
      markOfThread: (pid) => threads.layoutFingerprint(pid),
    };
  }

  /** From this process's auxiliary vector; 100 where that cannot be read. */
  get clockTicksPerSecond(): number {
    this.#clockTicks ??= this.#readClockTicks() ?? DEFAULT_CLOCK_TICKS;
    return this.#clockTicks;
  }

  /** Every process (not thread) there is now, in the kernel's order. */
  pids(): number[] {
    const pids: number[] = [];
    for (const name of this.#files.names()) {
      if (/^[0-9]+$/.test(name)) pids.push(Number(name));
    }
    return pids;
  }

  probe(pid: number, instance = false): ProcProbe {
    if (!instance)
      return parseProbe(
        this.#statBuffer,
        this.#files.readStat(pid, this.#statBuffer),
        pid,
        this.#evidence,
      );
    let number = 0;
    const length = this.#files.readStat(pid, this.#statBuffer, (fd) => {
      number = this.#instanceOf(fd);
    });
    return { ...parseProbe(this.#statBuffer, length, pid, this.#evidence), instance: number };
  }

  /**
   * Of one image. Where layouts are not random, the line and the executable that tells it from others are
   * two reads, with room for an exec between them. It shows the new executable, then the new name and then
   * where code is (begin_new_exec, load_elf_binary), so the name of a line is the executable's where that
   * was there before the line before it, and is still there after it.
   */
  stat(pid: number): ProcStat {
    const stat = this.#statOnce(pid);
    if (!this.#askedForExecutable) return stat;
    const { layoutFingerprint } = this.#statOnce(pid);
    const last = this.#statOnce(pid);
    const isOne = [stat, last].every((it) => it.layoutFingerprint === layoutFingerprint);
    return isOne ? last : { ...last, layoutFingerprint: EXEC_IN_PROGRESS };
  }

  #statOnce(pid: number): ProcStat {
    this.#askedForExecutable = false;
    // Before the read: when it is later than the start, whoever is read then is the last to have
    // both this pid and this start time.
    const now = this.#bootClock.ticks(this.clockTicksPerSecond);
    let instance = 0;
    const length = this.#files.readStat(pid, this.#statBuffer, (fd, read) => {
      if (parseStartTime(this.#statBuffer, read, pid) >= now) instance = this.#instanceOf(fd);
    });
    return { ...parseStat(this.#statBuffer, length, pid, this.#evidence), instance };
  }

  status(pid: number): ProcStatus {
    const text = this.#files.text(pid, 'status');
    const status = parseStatus(text, pid);
    if (!isOfEndedLeader(text)) return status;
    // Its threads may have changed their ids since it ended.
    const ofThread = this.#threads.text(pid, 'status', (thread) => !isOfEndedLeader(thread));
    if (ofThread === undefined) return status;
    const { uid, gid } = parseStatus(ofThread, pid);
    return { ...status, uid, gid };
  }

  cmdline(pid: number): Cmdline {
    return toCmdline(this.#files.memory(pid, 'cmdline', this.#cmdlineLimit));
  }

  async cmdlineAsync(pid: number): Promise<Cmdline> {
    return toCmdline(await this.#files.memoryAsync(pid, 'cmdline', this.#cmdlineLimit));
  }

  environ(pid: number): EnvironBlock {
    return toEnviron(this.#files.memory(pid, 'environ', this.#environLimit));
  }

  async environAsync(pid: number): Promise<EnvironBlock> {
    return toEnviron(await this.#files.memoryAsync(pid, 'environ', this.#environLimit));
  }

  exe(pid: number): ExeLink | undefined {
    const found = this.#files.linkOfAnyThread(pid, 'exe');
    if (found === undefined) return undefined;
    const { target, path } = found;
    const named = { link: path, target, root: `${this.root}/${pid}/root` };
    if (!target.endsWith(DELETED) || isLiteral(this.#io, named, () => this.mountinfo(pid)))
      return { path: target, deleted: false };
    return { path: target.slice(0, -DELETED.length), deleted: true };
  }

  cwd(pid: number): string {
    const found = this.#files.linkOfAnyThread(pid, 'cwd');
    if (found === undefined) throw new ProcfsError('gone', pid, 'cwd');
    return found.target;
  }

  cgroup(pid: number): CgroupInfo {
    const info = this.#parsedCgroup(this.#files.text(pid, 'cgroup'));
    if (info === undefined) throw new ProcfsError('malformed', pid, 'cgroup');
    if (info.path !== '/') return info;
    // A leader that has ended is shown in the root, wherever its threads live on.
    const stat = this.stat(pid);
    if (!stat.exiting || stat.ended) return info;
    const elsewhere = (text: string): boolean => (parseCgroup(text)?.path ?? '/') !== '/';
    const ofThread = this.#threads.text(pid, 'cgroup', elsewhere);
    return (ofThread === undefined ? undefined : parseCgroup(ofThread)) ?? info;
  }

  /** Neighbours are mostly in one cgroup: the last text is parsed once. */
  #parsedCgroup(text: string): CgroupInfo | undefined {
    if (text !== this.#lastCgroup.text) this.#lastCgroup = { text, info: parseCgroup(text) };
    return this.#lastCgroup.info;
  }

  namespace(given: PidOrSelf, kind: NamespaceKind): number {
    if (!NAMESPACE_KINDS.includes(kind)) {
      throw outOfRange(
        'the kind of a namespace',
        `one of ${NAMESPACE_KINDS.join(', ')}`,
        'another',
      );
    }
    const pid = this.#pidOf(given);
    const file = `ns/${kind}`;
    const found = this.#files.linkOfAnyThread(pid, file);
    if (found === undefined) throw new ProcfsError('gone', pid, file);
    const inode = /\[(\d+)\]$/.exec(found.target)?.[1];
    if (inode === undefined) throw new ProcfsError('malformed', pid, file);
    return Number(inode);
  }

  maps(pid: PidOrSelf): readonly MapsEntry[] {
    const reading = this.mapsByParts(pid);
    for (;;) {
      const { done, value } = reading.next();
      if (done === true) return value;
    }
  }

  *mapsByParts(
    pid: PidOrSelf,
    which: 'all' | 'code' = 'all',
  ): Generator<readonly MapsEntry[], readonly MapsEntry[]> {
    const parser = new MapsParser(which);
    for (const piece of this.#files.piecesOfAnyThread(this.#pidOf(pid), 'maps', MAPS_LIMIT)) {
      parser.add(piece);
      yield parser.entries;
    }
    return parser.end();
  }

  mountinfo(pid: PidOrSelf): readonly MountInfo[] {
    return parseMountinfo(this.#files.textOfAnyThread(this.#pidOf(pid), 'mountinfo', MOUNTS_LIMIT));
  }

  limits(pid: PidOrSelf): ProcLimits {
    return parseLimits(this.#files.text(this.#pidOf(pid), 'limits'));
  }

  /** As this procfs counts us: its PID namespace may be one around ours. */
  #pidOf(given: PidOrSelf): number {
    if (given !== 'self') return given;
    this.#ownPid ??= Number(this.#io.readlinkSync(`${this.root}/self`));
    return this.#ownPid;
  }

  /**
   * The inode number of an open file below /proc/PID: procfs draws one when it first shows a
   * process, and keeps it while that lives (fs/proc/base.c: proc_pid_make_inode, pid_revalidate).
   */
  #instanceOf(fd: number): number {
    try {
      return this.#io.fstatSync?.(fd).ino ?? 0;
    } catch {
      return 0;
    }
  }

  #inodeOf(path: string): number {
    try {
      return this.#io.statSync(path).ino;
    } catch {
      return 0;
    }
  }

  #readClockTicks(): number | undefined {
    try {
      return clockTicksFromAuxv(readWhole(this.#io, '/proc/self/auxv', 4096).bytes);
    } catch {
      return undefined; // no /proc of our own: the default holds on every common architecture
    }
  }
}

function limitOf(what: string, bytes: number | undefined): number {
  return bytes === undefined ? DEFAULT_LIMIT : wholeNumber(what, bytes, 0);
}

function toCmdline(read: Bytes): Cmdline {
  return { args: parseCmdline(read.bytes, read.truncated), truncated: read.truncated };
}

function toEnviron(read: Bytes): EnvironBlock {
  return { variables: parseEnviron(read.bytes, read.truncated), truncated: read.truncated };
}
