// The knobs of the loaded programs: run-time switch, filters, counters. Encodes and decodes
// the map values by the generated layouts.

import {
  eventCounters,
  filterFlags,
  filterSettings,
  type KernelHook,
  kinFlags,
  MAPS,
  recordType,
  signalBounds,
  trackedProcess,
  trackedState,
} from '@waggle/bpf';
import type { BpfMap, BpfObject } from '@waggle/ffi';

const ONLY_KEY = new Uint8Array(4);

const RECORD_OF_HOOK: Readonly<Record<KernelHook, number>> = {
  fork: recordType.RECORD_FORK,
  exec: recordType.RECORD_EXEC,
  exit: recordType.RECORD_EXIT,
  'failed-exec': recordType.RECORD_EXEC_FAILED,
};

export type TrackedState = 'active' | 'launcher';

export interface KernelFilter {
  /** Events that are sent at all. */
  readonly events: readonly KernelHook[];
  /** Only processes of the tracked set and their descendants. */
  readonly processes: boolean;
  /** Only processes in followed cgroups and below. */
  readonly cgroups: boolean;
  /** Exec records with paths, ids and marks. */
  readonly execDetail?: boolean;
  /** Exec records with the environment, as far as it fits behind the arguments. */
  readonly environ?: boolean;
  readonly rateLimit?: RateLimit;
}

/** A token bucket for forks and one for execs; what ends is reported if its beginning was. */
export interface RateLimit {
  /** Of each kind, over all CPUs. */
  readonly perSecond: number;
  /** How many may come at once. Default: those of one second. */
  readonly burst?: number;
}

/** Sums over all CPUs since the object was loaded. */
export interface EventCounts {
  /** Records that were made, lost ones included. */
  readonly made: number;
  /** Records that found the ring full, by event. */
  readonly dropped: Readonly<Record<KernelHook, number>>;
  /** Events that the filter kept back, by event. */
  readonly suppressed: Readonly<Record<KernelHook, number>>;
  /** Events that the rate limit kept back, by event. */
  readonly limited: Readonly<Record<KernelHook, number>>;
  /** Events of processes that our PID namespace does not have. */
  readonly foreign: number;
  /** Children that could not be followed because the tracked set was full. */
  readonly trackingOverflow: number;
}

export class KernelSettings {
  private readonly counters: BpfMap;

  constructor(private readonly object: BpfObject) {
    this.counters = object.map(MAPS.eventCounters);
  }

  /** false: only exits of tracked processes are sent. May change while running. */
  setLifecycleTracking(on: boolean): void {
    this.object.map(MAPS.lifecycleTracking).set(ONLY_KEY, u32(on ? 1 : 0));
  }

  setFilter(filter: KernelFilter): void {
    const value = new Uint8Array(filterSettings.size);
    const view = new DataView(value.buffer);
    const mask = filter.events.reduce((bits, hook) => bits | (1 << RECORD_OF_HOOK[hook]), 0);
    const flags =
      (filter.processes ? filterFlags.FILTER_PROCESSES : 0) |
      (filter.cgroups ? filterFlags.FILTER_CGROUPS : 0) |
      (filter.execDetail ? filterFlags.EXEC_DETAIL : 0) |
      (filter.environ ? filterFlags.EXEC_ENVIRON : 0);
    view.setUint32(filterSettings.offset.event_mask, mask, true);
    view.setUint32(filterSettings.offset.flags, flags, true);
    const { interval, burst } = bucketOf(filter.rateLimit);
    view.setBigUint64(filterSettings.offset.limit_interval_ns, interval, true);
    view.setBigUint64(filterSettings.offset.limit_burst_ns, burst, true);
    this.object.map(MAPS.filterSettings).set(ONLY_KEY, value);
  }

  /**
   * Adds a process, and from now on its children, to the tracked set. A launcher itself is not
   * reported; its children are, from their first execve on.
   */
  track(pid: number, state: TrackedState): void {
    const value = new Uint8Array(trackedProcess.size);
    const code = state === 'active' ? trackedState.TRACKED_ACTIVE : trackedState.TRACKED_LAUNCHER;
    new DataView(value.buffer).setUint32(trackedProcess.offset.state, code, true);
    this.object.map(MAPS.trackedProcesses).set(u32(pid), value);
  }

  untrack(pid: number): void {
    this.object.map(MAPS.trackedProcesses).delete(u32(pid));
  }

  /** From now on the kernel notes who is born of whom, and the links that ends would cut. */
  noteKin(on: boolean): void {
    this.object.map(MAPS.kinNoted).set(ONLY_KEY, u32(on ? 1 : 0));
  }

  /**
   * Takes out what it has noted, into `parents` by child. The first link that is noted is the nearest to
   * birth; a birth itself begins anew, for the pid may have been another's.
   */
  takeKin(parents: Map<number, number>): void {
    for (const { count, keys, values } of this.object.map(MAPS.kin).drain(1024)) {
      const children = new DataView(keys.buffer, keys.byteOffset);
      const links = new DataView(values.buffer, values.byteOffset);
      for (let at = 0; at < 4 * count; at += 4) {
        const child = children.getUint32(at, true);
        const link = links.getUint32(at, true);
        if (link & kinFlags.KIN_BORN || !parents.has(child))
          parents.set(child, link & ~kinFlags.KIN_BORN);
      }
    }
  }

  /** Whether the tracked set has this process; the kernel removes it when it ends. */
  tracks(pid: number): boolean {
    return this.object.map(MAPS.trackedProcesses).get(u32(pid)) !== undefined;
  }

  /** Who is in the tracked set now, launchers left out. In no order. */
  trackedProcesses(): number[] {
    const map = this.object.map(MAPS.trackedProcesses);
    const found = new Set<number>();
    let steps = 0;
    for (const key of map.keys()) {
      if (steps++ > 2 * map.maxEntries) break;
      const value = map.get(key);
      if (value === undefined) continue;
      const state = new DataView(value.buffer).getUint32(trackedProcess.offset.state, true);
      const pid = new DataView(key.buffer).getUint32(0, true);
      if (state !== trackedState.TRACKED_LAUNCHER) found.add(pid);
    }
    return [...found];
  }

  /** False when the tracked set is empty: all that were followed have ended. */
  tracksAny(): boolean {
    return this.object.map(MAPS.trackedProcesses).keys().next().done !== true;
  }

  /**
   * When this signal was last sent to the launcher and to its children (CLOCK_BOOTTIME, ns; 0 for
   * never). undefined where the kernel does not tell.
   */
  signalTimes(signal: number): { readonly launcher: bigint; readonly command: bigint } | undefined {
    if (!this.object.hasMap(MAPS.signalTimes)) return undefined;
    const map = this.object.map(MAPS.signalTimes);
    const at = (index: number) => {
      const value = map.get(u32(index));
      return value === undefined ? 0n : new DataView(value.buffer).getBigUint64(0, true);
    };
    return { launcher: at(signal), command: at(signal + signalBounds.SIGNALS_PER_ROLE) };
  }

  /** Whether the kernel has told the names of a cgroup, by its key, and does not repeat them. */
  hasToldCgroup(key: number): boolean {
    const bytes = new Uint8Array(BigUint64Array.of(BigInt(key)).buffer);
    return this.object.map(MAPS.toldCgroups).get(bytes) !== undefined;
  }

  readCounts(): EventCounts {
    const value = this.counters.get(ONLY_KEY) ?? new Uint8Array();
    const view = new DataView(value.buffer);
    const stride = this.counters.valueStride;
    const sum = (offset: number) => {
      let total = 0;
      for (let cpu = 0; cpu < this.counters.cpus; cpu++)
        total += Number(view.getBigUint64(cpu * stride + offset, true));
      return total;
    };
    const byHook = (base: number) => ({
      fork: sum(base + 8 * RECORD_OF_HOOK.fork),
      exec: sum(base + 8 * RECORD_OF_HOOK.exec),
      exit: sum(base + 8 * RECORD_OF_HOOK.exit),
      'failed-exec': sum(base + 8 * RECORD_OF_HOOK['failed-exec']),
    });
    return {
      made: sum(eventCounters.offset.next_sequence),
      dropped: byHook(eventCounters.offset.dropped),
      suppressed: byHook(eventCounters.offset.suppressed),
      limited: byHook(eventCounters.offset.limited),
      foreign: sum(eventCounters.offset.foreign),
      trackingOverflow: sum(eventCounters.offset.tracking_overflow),
    };
  }
}

function bucketOf(limit: RateLimit | undefined): { interval: bigint; burst: bigint } {
  if (limit === undefined) return { interval: 0n, burst: 0n };
  const { perSecond, burst = Math.max(1, perSecond) } = limit;
  const interval = Math.max(1, Math.round(1e9 / perSecond));
  return { interval: BigInt(interval), burst: BigInt(Math.round((burst - 1) * interval)) };
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
