// The plugin that keeps who every process is: a ProcessMetadataCache fed by the kernel's records,
// and events completed from it (names of parents, the program of what ends). What ends
// stays for the rest of the cycle.

import { type ProcessEntry, ProcessMetadataCache, type Procfs, ProcfsError } from '@waggle/cache';
import type {
  EventDraft,
  ExecEvent,
  ExitEvent,
  LostEvent,
  ProcessEvent,
} from '../../events/process-event.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Kernel } from '../../session/kernel-capture.ts';
import { ProcessMetadata } from '../../session/roles.ts';
import { imageOf, PendingForks } from './pending-forks.ts';
import { ProcfsWalk } from './procfs-walk.ts';

/** Key of the cache, for plugins that need it. */
export { ProcessMetadata };

export interface ProcessMetadataOptions {
  /** Most entries at any time. Default 65,536: as many processes as a large host has. */
  readonly capacity?: number | undefined;
}

const DEFAULT_CAPACITY = 65_536;
/** A resynchronisation reads all of /proc, and in a storm with a small ring gaps come in rows. */
const RESYNC_INTERVAL_MS = 1000;

/**
 * Who every process is, from the kernel's records and, for those that ran before, from one walk of /proc.
 *
 * - Needs: the kernel's fork, exec and exit events.
 * - Provides: `ProcessMetadata`, a `ProcessMetadataCache`; and in every event what the kernel cannot know:
 *   `parentComm`, and `filename` and `argv` of what exits. Set in the `load` phase.
 * - Costs: some 10 µs a process (fork, exec and exit), 1 KiB for each that is known, and at the start a
 *   walk of /proc (150 ms at most at once). What ended is known until the cycle is over.
 *
 * ```ts
 * import { createAgent, definePlugin, ProcessMetadata } from '@waggle/core';
 *
 * // createAgent brings the plugin along; openSession({ plugins: [processMetadata(), where] }) does not.
 * const where = definePlugin({
 *   name: 'where',
 *   needs: { processes: ProcessMetadata },
 *   setup: ({ services: { processes } }) => ({
 *     observe: {
 *       exec: ({ identity, filename }) =>
 *         console.log(filename, 'in', processes.getByIdentity(identity)?.cwd),
 *     },
 *   }),
 * });
 * await using agent = await createAgent({ plugins: [where], metadata: { capacity: 10_000 } });
 * await agent.finished;
 * ```
 */
export const processMetadata = (options: ProcessMetadataOptions = {}) =>
  definePlugin({
    name: 'process-metadata',
    provides: ProcessMetadata,
    needs: { kernel: Kernel },
    kernel: { events: ['fork', 'exec', 'exit'] },
    setup({ services: { kernel }, onClose, warn }) {
      const cache = new ProcessMetadataCache({
        capacity: options.capacity ?? DEFAULT_CAPACITY,
        procfs: kernel.procfs,
        logger: { warn },
      });
      const feed = new CacheFeed(cache, kernel.procfs);
      onClose(() => feed.close());
      return {
        service: cache,
        start: () => feed.walk.begin(),
        load: (event) => feed.load(event),
        cycle: (endedBefore) => feed.cycle(endedBefore),
      };
    },
  });

class CacheFeed {
  readonly walk: ProcfsWalk;
  readonly #cache: ProcessMetadataCache;
  readonly #forks: PendingForks;
  /** /proc shows cgroups as records do: not from the root of a cgroup namespace. */
  readonly #showsWholePaths: boolean;
  #lastResync = Number.NEGATIVE_INFINITY;

  constructor(cache: ProcessMetadataCache, procfs: Procfs) {
    this.#cache = cache;
    this.#showsWholePaths = isInitialCgroupNamespace(procfs);
    this.#forks = new PendingForks(cache);
    this.walk = new ProcfsWalk(cache);
  }

  load(event: ProcessEvent): void {
    switch (event.event) {
      case 'fork':
        this.#completeParent(event);
        this.#forks.add(event);
        return;
      case 'failed-exec':
        this.#completeParent(event);
        return;
      case 'exec':
        this.#exec(event);
        return;
      case 'exit':
        this.#exit(event);
        return;
      case 'lost':
        this.#resync();
        return;
    }
  }

  cycle(endedBefore: number): void {
    this.#forks.seedAll();
    this.#cache.evictPendingExits(endedBefore);
  }

  close(): void {
    this.walk.stop();
    this.#cache[Symbol.dispose]();
  }

  #exec(event: EventDraft<ExecEvent>): void {
    this.#completeParent(event);
    this.#forks.take(event.pid, event.startTime);
    const entry = this.#cache.seed({
      pid: event.pid,
      startBoottimeNs: event.startTime,
      execId: event.execId,
      comm: event.comm,
      filename: event.filename,
      argv: event.argv,
      argvTruncated: event.argvTruncated,
      ppid: event.ppid,
      uid: event.uid,
      gid: event.gid,
      nsMnt: event.nsMnt,
      nsPid: event.nsPid,
      layoutFingerprint: event.layoutFingerprint,
      exe: event.detail?.exe,
      cwd: event.detail?.cwd,
      environ: event.environ ?? undefined,
      environTruncated: event.environTruncated,
      cgroup: this.#showsWholePaths ? (event.cgroup ?? undefined) : undefined,
      containerId: event.containerId ?? undefined,
    });
    if (event.cgroup === null) event.containerId = entry?.containerId ?? null;
  }

  #exit(event: EventDraft<ExitEvent>): void {
    // Never called execve since its birth: it ran its parent's program. If its generation has grown
    // since, an exec was lost, and what it ran is not known.
    const born = this.#forks.take(event.pid, event.startTime);
    const entry =
      born?.execId === event.execId ? this.#forks.seed(born) : imageOf(this.#cache, event.identity);
    this.#completeParent(event);
    event.filename = entry?.filename ?? entry?.exe ?? null;
    event.argv = entry?.cmdline ?? null;
    event.argvTruncated = entry?.cmdlineTruncated ?? false;
    if (event.cgroup === null) event.containerId = entry?.containerId ?? null;
    this.#cache.markExited({ pid: event.pid, startBoottimeNs: event.startTime });
  }

  #completeParent(event: EventDraft<Exclude<ProcessEvent, LostEvent>>): ProcessEntry | undefined {
    const born = this.#forks.find(event.ppid, event.parentStartTime);
    const parent =
      born === undefined
        ? this.#cache.getByIdentity({
            pid: event.ppid,
            startBoottimeNs: event.parentStartTime,
          })
        : undefined;
    event.parentComm = born?.comm ?? parent?.comm ?? null;
    return parent;
  }

  #resync(): void {
    const now = performance.now();
    if (now - this.#lastResync < RESYNC_INTERVAL_MS) return;
    this.#lastResync = now;
    this.#cache.resync();
  }
}

/** PROC_CGROUP_INIT_INO of include/linux/proc_ns.h. */
const INITIAL_CGROUP_NAMESPACE = 4026531835;

function isInitialCgroupNamespace(procfs: Procfs): boolean {
  try {
    return procfs.namespace('self', 'cgroup') === INITIAL_CGROUP_NAMESPACE;
  } catch (error) {
    if (error instanceof ProcfsError) return false;
    throw error;
  }
}
