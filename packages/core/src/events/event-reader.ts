// Reads the ring buffer into batches of events and accounts for losses. Plain synchronous code.
//
// Loss: each CPU numbers its records, lost ones included. A gap says that something is missing;
// the drop counters in the kernel say exactly how many, so that
//   events delivered + sum of lost counts = events made.

import {
  decodeCgroup,
  decodeFollowed,
  decodeRecord,
  type FollowedRecord,
  type KernelHook,
  type KernelRecord,
} from '@waggle/bpf';
import { bootToRealtimeOffset, clockNanoseconds, type Native, type RingBuffer } from '@waggle/ffi';
import type { EventCounts, KernelSettings } from '../kernel/kernel-settings.ts';
import { EventBuilder } from './event-builder.ts';
import { KnownCgroups } from './known-cgroups.ts';
import type { ProcessEvent } from './process-event.ts';

/** Bounds the memory of one batch. */
const BATCH_RECORDS = 4096;
const CLOCK_REFRESH_NS = 1_000_000_000n;

export type CountByKind = Readonly<Record<KernelHook, number>>;

export interface EventTotals {
  readonly delivered: CountByKind;
  /** Made by the kernel, and the ring buffer was full. */
  readonly lost: CountByKind;
  /** Kept back by a filter, as was asked for. */
  readonly suppressed: CountByKind;
  /** Kept back by the rate limit. */
  readonly limited: CountByKind;
  /** Left out because our PID namespace does not have the process; all kinds together. */
  readonly foreign: number;
  /** Children that were not followed because too many processes were: nothing is known of them. */
  readonly untracked: number;
}

const ALL_KINDS: readonly KernelHook[] = ['fork', 'exec', 'exit', 'failed-exec'];
const NONE: CountByKind = { fork: 0, exec: 0, exit: 0, 'failed-exec': 0 };

/** The sum over some kinds. */
export function sumOf(counts: CountByKind, kinds: readonly KernelHook[]): number {
  return kinds.reduce((sum, kind) => sum + counts[kind], 0);
}

export class EventReader {
  private readonly cgroups = new KnownCgroups((key) => this.settings.hasToldCgroup(key));
  private readonly builder = new EventBuilder(this.cgroups);
  private readonly nextSequence: number[] = [];
  /** On CLOCK_BOOTTIME. */
  private clockReadAt = 0n;
  private reported: CountByKind = NONE;
  private readonly delivered = { ...NONE };
  /** The kernel's counts at the end. */
  private last: EventCounts | undefined;

  constructor(
    private readonly native: Native,
    private readonly ring: RingBuffer,
    private readonly settings: KernelSettings,
    /** Told of each followed cgroup that was removed or made again. */
    private readonly followed: (record: FollowedRecord) => void = () => {},
  ) {
    this.readClock();
  }

  /** What the ring has now, at most one batch. */
  read(): ProcessEvent[] {
    const records: KernelRecord[] = [];
    let gapAt = -1;
    this.ring.drain((memory, offset) => {
      const record = decodeRecord(memory, offset);
      if (record === undefined) {
        const cgroup = decodeCgroup(memory, offset);
        if (cgroup !== undefined) this.cgroups.add(cgroup);
        const followed = decodeFollowed(memory, offset);
        if (followed !== undefined) this.followed(followed);
        return;
      }
      if (this.isGap(record) && gapAt < 0) gapAt = records.length;
      records.push(record);
    }, BATCH_RECORDS);
    const last = records.at(-1);
    if (last === undefined) return [];
    if (last.time - this.clockReadAt > CLOCK_REFRESH_NS) this.readClock();
    const events: ProcessEvent[] = [];
    for (let index = 0; index < records.length; index++) {
      const record = records[index];
      if (record === undefined) continue;
      if (index === gapAt) this.reportLoss(events);
      events.push(this.builder.build(record));
      this.delivered[record.type]++;
    }
    return events;
  }

  /** Records that the kernel has made until now, lost ones included. */
  made(): number {
    return this.settings.readCounts().made;
  }

  /** Of those, what was read or is known to be lost. */
  accounted(): number {
    const { dropped } = this.settings.readCounts();
    return sumOf(this.delivered, ALL_KINDS) + sumOf(dropped, ALL_KINDS);
  }

  /**
   * Losses since the last report, which no later record announces. Totals stay as they are now: what
   * programs that are still attached go on counting is nobody's any more.
   */
  lastLosses(): ProcessEvent[] {
    const events: ProcessEvent[] = [];
    this.last = this.settings.readCounts();
    this.reportLoss(events, this.last);
    return events;
  }

  totals(): EventTotals {
    const counts = this.last ?? this.settings.readCounts();
    const { dropped, suppressed, limited, foreign, trackingOverflow } = counts;
    return {
      delivered: { ...this.delivered },
      lost: dropped,
      suppressed,
      limited,
      foreign,
      untracked: trackingOverflow,
    };
  }

  private isGap(record: KernelRecord): boolean {
    const expected = this.nextSequence[record.cpu] ?? 0;
    this.nextSequence[record.cpu] = record.sequence + 1;
    return record.sequence !== expected;
  }

  private reportLoss(
    events: ProcessEvent[],
    { dropped }: EventCounts = this.settings.readCounts(),
  ): void {
    const lost = {
      fork: dropped.fork - this.reported.fork,
      exec: dropped.exec - this.reported.exec,
      exit: dropped.exit - this.reported.exit,
      'failed-exec': dropped['failed-exec'] - this.reported['failed-exec'],
    };
    const count = lost.fork + lost.exec + lost.exit + lost['failed-exec'];
    if (count === 0) return;
    events.push({ event: 'lost', time: clockNanoseconds(this.native, 'realtime'), count, lost });
    this.reported = dropped;
  }

  private readClock(): void {
    this.builder.realtimeOffset = bootToRealtimeOffset(this.native);
    this.clockReadAt = clockNanoseconds(this.native, 'boottime');
  }
}
