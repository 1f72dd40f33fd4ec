/**
 * How files of /proc/PID are read, whatever is in them: with the errors of this package, and through a
 * living thread where the leader has ended before its threads. Holds no descriptor between calls.
 */
import { wholeNumber } from '../argument-error.ts';
import { errnoOf, ProcfsError, procfsErrorFrom } from './error.ts';
import type { LivingThreads } from './living-threads.ts';
import type { ProcStat } from './procfs.ts';
import {
  type Bytes,
  type ProcfsIo,
  piecesOf,
  readLineInto,
  readWhole,
  readWholeAsync,
  retryInterrupted,
} from './read-file.ts';

const SMALL_FILE_LIMIT = 256 * 1024; // status, cgroup, limits: a few kB at most
const SCRATCH_BYTES = 16 * 1024; // longer files get a buffer of their own
const decoder = new TextDecoder();

export class ProcessFiles {
  readonly root: string;
  readonly #io: ProcfsIo;
  readonly #threads: LivingThreads;
  readonly #stateOf: (pid: number) => Pick<ProcStat, 'ended' | 'exiting'>;
  /** Every synchronous read but stat's: parsed before the next one starts. */
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  /** A process, or procfs itself, was seen at the root. */
  #mounted = false;

  /** @param stateOf what `stat` says of a process; throws `gone` where there is none */
  constructor(
    root: string,
    io: ProcfsIo,
    threads: LivingThreads,
    stateOf: (pid: number) => Pick<ProcStat, 'ended' | 'exiting'>,
  ) {
    this.root = root;
    this.#io = io;
    this.#threads = threads;
    this.#stateOf = stateOf;
  }

  /** Pids come from outside: none makes another path. */
  path(pid: number, file: string): string {
    return `${this.root}/${wholeNumber('pid', pid, 1)}/${file}`;
  }

  /** The one line of `stat` into a buffer. Returns its length. */
  readStat(
    pid: number,
    buffer: Uint8Array,
    whileOpen?: (fd: number, length: number) => void,
  ): number {
    const path = this.path(pid, 'stat');
    try {
      const length = readLineInto(this.#io, path, buffer, whileOpen);
      this.#mounted = true;
      return length;
    } catch (error) {
      throw this.#failure(error, pid, 'stat');
    }
  }

  /** Nobody is gone where nobody can be: a missing procfs is told from a missing process. */
  #failure(error: unknown, pid: number, file: string): ProcfsError {
    const failure = procfsErrorFrom(error, pid, file);
    if (!this.#mounted && (failure.code === 'gone' || failure.errno === 'ENOTDIR')) this.names();
    return failure;
  }

  /** What is at the root. @throws `ProcfsError('no-procfs')` where that is none */
  names(): string[] {
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

  #read(pid: number, file: string, limit: number): Bytes {
    const path = this.path(pid, file);
    try {
      return readWhole(this.#io, path, limit, this.#scratch);
    } catch (error) {
      throw this.#failure(error, pid, file);
    }
  }

  /** A small file as text. */
  text(pid: number, file: string): string {
    return decoder.decode(this.#read(pid, file, SMALL_FILE_LIMIT).bytes);
  }

  /** What a leader that has ended has no more, its threads may have: memory and mounts. */
  textOfAnyThread(pid: number, file: string, limit: number): string {
    let failure: unknown;
    try {
      const { bytes } = this.#read(pid, file, limit);
      if (bytes.length > 0) return decoder.decode(bytes);
    } catch (error) {
      failure = error;
    }
    const state = this.#stateOf(pid); // throws `gone` if that is why
    if (state.ended) throw new ProcfsError('gone', pid, file);
    const ofThread = state.exiting
      ? this.#threads.file(pid, file, limit, ({ length }) => length > 0)
      : undefined;
    if (ofThread !== undefined) return decoder.decode(ofThread.bytes);
    if (failure !== undefined) throw failure;
    return '';
  }

  /** As textOfAnyThread(), of a file that may be long: by pieces, each good until the next one. */
  *piecesOfAnyThread(pid: number, file: string, limit: number): Generator<Uint8Array> {
    let failure: unknown;
    let isEmpty = true;
    try {
      for (const piece of piecesOf(this.#io, this.path(pid, file), limit)) {
        isEmpty = false;
        yield piece;
      }
    } catch (error) {
      failure = this.#failure(error, pid, file);
    }
    if (!isEmpty) return;
    const state = this.#stateOf(pid); // throws `gone` if that is why
    if (state.ended) throw new ProcfsError('gone', pid, file);
    const ofThread = state.exiting
      ? this.#threads.file(pid, file, limit, ({ length }) => length > 0)
      : undefined;
    if (ofThread !== undefined) yield ofThread.bytes;
    else if (failure !== undefined) throw failure;
  }

  /** `cmdline` or `environ`: what the process keeps in its own memory. */
  memory(pid: number, file: string, limit: number): Bytes {
    try {
      const read = this.#read(pid, file, limit);
      return read.bytes.length > 0 ? read : this.#memoryOfThread(pid, file, limit);
    } catch (error) {
      return this.#withoutMemory(error, pid, file, limit);
    }
  }

  /** The same off the main thread: a process whose memory is locked can hold a read up. */
  async memoryAsync(pid: number, file: string, limit: number): Promise<Bytes> {
    const path = this.path(pid, file);
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
    const state = this.#stateOf(pid);
    if (state.ended) throw new ProcfsError('gone', pid, file);
    const ofThread = state.exiting
      ? this.#threads.file(pid, file, limit, (bytes) => bytes.length > 0)
      : undefined;
    return ofThread ?? { bytes: new Uint8Array(0), truncated: false };
  }

  /** A link of the process, through a living thread if its leader has ended. */
  linkOfAnyThread(pid: number, file: string): { target: string; path: string } | undefined {
    const direct = this.#link(pid, this.path(pid, file), file);
    if (direct !== undefined) return direct;
    const state = this.#stateOf(pid); // throws `gone` if that is why
    if (state.ended) throw new ProcfsError('gone', pid, file);
    return state.exiting ? this.#threads.link(pid, file) : undefined;
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
}
