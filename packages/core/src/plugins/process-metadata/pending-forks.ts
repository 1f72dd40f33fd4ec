// Children that have not called execve yet. Nearly all of them exec or end at once, so they are
// noted, which costs next to nothing, and become entries only if they outlive the cycle, end
// without exec, or are asked for by then. An entry of theirs is their parent's under their name.

import type { ProcessEntry, ProcessIdentity, ProcessMetadataCache } from '@waggle/cache';
import type { ForkEvent } from '../../events/process-event.ts';

export class PendingForks {
  readonly #byChild = new Map<number, ForkEvent>();
  readonly #cache: ProcessMetadataCache;

  constructor(cache: ProcessMetadataCache) {
    this.#cache = cache;
  }

  add(event: ForkEvent): void {
    // A child that forks in its turn may exec before its own child is looked at: what it ran until
    // then has to be known.
    const parent = this.take(event.pid, event.startTime);
    if (parent !== undefined) this.seed(parent);
    this.#byChild.set(event.childPid, event);
  }

  /** The fork that made this very process, if it still waits. */
  find(pid: number, startTime: bigint): ForkEvent | undefined {
    const fork = this.#byChild.get(pid);
    return fork !== undefined && fork.childStartTime === startTime ? fork : undefined;
  }

  /** Takes it out. */
  take(pid: number, startTime: bigint): ForkEvent | undefined {
    const fork = this.find(pid, startTime);
    if (fork !== undefined) this.#byChild.delete(pid);
    return fork;
  }

  /** Makes the entry of a child. */
  seed(fork: ForkEvent): ProcessEntry | undefined {
    const parent = this.#parentOf(fork);
    const program =
      parent === undefined
        ? {}
        : {
            filename: parent.filename ?? parent.exe,
            argv: parent.cmdline,
            argvTruncated: parent.cmdlineTruncated,
            uid: parent.uid,
            gid: parent.gid,
          };
    return this.#cache.seed({
      ...program,
      pid: fork.childPid,
      startBoottimeNs: fork.childStartTime,
      execId: fork.execId,
      comm: fork.comm,
      ppid: fork.pid,
      containerId: fork.childContainerId ?? undefined,
    });
  }

  /** The cycle ends: parents may be forgotten, so everybody gets an entry of their own. */
  seedAll(): void {
    for (const fork of this.#byChild.values()) this.seed(fork);
    this.#byChild.clear();
  }

  /** The image that called fork. */
  #parentOf(fork: ForkEvent): ProcessEntry | undefined {
    return imageOf(this.#cache, fork.identity);
  }
}

/**
 * What an event says ran. A process that was there before us and was only read from /proc has a
 * generation that nobody knows; it has not changed since, or there would be a record.
 */
export function imageOf(
  cache: ProcessMetadataCache,
  identity: ProcessIdentity,
): ProcessEntry | undefined {
  const exact = cache.getByIdentity(identity);
  if (exact !== undefined) return exact;
  const { pid, startBoottimeNs } = identity;
  const latest = cache.getByIdentity({ pid, startBoottimeNs });
  return latest?.execId === undefined ? latest : undefined;
}
