/**
 * The knobs of the loaded programs: run-time switch, filters, counters. Encodes and decodes
 * the map values by the generated layouts.
 */

import {
  eventCounters,
  filterFlags,
  kinFlags,
  lifecycle,
  type SkeletonMap,
  signalBounds,
  trackedState,
} from '@waggle/bpf';
import { type CountByKind, countByKind, type EventKind, RECORD_TYPES } from '../event-kind.ts';
import type { LoadedSources } from '../sources/loaded-sources.ts';
import { SourceMap } from '../sources/source-map.ts';

const MAPS = lifecycle.maps;
/** Of a map of one entry. */
const ONLY = 0;
/** Of LIFECYCLE_OF_COMMAND. */
const SIGNAL_HOOK = 'signal';
const ONLY_KEY = new Uint8Array(4);

export type TrackedState = 'active' | 'launcher';

export interface KernelFilter {
  /** Events that are sent at all. */
  readonly events: readonly EventKind[];
  /** Only processes of the tracked set and their descendants. */
  readonly processes: boolean;
  /** Only processes in followed cgroups and below. */
  readonly cgroups: boolean;
  /** Exec records with paths, ids and flags. */
  readonly execDetail?: boolean | undefined;
  /** Exec records with the environment, as far as it fits behind the arguments. */
  readonly environ?: boolean | undefined;
  readonly rateLimit?: RateLimit | undefined;
}

/** A token bucket for forks and one for execs; what ends is reported if its beginning was. */
export interface RateLimit {
  /** Of each kind, over all CPUs. */
  readonly perSecond: number;
  /** How many may come at once. Default: those of one second. */
  readonly burst?: number | undefined;
}

/** Sums over all CPUs since the programs were loaded. */
export interface EventCounts {
  /** Records that were made, lost ones included, other sources' as well. */
  readonly made: number;
  /** Records that found the ring full, by event. */
  readonly dropped: CountByKind;
  /** Events that the filter kept back, by event. */
  readonly filtered: CountByKind;
  /** Events that the rate limit kept back, by event. */
  readonly rateLimited: CountByKind;
  /** Records of other sources that found the ring full, by their type. */
  readonly droppedOfType: (type: number) => number;
  /** Events of processes that our PID namespace does not have. */
  readonly foreign: number;
  /** Children that could not be followed because the tracked set was full. */
  readonly trackingOverflow: number;
}

/** Every method asks or tells the kernel. @throws SystemError where that fails, ClosedError once the sources are closed */
export class KernelSettings {
  readonly #sources: LoadedSources;
  readonly #tracking: SourceMap<typeof MAPS.lifecycle_tracking_map>;
  readonly #filter: SourceMap<typeof MAPS.filter_settings>;
  readonly #tracked: SourceMap<typeof MAPS.tracked_processes>;
  readonly #counters: SourceMap<typeof MAPS.event_counters>;
  readonly #reportedCgroups: SourceMap<typeof MAPS.reported_cgroups>;

  /** @param sources of which one has the lifecycle programs' maps. */
  constructor(sources: LoadedSources) {
    this.#sources = sources;
    this.#tracking = sources.shared(MAPS.lifecycle_tracking_map);
    this.#filter = sources.shared(MAPS.filter_settings);
    this.#tracked = sources.shared(MAPS.tracked_processes);
    this.#counters = sources.shared(MAPS.event_counters);
    this.#reportedCgroups = sources.shared(MAPS.reported_cgroups);
  }

  /** false: only exits of tracked processes are sent. May change while running. */
  setLifecycleTracking(on: boolean): void {
    this.#tracking.set(ONLY, on ? 1 : 0);
  }

  setFilter(filter: KernelFilter): void {
    const { interval, burst } = bucketOf(filter.rateLimit);
    this.#filter.set(ONLY, {
      event_mask: filter.events.reduce((bits, event) => bits | (1 << RECORD_TYPES[event]), 0),
      flags:
        filterFlags.SESSION_BEGUN |
        (filter.processes ? filterFlags.FILTER_PROCESSES : 0) |
        (filter.cgroups ? filterFlags.FILTER_CGROUPS : 0) |
        (filter.execDetail ? filterFlags.EXEC_DETAIL : 0) |
        (filter.environ ? filterFlags.EXEC_ENVIRON : 0),
      limit_interval_ns: interval,
      limit_burst_ns: burst,
    });
  }

  /**
   * Adds a process, and from now on its children, to the tracked set. A launcher itself is not
   * reported; its children are, from their first execve on.
   */
  track(pid: number, state: TrackedState): void {
    const code = state === 'active' ? trackedState.TRACKED_ACTIVE : trackedState.TRACKED_LAUNCHER;
    this.#tracked.set(pid, { state: code, reserved: 0 });
  }

  untrack(pid: number): void {
    this.#tracked.delete(pid);
  }

  untrackAll(): void {
    for (const _entry of this.#tracked.drain());
  }

  /** From now on the kernel notes who is born of whom, and the links that ends would cut. */
  noteKin(on: boolean): void {
    this.#own(MAPS.kin_noted)?.set(ONLY, on ? 1 : 0);
  }

  /**
   * Takes out what it has noted, into `parents` by child. The first link that is noted is the nearest to
   * birth; a birth itself begins anew, for the pid may have been another's.
   */
  takeKin(parents: Map<number, number>): void {
    for (const [child, link] of this.#own(MAPS.kin)?.drain(1024) ?? [])
      if (link & kinFlags.KIN_BORN || !parents.has(child))
        parents.set(child, link & ~kinFlags.KIN_BORN);
  }

  /** Whether the tracked set has this process; the kernel removes it when it ends. */
  tracks(pid: number): boolean {
    return this.#tracked.get(pid) !== undefined;
  }

  /** Who is in the tracked set now, launchers left out. In no order. */
  trackedProcesses(): number[] {
    const found = new Set<number>();
    for (const pid of this.#tracked.keys()) {
      const state = this.#tracked.get(pid)?.state;
      if (state !== undefined && state !== trackedState.TRACKED_LAUNCHER) found.add(pid);
    }
    return [...found];
  }

  /** False when the tracked set is empty: all that were followed have ended. */
  tracksAny(): boolean {
    return this.#tracked.keys().next().done !== true;
  }

  /**
   * When this signal was last sent to the launcher and to its children (CLOCK_BOOTTIME, ns; 0 for
   * never). undefined where the kernel does not tell.
   */
  signalTimes(signal: number): { readonly launcher: bigint; readonly command: bigint } | undefined {
    const times = this.#own(MAPS.signal_times);
    const outcome = this.#sources.report[SIGNAL_HOOK];
    if (times === undefined || outcome?.state !== 'attached') return undefined;
    return {
      launcher: times.get(signal) ?? 0n,
      command: times.get(signal + signalBounds.SIGNALS_PER_ROLE) ?? 0n,
    };
  }

  /** Whether the kernel has told the names of a cgroup, by its key, and does not repeat them. */
  hasToldCgroup(key: number): boolean {
    return this.#reportedCgroups.get(BigInt(key)) !== undefined;
  }

  readCounts(): EventCounts {
    const counters = this.#counters.raw;
    const view = new DataView((counters.get(ONLY_KEY) ?? new Uint8Array()).buffer);
    const sum = (offset: number) => {
      let total = 0;
      for (let cpu = 0; cpu < counters.cpus; cpu++)
        total += Number(view.getBigUint64(cpu * counters.valueStride + offset, true));
      return total;
    };
    const byEvent = (base: number) => countByKind((kind) => sum(base + 8 * RECORD_TYPES[kind]));
    const { offset } = eventCounters;
    return {
      made: sum(offset.next_sequence),
      dropped: byEvent(offset.dropped),
      filtered: byEvent(offset.filtered),
      rateLimited: byEvent(offset.rate_limited),
      droppedOfType: (type) => sum(offset.dropped + 8 * type),
      foreign: sum(offset.foreign),
      trackingOverflow: sum(offset.tracking_overflow),
    };
  }

  /** A map of the lifecycle programs alone: an older object may lack it. */
  #own<M extends SkeletonMap>(description: M): SourceMap<M> | undefined {
    const object = this.#sources.get(lifecycle)?.object;
    return object?.hasMap(description.name)
      ? new SourceMap(description, object.map(description.name))
      : undefined;
  }
}

function bucketOf(limit: RateLimit | undefined): { interval: bigint; burst: bigint } {
  if (limit === undefined) return { interval: 0n, burst: 0n };
  const { perSecond, burst = Math.max(1, perSecond) } = limit;
  const interval = Math.max(1, Math.round(1e9 / perSecond));
  return { interval: BigInt(interval), burst: BigInt(Math.round((burst - 1) * interval)) };
}
