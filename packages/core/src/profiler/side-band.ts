// Reads the side-band of every CPU and hands it out in the order of time. Records of one moment
// may lie in several rings, so each round delivers only what is older than its own start; by
// then every CPU has written it.

import {
  boottimeOffset,
  CLOCK_BOOTTIME,
  clockNanoseconds,
  type Native,
  PERF_COUNT_SW_DUMMY,
  PERF_TYPE_SOFTWARE,
  PerfEvent,
  PerfRing,
  SIDEBAND_SAMPLE_TYPE,
  SystemError,
} from '@waggle/ffi';
import { decodeSideBand, type SideBandRecord } from './perf-records.ts';

/** 256 KiB a CPU: some 2,000 mappings between two rounds. Fewer where so much may not be locked. */
const RING_PAGES = 64;
const MIN_RING_PAGES = 8;

export class SideBand implements Disposable {
  private readonly rings: PerfRing[] = [];
  private readonly events: PerfEvent[] = [];
  private waiting: SideBandRecord[] = [];
  /** Times in records are the kernel's own; all others here are those of our time namespace. */
  private readonly timeOffset = boottimeOffset();
  /** Records that the kernel could not deliver. */
  lost = 0;

  /** @throws SystemError EACCES, EPERM without CAP_PERFMON; EMFILE. */
  constructor(
    private readonly native: Native,
    cpus: readonly number[],
  ) {
    try {
      for (const cpu of cpus) this.open(cpu);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Records up to now, oldest first. `all`: also those of this very moment, at the end. */
  read(all = false): SideBandRecord[] {
    const now = clockNanoseconds(this.native, 'boottime');
    for (const ring of this.rings)
      ring.drain((view) => {
        const record = decodeSideBand(view, this.timeOffset);
        if (record?.type === 'lost') this.lost += record.count;
        else if (record !== undefined) this.waiting.push(record);
      });
    this.waiting.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    const ready = all ? -1 : this.waiting.findIndex((record) => record.time >= now);
    return this.waiting.splice(0, ready < 0 ? this.waiting.length : ready);
  }

  close(): void {
    for (const ring of this.rings.splice(0)) ring.close();
    for (const event of this.events.splice(0)) event.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private open(cpu: number): void {
    const event = PerfEvent.open(
      this.native,
      {
        type: PERF_TYPE_SOFTWARE,
        config: PERF_COUNT_SW_DUMMY,
        sampleType: SIDEBAND_SAMPLE_TYPE,
        clockId: CLOCK_BOOTTIME,
        flags: ['disabled', 'mmap', 'mmap2', 'comm', 'comm_exec', 'task', 'sample_id_all'],
      },
      { pid: -1, cpu },
    );
    this.events.push(event);
    this.rings.push(this.ringOf(event));
    event.enable();
  }

  /** @throws SystemError EPERM where not even the smallest may be locked. */
  private ringOf(event: PerfEvent): PerfRing {
    for (let pages = RING_PAGES; ; pages /= 2) {
      try {
        return new PerfRing(this.native, event, pages);
      } catch (error) {
        const tooLarge = error instanceof SystemError && error.code === 'EPERM';
        if (!tooLarge || pages <= MIN_RING_PAGES) throw error;
      }
    }
  }
}
