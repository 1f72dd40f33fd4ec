/**
 * `Procfs` as a table in memory, for tests: of this cache, and of agents that use it. Processes
 * are born, exec, end and are reaped by calls; reads can be made to fail, to wait, and to have
 * something happen just before them, which is how races are played in a fixed order.
 */

import process from 'node:process';
import type { ExecRecord } from '../exec-record.ts';
import { containerIdFromPath } from './cgroup.ts';
import { ProcfsError, type ProcfsErrorCode } from './error.ts';
import {
  DEFAULT_COMM,
  DEFAULT_EXE,
  DEFAULT_UID,
  execRecordOf,
  HOST_NAMESPACE,
  type Living,
  type MemoryProcess,
  ROOT_MOUNT,
} from './memory-process.ts';
import {
  type CgroupInfo,
  type Cmdline,
  type EnvironBlock,
  EXEC_IN_PROGRESS,
  type ExeLink,
  type MapsEntry,
  type MountInfo,
  type NamespaceKind,
  type PidOrSelf,
  type Procfs,
  type ProcLimits,
  type ProcProbe,
  type ProcStat,
  type ProcStatus,
} from './procfs.ts';

/** The files that can be read, and made to fail. */
export type ProcfsFile =
  | 'stat'
  | 'status'
  | 'cmdline'
  | 'environ'
  | 'exe'
  | 'cwd'
  | 'cgroup'
  | 'ns'
  | 'maps'
  | 'mountinfo'
  | 'limits';

export interface ProcfsRead {
  readonly pid: number;
  readonly file: ProcfsFile;
}

const TICK_NS = 10_000_000n;

interface Failure {
  readonly code: ProcfsErrorCode;
  left: number;
}

export class MemoryProcfs implements Procfs {
  readonly clockTicksPerSecond = 100;
  /** The pid that `self` stands for; nobody unless one with it is spawned. */
  readonly self: number;
  /** Called before each read, with the table still as it was. */
  onRead: ((read: ProcfsRead) => void) | undefined;
  readonly #processes = new Map<number, Living>();
  readonly #failures = new Map<string, Failure>();
  readonly #reads: ProcfsRead[] = [];
  #now = 1000;
  #spawned = 0;
  #nextImage = 1;
  #asyncGate: Promise<void> | undefined;

  /** @param options.self the pid of whoever asks. Default that of this process */
  constructor(options: { readonly self?: number | undefined } = {}) {
    this.self = options.self ?? process.pid;
  }

  /** Clock ticks since boot: the start time of what is spawned now. */
  get now(): number {
    return this.#now;
  }

  /** Every read so far. */
  get reads(): readonly ProcfsRead[] {
    return this.#reads;
  }

  /** Lets clock ticks pass. */
  tick(ticks = 1): void {
    this.#now += ticks;
  }

  /**
   * A new process with this pid, which must be free, running the first program of its own. Its
   * start time is `now`, and within this tick a little later than that of the one before.
   * @throws `Error` for a pid that is in use.
   */
  spawn(
    pid: number,
    process: MemoryProcess = {},
  ): { pid: number; startTime: number; startBoottimeNs: bigint } {
    if (this.#processes.has(pid)) throw new Error(`pid ${pid} is in use`);
    const serial = ++this.#spawned;
    const startBoottimeNs = BigInt(this.#now) * TICK_NS + (BigInt(serial) % TICK_NS);
    this.#processes.set(pid, {
      process,
      startTimeTicks: this.#now,
      startBoottimeNs,
      serial,
      execId: 1,
      layoutFingerprint: this.#markOf(process),
      zombie: false,
    });
    return { pid, startTime: this.#now, startBoottimeNs };
  }

  /** Runs another program: what is not named stays as it is. @throws `Error` for a pid that nobody has. */
  exec(pid: number, process: MemoryProcess): void {
    const living = this.#living(pid);
    living.process = { ...living.process, ...process };
    living.execId++;
    living.layoutFingerprint = this.#markOf(living.process);
  }

  /**
   * The record that the kernel would have sent when the present image was made.
   * @throws `Error` for a pid that nobody has.
   */
  execRecordOf(pid: number): ExecRecord {
    return execRecordOf(pid, this.#living(pid));
  }

  /** Starts an exec, which lasts until `exec` is called. @throws `Error` for a pid that nobody has. */
  beginExec(pid: number): void {
    this.#living(pid).layoutFingerprint = EXEC_IN_PROGRESS;
  }

  /**
   * The layout fingerprint of its present image, as a kernel record would give it.
   * @throws `Error` for a pid that nobody has.
   */
  layoutFingerprintOf(pid: number): number {
    return this.#living(pid).layoutFingerprint;
  }

  /** Ends it, and leaves a zombie. @throws `Error` for a pid that nobody has. */
  exit(pid: number): void {
    this.#living(pid).zombie = true;
  }

  /** Ends it if it lives, and frees the pid. @throws `Error` for a pid that nobody has. */
  reap(pid: number): void {
    this.#living(pid);
    this.#processes.delete(pid);
  }

  /** Makes the next `times` reads of a file fail; 0 ends it. */
  fail(
    pid: number,
    file: ProcfsFile,
    code: ProcfsErrorCode,
    times = Number.POSITIVE_INFINITY,
  ): void {
    this.#failures.set(`${pid}/${file}`, { code, left: times });
  }

  /** Off-thread reads wait until the returned function is called. */
  pauseAsync(): () => void {
    let open = (): void => {};
    this.#asyncGate = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      this.#asyncGate = undefined;
      open();
    };
  }

  pids(): number[] {
    return [...this.#processes.keys()].sort((a, b) => a - b);
  }

  probe(pid: number, instance = false): ProcProbe {
    const living = this.#read(pid, 'stat');
    return {
      startTimeTicks: living.startTimeTicks,
      layoutFingerprint: living.zombie ? 0 : living.layoutFingerprint,
      ended: living.zombie,
      ...(instance ? { instance: living.serial } : {}),
    };
  }

  stat(pid: number): ProcStat {
    const living = this.#read(pid, 'stat');
    const { process, startTimeTicks, zombie } = living;
    return {
      pid,
      comm: process.comm ?? DEFAULT_COMM,
      state: zombie ? 'Z' : 'S',
      ppid: process.ppid ?? 1,
      pgrp: pid,
      session: pid,
      ttyNr: 0,
      tpgid: -1,
      flags: 0,
      kernelThread: process.kernelThread ?? false,
      exiting: zombie,
      utimeTicks: 0,
      stimeTicks: 0,
      numThreads: 1,
      startTimeTicks,
      vsizeBytes: 0,
      rssPages: 0,
      startCode: 0,
      startStack: 0,
      layoutFingerprint: zombie ? 0 : living.layoutFingerprint,
      ended: zombie,
      instance: startTimeTicks >= this.#now ? living.serial : 0,
    };
  }

  status(pid: number): ProcStatus {
    const { process } = this.#read(pid, 'status');
    const uid = process.uid ?? DEFAULT_UID;
    const gid = process.gid ?? uid;
    return {
      name: process.comm ?? DEFAULT_COMM,
      tgid: pid,
      pid,
      ppid: process.ppid ?? 1,
      uid: { real: uid, effective: uid, saved: uid, fs: uid },
      gid: { real: gid, effective: gid, saved: gid, fs: gid },
      nspid: [pid],
      caughtSignals: process.caughtSignals ?? 0n,
    };
  }

  cmdline(pid: number): Cmdline {
    const { process, zombie } = this.#read(pid, 'cmdline');
    if (zombie) throw new ProcfsError('gone', pid, 'cmdline');
    const args = process.kernelThread
      ? []
      : [...(process.cmdline ?? [process.comm ?? DEFAULT_COMM])];
    return { args, truncated: false };
  }

  environ(pid: number): EnvironBlock {
    const { process, zombie } = this.#read(pid, 'environ');
    if (zombie) throw new ProcfsError('gone', pid, 'environ');
    return { variables: new Map(Object.entries(process.environ ?? {})), truncated: false };
  }

  async cmdlineAsync(pid: number): Promise<Cmdline> {
    await this.#asyncGate;
    return this.cmdline(pid);
  }

  async environAsync(pid: number): Promise<EnvironBlock> {
    await this.#asyncGate;
    return this.environ(pid);
  }

  exe(pid: number): ExeLink | undefined {
    const { process, zombie } = this.#read(pid, 'exe');
    if (zombie) throw new ProcfsError('gone', pid, 'exe');
    if (process.kernelThread) return undefined;
    return { path: process.exe ?? DEFAULT_EXE, deleted: process.exeDeleted ?? false };
  }

  cwd(pid: number): string {
    const { process, zombie } = this.#read(pid, 'cwd');
    if (zombie) throw new ProcfsError('gone', pid, 'cwd');
    return process.cwd ?? '/';
  }

  cgroup(pid: number): CgroupInfo {
    const path = this.#read(pid, 'cgroup').process.cgroup ?? '/';
    const containerId = containerIdFromPath(path);
    return { path, version: 2, ...(containerId === undefined ? {} : { containerId }) };
  }

  namespace(given: PidOrSelf, kind: NamespaceKind): number {
    const pid = this.#pidOf(given);
    const { process, zombie } = this.#read(pid, 'ns');
    if (zombie) throw new ProcfsError('gone', pid, `ns/${kind}`);
    return process.namespaces?.[kind] ?? HOST_NAMESPACE;
  }

  // biome-ignore lint/correctness/useYield: it comes in one part
  *mapsByParts(pid: PidOrSelf): Generator<readonly MapsEntry[], readonly MapsEntry[]> {
    return this.maps(pid);
  }

  maps(pid: PidOrSelf): readonly MapsEntry[] {
    return this.#withMemory(pid, 'maps').maps ?? [];
  }

  mountinfo(pid: PidOrSelf): readonly MountInfo[] {
    return this.#withMemory(pid, 'mountinfo').mountinfo ?? [ROOT_MOUNT];
  }

  limits(pid: PidOrSelf): ProcLimits {
    return new Map(Object.entries(this.#read(this.#pidOf(pid), 'limits').process.limits ?? {}));
  }

  #pidOf(given: PidOrSelf): number {
    return given === 'self' ? this.self : given;
  }

  #withMemory(given: PidOrSelf, file: ProcfsFile): MemoryProcess {
    const pid = this.#pidOf(given);
    const { process, zombie } = this.#read(pid, file);
    if (zombie) throw new ProcfsError('gone', pid, file);
    return process;
  }

  #markOf(process: MemoryProcess): number {
    return process.kernelThread || process.imageHidden ? 0 : this.#nextImage++;
  }

  #living(pid: number): Living {
    const living = this.#processes.get(pid);
    if (living === undefined) throw new Error(`there is no process ${pid}`);
    return living;
  }

  #read(pid: number, file: ProcfsFile): Living {
    this.onRead?.({ pid, file });
    this.#reads.push({ pid, file });
    const failure = this.#failures.get(`${pid}/${file}`);
    if (failure !== undefined && failure.left > 0) {
      failure.left--;
      throw new ProcfsError(failure.code, pid, file);
    }
    const living = this.#processes.get(pid);
    if (living === undefined) throw new ProcfsError('gone', pid, file, 'ENOENT');
    return living;
  }
}
