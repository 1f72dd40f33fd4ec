/**
 * What a process tells of the files that name its generated code, as long as it is there: its user, what
 * it sees as /tmp, when it was started, and how its address space was laid out.
 */

import { boottimeFromTicks, type Procfs, ProcfsError, type ProcStat } from '@waggle/cache';
import { type MapOwner, PerfMapFolder } from '@waggle/symbols';

/** One for each mount namespace. */
const MAX_OPEN_FOLDERS = 128;

export class JitProcesses implements Disposable {
  readonly #folders = new Map<string, PerfMapFolder>();

  readonly #procfs: Procfs;

  constructor(procfs: Procfs) {
    this.#procfs = procfs;
  }

  /**
   * Whose a perf map of the process has to be; undefined when it is gone.
   * @param since when it ran, CLOCK_BOOTTIME in ns: who began later has its number now. 0 where nobody knows
   */
  owner(pid: number, since: bigint): MapOwner | undefined {
    const stat = since > 0n ? this.stat(pid) : undefined;
    if (stat !== undefined && this.startOf(stat) > since) return undefined;
    const status = whereItRuns(() => this.#procfs.status(pid));
    return status && { innerPid: status.nspid.at(-1) ?? pid, uid: status.uid.effective };
  }

  /**
   * The owner that an ended process's perf map must have: the user of a process that was forked from it. Undefined in a
   * PID namespace of their own too, where nothing says which number the first one had.
   */
  ownerThrough(descendant: number, pid: number): MapOwner | undefined {
    const status = whereItRuns(() => this.#procfs.status(descendant));
    if (status === undefined || status.nspid.length > 1) return undefined;
    return { innerPid: pid, uid: status.uid.effective };
  }

  /** /tmp as the process sees it; undefined when it is gone, or too many are open. */
  folder(pid: number): PerfMapFolder | undefined {
    const folder = PerfMapFolder.ofProcess(pid);
    if (folder === undefined) return undefined;
    const known = this.#folders.get(folder.key);
    if (known !== undefined || this.#folders.size >= MAX_OPEN_FOLDERS) {
      folder.close();
      return known;
    }
    this.#folders.set(folder.key, folder);
    return folder;
  }

  /** Closes all other folders. */
  keepFolders(used: ReadonlySet<PerfMapFolder | undefined>): void {
    for (const [key, folder] of this.#folders) {
      if (used.has(folder)) continue;
      this.#folders.delete(key);
      folder.close();
    }
  }

  stat(pid: number): ProcStat | undefined {
    return whereItRuns(() => this.#procfs.stat(pid));
  }

  /** CLOCK_BOOTTIME in ns, to the clock tick. */
  startOf({ startTimeTicks }: ProcStat): bigint {
    return boottimeFromTicks(startTimeTicks, this.#procfs.clockTicksPerSecond);
  }

  /**
   * The process that this one was forked from, if neither has executed another program since. Each exec draws
   * the addresses of code and stack anew; the file says it where they are not random.
   */
  parentOf(child: ProcStat): ProcStat | undefined {
    const parent = child.ppid > 1 ? this.stat(child.ppid) : undefined;
    if (parent === undefined || child.startStack === 0) return undefined;
    if (child.startStack !== parent.startStack || child.startCode !== parent.startCode)
      return undefined;
    return this.#exe(child.pid) === this.#exe(parent.pid) ? parent : undefined;
  }

  [Symbol.dispose](): void {
    this.keepFolders(new Set());
  }

  #exe(pid: number): string | undefined {
    return whereItRuns(() => this.#procfs.exe(pid))?.path;
  }
}

function whereItRuns<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}
