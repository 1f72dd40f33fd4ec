/**
 * `Procfs` on a mounted procfs, /proc unless told otherwise (an agent in a container often has
 * the host's at /host/proc). Holds no descriptor between calls, and reads nothing until asked.
 */
import * as fs from 'node:fs';
import { parseCgroup } from './cgroup.ts';
import { clockTicksFromAuxv, DEFAULT_CLOCK_TICKS } from './clock-ticks.ts';
import { parseCmdline } from './cmdline.ts';
import { parseEnviron } from './environ.ts';
import { errnoOf, ProcfsError, procfsErrorFrom } from './error.ts';
import type {
  CgroupInfo,
  Cmdline,
  EnvironBlock,
  ExeLink,
  NamespaceKind,
  Procfs,
  ProcProbe,
  ProcStat,
  ProcStatus,
} from './procfs.ts';
import {
  type Bytes,
  type ProcfsIo,
  readLineInto,
  readWhole,
  readWholeAsync,
  retryInterrupted,
} from './read-file.ts';
import { parseProbe, parseStat, STAT_MAX_BYTES } from './stat.ts';
import { parseStatus } from './status.ts';

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
  #clockTicks: number | undefined;

  constructor(options: RealProcfsOptions = {}) {
    this.root = options.root ?? '/proc';
    this.#io = options.io ?? nodeIo;
    this.#cmdlineLimit = options.limits?.cmdlineBytes ?? DEFAULT_LIMIT;
    this.#environLimit = options.limits?.environBytes ?? DEFAULT_LIMIT;
  }

  /** From this process's auxiliary vector; 100 where that cannot be read. */
  get clockTicksPerSecond(): number {
    this.#clockTicks ??= this.#readClockTicks() ?? DEFAULT_CLOCK_TICKS;
    return this.#clockTicks;
  }

  /** Every process (not thread) there is now, in the kernel's order. */
  pids(): number[] {
    const pids: number[] = [];
    for (const name of retryInterrupted(() => this.#io.readdirSync(this.root))) {
      if (/^[0-9]+$/.test(name)) pids.push(Number(name));
    }
    return pids;
  }

  probe(pid: number): ProcProbe {
    return parseProbe(this.#statBuffer, this.#readStat(pid), pid);
  }

  stat(pid: number): ProcStat {
    return parseStat(this.#statBuffer, this.#readStat(pid), pid);
  }

  status(pid: number): ProcStatus {
    return parseStatus(this.#readText(pid, 'status'), pid);
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
    const info = parseCgroup(this.#readText(pid, 'cgroup'));
    if (info === undefined) throw new ProcfsError('malformed', pid, 'cgroup');
    return info;
  }

  namespace(pid: number, kind: NamespaceKind): number {
    const file = `ns/${kind}`;
    const found = this.#linkOfAnyThread(pid, file);
    if (found === undefined) throw new ProcfsError('gone', pid, file);
    const inode = /\[(\d+)\]$/.exec(found.target)?.[1];
    if (inode === undefined) throw new ProcfsError('malformed', pid, file);
    return Number(inode);
  }

  #readStat(pid: number): number {
    try {
      return readLineInto(this.#io, `${this.root}/${pid}/stat`, this.#statBuffer);
    } catch (error) {
      throw procfsErrorFrom(error, pid, 'stat');
    }
  }

  #read(pid: number, file: string, limit: number): Bytes {
    try {
      return readWhole(this.#io, `${this.root}/${pid}/${file}`, limit, this.#scratch);
    } catch (error) {
      throw procfsErrorFrom(error, pid, file);
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
    try {
      const read = await readWholeAsync(this.#io, `${this.root}/${pid}/${file}`, limit);
      return read.bytes.length > 0 ? read : this.#memoryOfThread(pid, file, limit);
    } catch (error) {
      return this.#withoutMemory(error, pid, file, limit);
    }
  }

  /** Newer kernels answer ESRCH, not an empty file, where a live task has no memory. */
  #withoutMemory(error: unknown, pid: number, file: string, limit: number): Bytes {
    const failure = procfsErrorFrom(error, pid, file);
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
    if (stat.exiting) {
      for (const tid of this.#tids(pid)) {
        try {
          const path = `${this.root}/${pid}/task/${tid}/${file}`;
          const read = readWhole(this.#io, path, limit, this.#scratch);
          if (read.bytes.length > 0) return read;
        } catch (error) {
          const failure = procfsErrorFrom(error, pid, file);
          if (failure.code !== 'gone') throw failure;
        }
      }
    }
    return { bytes: new Uint8Array(0), truncated: false };
  }

  /** A link of the process, through a living thread if its leader has ended. */
  #linkOfAnyThread(pid: number, file: string): { target: string; path: string } | undefined {
    const direct = this.#link(pid, `${this.root}/${pid}/${file}`, file);
    if (direct !== undefined) return direct;
    const stat = this.stat(pid); // throws `gone` if that is why
    if (stat.ended) throw new ProcfsError('gone', pid, file);
    if (!stat.exiting) return undefined;
    for (const tid of this.#tids(pid)) {
      const link = this.#link(pid, `${this.root}/${pid}/task/${tid}/${file}`, file);
      if (link !== undefined) return link;
    }
    return undefined;
  }

  #link(pid: number, path: string, file: string): { target: string; path: string } | undefined {
    try {
      return { target: retryInterrupted(() => this.#io.readlinkSync(path)), path };
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ESRCH') return undefined;
      throw procfsErrorFrom(error, pid, file);
    }
  }

  #tids(pid: number): string[] {
    try {
      return retryInterrupted(() => this.#io.readdirSync(`${this.root}/${pid}/task`));
    } catch (error) {
      throw procfsErrorFrom(error, pid, 'task');
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

function toCmdline(read: Bytes): Cmdline {
  return { args: parseCmdline(read.bytes, read.truncated), truncated: read.truncated };
}

function toEnviron(read: Bytes): EnvironBlock {
  return { variables: parseEnviron(read.bytes, read.truncated), truncated: read.truncated };
}
