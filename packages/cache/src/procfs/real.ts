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
import { errnoOf, ProcfsError, procfsErrorFrom } from './error.ts';
import { parseLimits } from './limits.ts';
import { LivingThreads } from './living-threads.ts';
import { parseMaps } from './maps.ts';
import { parseMountinfo } from './mountinfo.ts';
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
import {
  type Bytes,
  type ProcfsIo,
  readLineInto,
  readWhole,
  readWholeAsync,
  retryInterrupted,
} from './read-file.ts';
import { type ImageEvidence, parseProbe, parseStat, STAT_MAX_BYTES } from './stat.ts';
import { isOfEndedLeader, parseStatus } from './status.ts';

/** Most bytes read of each file; what is longer is cut and marked. */
export interface ProcfsLimits {
  /** Default 2 MiB, the most that exec takes under the usual stack limit. */
  readonly cmdlineBytes?: number;
  /** Default 2 MiB. */
  readonly environBytes?: number;
}

export interface RealProcfsOptions {
  /** Where procfs is mounted. Default `/proc`. */
  readonly root?: string;
  readonly limits?: ProcfsLimits;
  /** The system calls, for tests. Default node:fs. */
  readonly io?: ProcfsIo;
}

const DEFAULT_LIMIT = 2 * 1024 * 1024;
const SMALL_FILE_LIMIT = 256 * 1024; // status, cgroup: a few kB at most
/** A process may have as many mappings as vm.max_map_count says: 65,530, on database hosts some millions. */
const MAPS_LIMIT = 256 * 1024 * 1024;
const SCRATCH_BYTES = 16 * 1024; // longer files get a buffer of their own
const DELETED = ' (deleted)';
const decoder = new TextDecoder();

const nodeIo: ProcfsIo = {
  openSync: fs.openSync,
  readSync: fs.readSync,
  closeSync: fs.closeSync,
  readlinkSync: (path) => fs.readlinkSync(path, 'utf8'),
  readdirSync: (path) => fs.readdirSync(path),
  statSync: (path) => fs.statSync(path),
  fstatSync: (fd) => fs.fstatSync(fd),
  open: (path, flags) => fs.promises.open(path, flags),
};

export class RealProcfs implements Procfs {
  readonly root: string;
  readonly #io: ProcfsIo;
  readonly #cmdlineLimit: number;
  readonly #environLimit: number;
  readonly #statBuffer = new Uint8Array(STAT_MAX_BYTES);
  /** Every synchronous read but stat's: parsed before the next one starts. */
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #bootClock: BootClock;
  /** Whether the line that was read last did not tell images apart. */
  #askedForExecutable = false;
  readonly #threads: LivingThreads;
  readonly #evidence: ImageEvidence;
  #clockTicks: number | undefined;
  #lastCgroup: { readonly text: string; readonly info: CgroupInfo | undefined } = {
    text: '',
    info: undefined,
  };
  #ownPid: number | undefined;
  /** A process, or procfs itself, was seen at the root. */
  #mounted = false;

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
    this.#evidence = {
      executable: (pid) => {
        this.#askedForExecutable = true;
        return this.#inodeOf(this.#path(pid, 'exe'));
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
    for (const name of this.#names()) {
      if (/^[0-9]+$/.test(name)) pids.push(Number(name));
    }
    return pids;
  }

  probe(pid: number, instance = false): ProcProbe {
    if (!instance) return parseProbe(this.#statBuffer, this.#readStat(pid), pid, this.#evidence);
    let number = 0;
    const length = this.#readStat(pid, (fd) => {
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
    const length = this.#readStat(pid, (fd, read) => {
      const { startTimeTicks } = parseProbe(this.#statBuffer, read, pid);
      if (startTimeTicks >= now) instance = this.#instanceOf(fd);
    });
    return { ...parseStat(this.#statBuffer, length, pid, this.#evidence), instance };
  }

  status(pid: number): ProcStatus {
    const text = this.#readText(pid, 'status');
    const status = parseStatus(text, pid);
    if (!isOfEndedLeader(text)) return status;
    // Its threads may have changed their ids since it ended.
    const ofThread = this.#threads.text(pid, 'status', (thread) => !isOfEndedLeader(thread));
    if (ofThread === undefined) return status;
    const { uid, gid } = parseStatus(ofThread, pid);
    return { ...status, uid, gid };
  }

  cmdline(pid: number): Cmdline {
    return toCmdline(this.#memory(pid, 'cmdline', this.#cmdlineLimit));
  }

  async cmdlineAsync(pid: number): Promise<Cmdline> {
    return toCmdline(await this.#memoryAsync(pid, 'cmdline', this.#cmdlineLimit));
  }

  environ(pid: number): EnvironBlock {
    return toEnviron(this.#memory(pid, 'environ', this.#environLimit));
  }

  async environAsync(pid: number): Promise<EnvironBlock> {
    return toEnviron(await this.#memoryAsync(pid, 'environ', this.#environLimit));
  }

  exe(pid: number): ExeLink | undefined {
    const found = this.#linkOfAnyThread(pid, 'exe');
    if (found === undefined) return undefined;
    const { target, path } = found;
    if (!target.endsWith(DELETED) || this.#isLiteral(pid, path, target)) {
      return { path: target, deleted: false };
    }
    return { path: target.slice(0, -DELETED.length), deleted: true };
  }

  cwd(pid: number): string {
    const found = this.#linkOfAnyThread(pid, 'cwd');
    if (found === undefined) throw new ProcfsError('gone', pid, 'cwd');
    return found.target;
  }

  cgroup(pid: number): CgroupInfo {
    const info = this.#parsedCgroup(this.#readText(pid, 'cgroup'));
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
    const found = this.#linkOfAnyThread(pid, file);
    if (found === undefined) throw new ProcfsError('gone', pid, file);
    const inode = /\[(\d+)\]$/.exec(found.target)?.[1];
    if (inode === undefined) throw new ProcfsError('malformed', pid, file);
    return Number(inode);
  }

  maps(pid: PidOrSelf): readonly MapsEntry[] {
    return parseMaps(this.#textOfAnyThread(this.#pidOf(pid), 'maps', MAPS_LIMIT));
  }

  mountinfo(pid: PidOrSelf): readonly MountInfo[] {
    return parseMountinfo(this.#textOfAnyThread(this.#pidOf(pid), 'mountinfo', MAPS_LIMIT));
  }

  limits(pid: PidOrSelf): ProcLimits {
    return parseLimits(
      decoder.decode(this.#read(this.#pidOf(pid), 'limits', SMALL_FILE_LIMIT).bytes),
    );
  }

  /** Pids come from outside: none makes another path. */
  #path(pid: number, file: string): string {
    return `${this.root}/${wholeNumber('pid', pid, 1)}/${file}`;
  }

  /** As this procfs counts us: its PID namespace may be one around ours. */
  #pidOf(given: PidOrSelf): number {
    if (given !== 'self') return given;
    this.#ownPid ??= Number(this.#io.readlinkSync(`${this.root}/self`));
    return this.#ownPid;
  }

  /** What a leader that has ended has no more, its threads may have: memory and mounts. */
  #textOfAnyThread(pid: number, file: string, limit: number): string {
    let failure: unknown;
    try {
      const { bytes } = this.#read(pid, file, limit);
      if (bytes.length > 0) return decoder.decode(bytes);
    } catch (error) {
      failure = error;
    }
    const stat = this.stat(pid); // throws `gone` if that is why
    if (stat.ended) throw new ProcfsError('gone', pid, file);
    const ofThread = stat.exiting
      ? this.#threads.file(pid, file, limit, ({ length }) => length > 0)
      : undefined;
    if (ofThread !== undefined) return decoder.decode(ofThread.bytes);
    if (failure !== undefined) throw failure;
    return '';
  }

  #readStat(pid: number, whileOpen?: (fd: number, length: number) => void): number {
    const path = this.#path(pid, 'stat');
    try {
      const length = readLineInto(this.#io, path, this.#statBuffer, whileOpen);
      this.#mounted = true;
      return length;
    } catch (error) {
      throw this.#failure(error, pid, 'stat');
    }
  }

  /** Nobody is gone where nobody can be: a missing procfs is told from a missing process. */
  #failure(error: unknown, pid: number, file: string): ProcfsError {
    const failure = procfsErrorFrom(error, pid, file);
    if (!this.#mounted && (failure.code === 'gone' || failure.errno === 'ENOTDIR')) this.#names();
    return failure;
  }

  /** What is at the root. Throws `no-procfs` where that is none. */
  #names(): string[] {
    const { root } = this;
    let names: string[];
    try {
      names = retryInterrupted(() => this.#io.readdirSync(root));
    } catch (error) {
      const errno = errnoOf(error);
      const missing = errno === 'ENOENT' || errno === 'ENOTDIR';
      throw new ProcfsError(missing ? 'no-procfs' : 'io', 0, '', errno, root);
    }
    // There for every reader, in any PID namespace and under every mount option.
    this.#mounted ||= names.includes('self');
    if (!this.#mounted) throw new ProcfsError('no-procfs', 0, '', undefined, root);
    return names;
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

  #read(pid: number, file: string, limit: number): Bytes {
    const path = this.#path(pid, file);
    try {
      return readWhole(this.#io, path, limit, this.#scratch);
    } catch (error) {
      throw this.#failure(error, pid, file);
    }
  }

  #readText(pid: number, file: string): string {
    return decoder.decode(this.#read(pid, file, SMALL_FILE_LIMIT).bytes);
  }

  #readClockTicks(): number | undefined {
    try {
      return clockTicksFromAuxv(readWhole(this.#io, '/proc/self/auxv', 4096).bytes);
    } catch {
      return undefined; // no /proc of our own: the default holds on every common architecture
    }
  }

  /** `cmdline` or `environ`: what the process keeps in its own memory. */
  #memory(pid: number, file: string, limit: number): Bytes {
    try {
      const read = this.#read(pid, file, limit);
      return read.bytes.length > 0 ? read : this.#memoryOfThread(pid, file, limit);
    } catch (error) {
      return this.#withoutMemory(error, pid, file, limit);
    }
  }

  async #memoryAsync(pid: number, file: string, limit: number): Promise<Bytes> {
    const path = this.#path(pid, file);
    try {
      const read = await readWholeAsync(this.#io, path, limit);
      return read.bytes.length > 0 ? read : this.#memoryOfThread(pid, file, limit);
    } catch (error) {
      return this.#withoutMemory(error, pid, file, limit);
    }
  }

  /** Newer kernels answer ESRCH, not an empty file, where a live task has no memory. */
  #withoutMemory(error: unknown, pid: number, file: string, limit: number): Bytes {
    const failure = this.#failure(error, pid, file);
    if (failure.code !== 'gone' || failure.file !== file) throw failure;
    return this.#memoryOfThread(pid, file, limit);
  }

  /**
   * Nothing to read: a kernel thread, a zombie, or a leader that ended before its threads.
   * The last is read through a living thread; a zombie is gone; a kernel thread has none.
   */
  #memoryOfThread(pid: number, file: string, limit: number): Bytes {
    const stat = this.stat(pid);
    if (stat.ended) throw new ProcfsError('gone', pid, file);
    const ofThread = stat.exiting
      ? this.#threads.file(pid, file, limit, (bytes) => bytes.length > 0)
      : undefined;
    return ofThread ?? { bytes: new Uint8Array(0), truncated: false };
  }

  /** A link of the process, through a living thread if its leader has ended. */
  #linkOfAnyThread(pid: number, file: string): { target: string; path: string } | undefined {
    const direct = this.#link(pid, this.#path(pid, file), file);
    if (direct !== undefined) return direct;
    const stat = this.stat(pid); // throws `gone` if that is why
    if (stat.ended) throw new ProcfsError('gone', pid, file);
    return stat.exiting ? this.#threads.link(pid, file) : undefined;
  }

  #link(pid: number, path: string, file: string): { target: string; path: string } | undefined {
    try {
      return { target: retryInterrupted(() => this.#io.readlinkSync(path)), path };
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ESRCH') return undefined;
      throw this.#failure(error, pid, file);
    }
  }

  /** Whether a file is really called "... (deleted)": the link leads where the name leads. */
  #isLiteral(pid: number, link: string, target: string): boolean {
    try {
      const behind = this.#io.statSync(link);
      const named = this.#io.statSync(`${this.root}/${pid}/root${target}`);
      return behind.dev === named.dev && behind.ino === named.ino;
    } catch {
      return false;
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
