/**
 * Reads the sideband of every CPU and hands it out in the order of time. Records of one moment
 * may lie in several rings, so each round delivers only what is older than its own start; by
 * then every CPU has written it.
 *
 * Renames have a ring of their own: a program may rename itself a million times in a second, and then
 * they push out nothing but each other. Forks and exits, of threads too, come with either kind and
 * cannot be left out (perf_event_task_match() of kernel/events/core.c), so mappings can still be lost:
 * then somebody has to look what is mapped, see lost-mappings.ts.
 */

import {
  boottimeOffset,
  CLOCK_BOOTTIME,
  clockNanoseconds,
  type Native,
  PERF_COUNT_SW_DUMMY,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  type PerfEventAttributes,
  PerfRing,
  SIDEBAND_SAMPLE_TYPE,
  SystemError,
} from '@waggle/ffi';
import { decodeSideband, isRename, isSideband, type SidebandRecord } from './perf-records.ts';

/** 256 KiB a CPU: some 2,000 mappings between two rounds. Fewer where so much may not be locked. */
const MAPPING_PAGES = 64;
/** 2,300 execs between two rounds. */
const RENAME_PAGES = 32;
const MIN_PAGES = 8;
/** The longest record, with a path of PATH_MAX: a ring with less room may have lost one. */
const LONGEST_RECORD = 4096 + 128;
/** From here on it is read as often as can be. */
const BUSY_SHARE = 1 / 8;

/** What one CPU writes. */
interface CpuRings {
  readonly events: PerfEvent[];
  readonly renames: PerfRing;
  readonly mappings: PerfRing;
}

export class Sideband implements Disposable {
  readonly #rings = new Map<number, CpuRings>();
  #waiting: SidebandRecord[] = [];
  /** Times in records are the kernel's own; all others here are those of our time namespace. */
  readonly #timeOffset = boottimeOffset();
  #readAt: bigint;
  #lostSince: bigint | undefined;
  #busy = false;
  #isPaused = false;
  #pausedAt: bigint;
  /** Records that the kernel could not deliver: mappings, forks and exits. */
  lost = 0;

  readonly #native: Native;

  /** @throws SystemError EACCES, EPERM without CAP_PERFMON; EMFILE. */
  constructor(native: Native, cpus: Iterable<number>) {
    this.#native = native;
    this.#readAt = this.#pausedAt = this.#now();
    try {
      for (const cpu of cpus) whereOnline(() => this.add(cpu));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether so much is written that it should be read again at once. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /**
   * Records up to now, oldest first. `all`: also those of this very moment, at the end.
   * @throws ClosedError after close(); TypeError while it is drained already.
   */
  read(all = false): SidebandRecord[] {
    const now = this.#now();
    this.#busy = false;
    for (const rings of this.#rings.values()) this.#drain(rings);
    this.#waiting.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    this.#readAt = now;
    const ready = all ? -1 : this.#waiting.findIndex((record) => record.time >= now);
    return this.#waiting.splice(0, ready < 0 ? this.#waiting.length : ready);
  }

  /** Since when mappings may have been lost (CLOCK_BOOTTIME), if any were since the last call. */
  takeLoss(): bigint | undefined {
    const lostSince = this.#lostSince;
    this.#lostSince = undefined;
    return lostSince;
  }

  /**
   * Reads this CPU too from now on.
   * @throws SystemError ENODEV: it is offline.
   */
  add(cpu: number): void {
    const events: PerfEvent[] = [];
    const rings: PerfRing[] = [];
    try {
      const open = (flags: PerfEventAttributes['flags'], pages: number) => {
        const event = this.#open(cpu, flags);
        events.push(event);
        const ring = this.#ringOf(event, pages);
        rings.push(ring);
        return ring;
      };
      const mappings = open(['mmap', 'mmap2'], MAPPING_PAGES);
      const renames = open(['comm', 'comm_exec'], RENAME_PAGES);
      if (!this.#isPaused) for (const event of events) event.enable();
      this.#rings.set(cpu, { events, mappings, renames });
    } catch (error) {
      for (const handle of [...rings, ...events]) handle.close();
      throw error;
    }
  }

  /**
   * Takes what is left of a CPU that went offline.
   * @throws ClosedError after close(); TypeError while it is drained already.
   */
  remove(cpu: number): void {
    const rings = this.#rings.get(cpu);
    if (rings === undefined) return;
    this.#drain(rings);
    this.#rings.delete(cpu);
    closeRings(rings);
  }

  /** Mappings of a CPU were not read for some time: as if its ring had overflowed. */
  missedSome(): void {
    this.#lostSince ??= this.#readAt;
  }

  /** Nothing is told until this is taken back; then it is as if it had been lost. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const { events } of this.#rings.values())
      for (const event of events) {
        if (isPaused) event.disable();
        else event.enable();
      }
    if (isPaused) this.#pausedAt = this.#now();
    else this.#lostSince ??= this.#pausedAt;
  }

  close(): void {
    for (const rings of this.#rings.values()) closeRings(rings);
    this.#rings.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** An exec is before what it maps, and has to stay so where both are of one moment. */
  #drain({ renames, mappings }: CpuRings): void {
    renames.drain((view) => {
      const record = decodeSideband(view, this.#timeOffset);
      // What is mapped next takes the old program's place, also where this was not to be learnt.
      if (record?.type === 'exec') this.#waiting.push(record);
    }, isRename);
    const { pending, capacity } = mappings;
    if (pending > capacity * BUSY_SHARE) this.#busy = true;
    // The kernel tells of a loss with the next record, which may never come.
    if (pending > capacity - LONGEST_RECORD) this.missedSome();
    mappings.drain((view) => {
      const record = decodeSideband(view, this.#timeOffset);
      if (record?.type === 'lost') {
        this.lost += record.count;
        this.missedSome();
      } else if (record !== undefined) this.#waiting.push(record);
    }, isSideband);
  }

  #open(cpu: number, flags: PerfEventAttributes['flags']): PerfEvent {
    return PerfEvent.open(
      this.#native,
      {
        type: PERF_TYPE_SOFTWARE,
        config: PERF_COUNT_SW_DUMMY,
        sampleType: SIDEBAND_SAMPLE_TYPE,
        clockId: CLOCK_BOOTTIME,
        flags: ['disabled', 'sample_id_all', ...flags],
      },
      { pid: -1, cpu },
    );
  }

  /** @throws SystemError EPERM where not even the smallest may be locked. */
  #ringOf(event: PerfEvent, most: number): PerfRing {
    for (let pages = most; ; pages /= 2) {
      try {
        return new PerfRing(this.#native, event, pages);
      } catch (error) {
        const tooLarge = error instanceof SystemError && error.code === 'EPERM';
        if (!tooLarge || pages <= MIN_PAGES) throw error;
      }
    }
  }

  #now(): bigint {
    return clockNanoseconds(this.#native, 'boottime');
  }
}

/** A CPU may have gone offline since the list was read. */
export function whereOnline(open: () => void): void {
  try {
    open();
  } catch (error) {
    if (!(error instanceof SystemError && error.code === 'ENODEV')) throw error;
  }
}

function closeRings({ events, renames, mappings }: CpuRings): void {
  for (const handle of [mappings, renames, ...events]) handle.close();
}
