/**
 * A process whose leader has ended while its other threads go on. /proc/PID shows the leader, who
 * has given up its memory, files and cgroup; what the process still has is shown by its threads,
 * below /proc/PID/task.
 */
import { errnoOf, procfsErrorFrom } from './error.ts';
import { type Bytes, type ProcfsIo, readWhole, retryInterrupted } from './read-file.ts';
import { parseProbe, STAT_MAX_BYTES } from './stat.ts';

const SMALL_FILE_LIMIT = 256 * 1024;
const decoder = new TextDecoder();

export class LivingThreads {
  readonly #io: ProcfsIo;
  readonly #root: string;

  constructor(io: ProcfsIo, root: string) {
    this.#io = io;
    this.#root = root;
  }

  /** A file of the first thread whose content will do; `undefined` if there is none. */
  file(
    pid: number,
    file: string,
    limit: number,
    fits: (bytes: Uint8Array) => boolean,
  ): Bytes | undefined {
    for (const tid of this.#tids(pid)) {
      try {
        const read = readWhole(this.#io, `${this.#root}/${pid}/task/${tid}/${file}`, limit);
        if (fits(read.bytes)) return read;
      } catch (error) {
        const failure = procfsErrorFrom(error, pid, file);
        if (failure.code !== 'gone') throw failure;
      }
    }
    return undefined;
  }

  /** The same as text, of files that are never long. */
  text(pid: number, file: string, fits: (text: string) => boolean): string | undefined {
    const read = this.file(pid, file, SMALL_FILE_LIMIT, (bytes) => fits(decoder.decode(bytes)));
    return read && decoder.decode(read.bytes);
  }

  /** Where a link of the first thread that has it leads, and its path. */
  link(pid: number, file: string): { target: string; path: string } | undefined {
    for (const tid of this.#tids(pid)) {
      const path = `${this.#root}/${pid}/task/${tid}/${file}`;
      try {
        return { target: retryInterrupted(() => this.#io.readlinkSync(path)), path };
      } catch (error) {
        const errno = errnoOf(error);
        if (errno !== 'ENOENT' && errno !== 'ESRCH') throw procfsErrorFrom(error, pid, file);
      }
    }
    return undefined;
  }

  /** The layout fingerprint that they have in common; 0 if no thread shows it. */
  layoutFingerprint(pid: number): number {
    const evidence = { executable: () => this.#executable(pid), markOfThread: () => 0 };
    let fingerprint = 0;
    this.file(pid, 'stat', STAT_MAX_BYTES, (bytes) => {
      fingerprint = parseProbe(bytes, bytes.length, pid, evidence).layoutFingerprint;
      return fingerprint !== 0;
    });
    return fingerprint;
  }

  #executable(pid: number): number {
    const link = this.link(pid, 'exe');
    return link === undefined ? 0 : this.#io.statSync(link.path).ino;
  }

  #tids(pid: number): string[] {
    try {
      return retryInterrupted(() => this.#io.readdirSync(`${this.#root}/${pid}/task`));
    } catch (error) {
      throw procfsErrorFrom(error, pid, 'task');
    }
  }
}
