// Reads the ring buffer into batches of events and accounts for losses. Plain synchronous code.
//
// Loss: each CPU numbers its records, lost ones included. A gap says that something is missing;
// the drop counters in the kernel say exactly how many, so that
//   events delivered + sum of lost counts = events made.

import {
  decodeCgroup,
  decodeFollowed,
  decodeRecord,
  type EventKind,
  type FollowedRecord,
  type KernelRecord,
  type RecordMemory,
  recordHeader,
  recordType,
  u53,
} from '@waggle/bpf';
import { bootToRealtimeOffset, clockNanoseconds, type Native, type RingBuffer } from '@waggle/ffi';
import type { EventCounts, KernelSettings } from '../kernel/kernel-settings.ts';
import { EventBuilder } from './event-builder.ts';
import { KnownCgroups } from './known-cgroups.ts';
import type { ProcessEvent } from './process-event.ts';
import { type SourceRecord, SourceRecords } from './source-records.ts';

/** Bounds the memory of one batch. */
const BATCH_RECORDS = 4096;
const CLOCK_REFRESH_NS = 1_000_000_000n;

const HEADER = recordHeader.offset;

/** What was read at once, in order. */
export interface EventBatch {
  readonly items: readonly (ProcessEvent | SourceRecord)[];
  /** There are records of plugins' sources among the events. */
  readonly isMixed: boolean;
}

export type CountByKind = Readonly<Record<EventKind, number>>;

export interface EventTotals {
  readonly delivered: CountByKind;
  /** Made by the kernel, and the ring buffer was full. */
  readonly lost: CountByKind;
  /** Kept back by a filter, as was asked for. */
  readonly filtered: CountByKind;
  /** Kept back by the rate limit. */
  readonly rateLimited: CountByKind;
  /** Left out because our PID namespace does not have the process; all kinds together. */
  readonly foreign: number;
  /** Children that were not followed because too many processes were: nothing is known of them. */
  readonly untracked: number;
}

const ALL_KINDS: readonly EventKind[] = ['fork', 'exec', 'exit', 'failed-exec'];
const NONE: CountByKind = { fork: 0, exec: 0, exit: 0, 'failed-exec': 0 };

/** The sum over some kinds. */
export function sumOf(counts: CountByKind, kinds: readonly EventKind[]): number {
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
    private readonly ring: Pick<RingBuffer, 'drain'>,
    private readonly settings: Pick<KernelSettings, 'readCounts' | 'hasToldCgroup'>,
    /** Told of each followed cgroup that was removed or made again. */
    private readonly followed: (record: FollowedRecord) => void = () => {},
    /** Of plugins' sources. */
    private readonly sourceRecords = new SourceRecords(),
    /** Numbers of those that share process_events. */
    private readonly sourceTypes: () => readonly number[] = () => [],
  ) {
    this.readClock();
  }

  /** What the rings have now, at most one batch of each. */
  read(): EventBatch {
    const records: (KernelRecord | SourceRecord)[] = [];
    let gapAt = -1;
    let isMixed = false;
    let last = 0n;
    this.ring.drain((memory, offset) => {
      const record = decodeRecord(memory, offset);
      if (record !== undefined) {
        if (this.isGap(record.cpu, record.sequence) && gapAt < 0) gapAt = records.length;
        last = record.time;
        records.push(record);
        return;
      }
      const type = memory.view.getUint16(offset + HEADER.type, true);
      if (type >= recordType.RECORD_TYPES) {
        this.readNotice(memory, offset);
        return;
      }
      const cpu = memory.view.getUint32(offset + HEADER.cpu, true);
      const sequence = u53(memory.view, offset + HEADER.sequence);
      if (this.isGap(cpu, sequence) && gapAt < 0) gapAt = records.length;
      const taken = this.sourceRecords.take(type, memory, offset);
      if (taken === undefined) return;
      records.push(taken);
      isMixed = true;
    }, BATCH_RECORDS);
    if (last - this.clockReadAt > CLOCK_REFRESH_NS) this.readClock();
    const items: (ProcessEvent | SourceRecord)[] = [];
    for (let index = 0; index < records.length; index++) {
      const record = records[index];
      if (record === undefined) continue;
      if (index === gapAt) this.reportLoss(items);
      if ('event' in record) {
        items.push(record);
        continue;
      }
      items.push(this.builder.build(record));
      this.delivered[record.type]++;
    }
    // What was lost may have been the last of them, with nothing behind it that anybody takes.
    if (gapAt === records.length) this.reportLoss(items);
    const own = this.sourceRecords.readRings(BATCH_RECORDS);
    if (own.length > 0) items.push(...own);
    return { items, isMixed: isMixed || own.length > 0 };
  }

  /** What is no event and not numbered. */
  private readNotice(memory: RecordMemory, offset: number): void {
    const cgroup = decodeCgroup(memory, offset);
    if (cgroup !== undefined) this.cgroups.add(cgroup);
    const followed = decodeFollowed(memory, offset);
    if (followed !== undefined) this.followed(followed);
  }

  /** Records that the kernel has made until now, lost ones included. */
  made(): number {
    return this.settings.readCounts().made;
  }

  /** Of those, what was read or is known to be lost. */
  accounted(): number {
    const { dropped, droppedOfType } = this.settings.readCounts();
    const read = sumOf(this.delivered, ALL_KINDS) + this.sourceRecords.delivered;
    const ofSources = this.sourceTypes().reduce((sum, type) => sum + droppedOfType(type), 0);
    return read + sumOf(dropped, ALL_KINDS) + ofSources;
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
    const { dropped, filtered, rateLimited, foreign, trackingOverflow } = counts;
    return {
      delivered: { ...this.delivered },
      lost: dropped,
      filtered,
      rateLimited,
      foreign,
      untracked: trackingOverflow,
    };
  }

  private isGap(cpu: number, sequence: number): boolean {
    const expected = this.nextSequence[cpu] ?? 0;
    this.nextSequence[cpu] = sequence + 1;
    return sequence !== expected;
  }

  private reportLoss(
    events: (ProcessEvent | SourceRecord)[],
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
