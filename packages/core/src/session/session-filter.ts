/**
 * Which processes a session is about, kept in the kernel: a set of processes with their
 * descendants, and cgroups. May be changed while it runs.
 */

import type { Procfs } from '@waggle/cache';
import type {
  EventKind,
  FollowedCgroups,
  KernelSettings,
  PidNamespace,
  RateLimit,
} from '@waggle/kernel';
import { NoSuchProcess } from '../errors/errors.ts';
import { checkRateLimit, checkTarget } from './check-config.ts';
import { descendantsOf, expectProcess, hasEnded, parentsByProcfs } from './descendants.ts';
import { toWaggleError } from './from-native.ts';
import type { SessionTarget } from './session-target.ts';

/** What the kernel is told of the processes that a session is about. */
export type KernelTracking = Pick<
  KernelSettings,
  'noteKin' | 'setFilter' | 'takeKin' | 'track' | 'tracks' | 'untrack' | 'untrackAll'
>;

/** What exec records say, and how many there may be. */
export interface RecordOptions {
  readonly execDetail: boolean;
  readonly environ: boolean;
}

export class SessionFilter {
  #target: SessionTarget = {};
  #rateLimit: RateLimit | undefined;
  readonly #settings: KernelTracking;
  readonly #procfs: Procfs;
  readonly #namespace: PidNamespace;
  readonly #events: readonly EventKind[];
  readonly #records: RecordOptions;

  constructor(
    /** Of the target, by their paths. */
    readonly cgroups: FollowedCgroups,
    settings: KernelTracking,
    procfs: Procfs,
    namespace: PidNamespace,
    events: readonly EventKind[],
    records: RecordOptions,
  ) {
    this.#settings = settings;
    this.#procfs = procfs;
    this.#namespace = namespace;
    this.#events = events;
    this.#records = records;
  }

  /** Another limit from now on, or none. @throws BadOption */
  setRateLimit(rateLimit: RateLimit | undefined): void {
    const { pids, launcher, cgroups = [] } = this.#target;
    checkRateLimit(rateLimit);
    this.#rateLimit = rateLimit;
    this.#apply(pids !== undefined || launcher !== undefined, cgroups.length > 0);
  }

  /**
   * Puts a target in the place of the one before. From one set of processes to another there is a
   * moment, some microseconds, in which neither is followed. @throws NoSuchProcess, BadCgroup, BadOption
   */
  set(target: SessionTarget): void {
    const { pids, launcher, cgroups = [] } = target;
    checkTarget(target);
    const processes = pids !== undefined || launcher !== undefined;
    for (const pid of pids ?? []) expectProcess(this.#procfs, pid);
    this.#setCgroups(cgroups);
    // To everybody: at once, before the set is emptied.
    if (!processes) this.#apply(processes, cgroups.length > 0);
    this.#settings.untrackAll();
    if (launcher !== undefined) this.#settings.track(this.#pidOf(launcher), 'launcher');
    if (pids !== undefined) this.#trackTrees(pids);
    this.#target = target;
    this.#apply(processes, cgroups.length > 0);
  }

  #setCgroups(paths: readonly string[]): void {
    try {
      this.cgroups.set(paths);
    } catch (error) {
      throw toWaggleError(error);
    }
  }

  #apply(processes: boolean, cgroups: boolean): void {
    const rateLimit = this.#rateLimit;
    this.#settings.setFilter({
      events: this.#events,
      processes,
      cgroups,
      ...this.#records,
      rateLimit,
    });
  }

  /**
   * These processes and all that descend from them, whoever is born or orphaned meanwhile. From before
   * the first look on the kernel notes every birth, and at every end the links that go with it; who is
   * there already is in /proc. A round that finds nobody new found all: whoever is born after it began
   * has a parent that was in the set by then, and the fork handler puts the child there, too.
   */
  #trackTrees(pids: readonly number[]): void {
    const settings = this.#settings;
    const procfs = this.#procfs;
    const tracked = new Set<number>();
    const track = (pid: number) => {
      tracked.add(pid);
      settings.track(pid, 'active');
    };
    settings.noteKin(true);
    try {
      for (const pid of pids) track(pid);
      const noted = new Map<number, number>();
      const seen = new Map<number, number>();
      for (let found: ReadonlySet<number> = tracked; found.size > 0; ) {
        for (const [pid, ppid] of parentsByProcfs(procfs)) if (!seen.has(pid)) seen.set(pid, ppid);
        settings.takeKin(noted);
        // What the kernel noted is nearer to birth than what /proc says of orphans.
        found = descendantsOf(tracked, new Map([...seen, ...noted]));
        for (const pid of found) track(pid);
      }
    } finally {
      settings.noteKin(false);
      settings.takeKin(new Map());
    }
    // The kernel takes out who ends, but these had ended before they were put in.
    for (const pid of tracked) if (hasEnded(procfs, pid)) settings.untrack(pid);
    for (const pid of pids)
      if (!settings.tracks(pid))
        throw new NoSuchProcess({ pid, message: `process ${pid} ended before it could be traced` });
  }

  /** As the session's procfs has it; a launcher is ourselves, as a rule, by process.pid. */
  #pidOf(launcher: number): number {
    return launcher === process.pid ? this.#namespace.self : launcher;
  }
}
