/**
 * Reads the ring buffer into batches of events and accounts for losses. Plain synchronous code.
 *
 * Loss: each CPU numbers its records, lost ones included. A gap says that something is missing;
 * the drop counters in the kernel say exactly how many, so that
 *   events delivered + sum of lost counts = events made.
 */

import {
  decodeCgroup,
  decodeFollowed,
  type FollowedRecord,
  failedExecRecord,
  RecordHeaderReader,
  type RecordMemory,
  recordType,
} from '@waggle/bpf';
import { bootToRealtimeOffset, clockNanoseconds, type Native, type RingBuffer } from '@waggle/ffi';
import {
  type CountByKind,
  countByKind,
  EVENT_OF_TYPE,
  type EventCounts,
  type KernelSettings,
  noEvents,
  sumOf,
} from '@waggle/kernel';
import { FailedExecNumbers } from '../fields/event-ids.ts';
import { KnownCgroups } from '../fields/known-cgroups.ts';
import { EventContext } from '../kinds/event-base.ts';
import type { ProcessEvent } from '../kinds/process-event.ts';
import { type EventBatch, EventBatches } from './event-batch.ts';
import { ReadProgress } from './read-progress.ts';
import { SourceRecords } from './source-records.ts';

/** Where BPF has its cursor, which nobody needs any more, the batch's copy has the number of the failure. */
const NUMBER_AT = failedExecRecord.offset.cursor;
/** Bounds the memory of one batch. */
const BATCH_RECORDS = 4096;
const CLOCK_REFRESH_MS = 1000;

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

export class EventReader {
  readonly #cgroups = new KnownCgroups((key) => this.#settings.hasToldCgroup(key));
  #context = new EventContext(this.#cgroups);
  readonly #batches = new EventBatches();
  readonly #header = new RecordHeaderReader();
  readonly #nextSequence: number[] = [];
  /** By performance.now(). */
  #clockReadAt = 0;
  readonly #progress: ReadProgress;
  /** From the first record on: whoever starts later is seen as a whole. */
  #failedExecs: FailedExecNumbers | undefined;
  #reported: CountByKind = noEvents();
  readonly #delivered = noEvents();
  /** The kernel's counts at the end. */
  #last: EventCounts | undefined;

  readonly #native: Native;
  readonly #ring: Pick<RingBuffer, 'drain'>;
  readonly #settings: Pick<KernelSettings, 'readCounts' | 'hasToldCgroup'>;
  readonly #followed: (record: FollowedRecord) => void;
  readonly #sourceRecords: SourceRecords;
  readonly #sourceTypes: () => readonly number[];

  constructor(
    native: Native,
    ring: Pick<RingBuffer, 'drain' | 'produced' | 'consumed'>,
    settings: Pick<KernelSettings, 'readCounts' | 'hasToldCgroup'>,
    /** Told of each followed cgroup that was removed or made again. */
    followed: (record: FollowedRecord) => void = () => {},
    /** Of plugins' sources. */
    sourceRecords = new SourceRecords(),
    /** Numbers of those that share process_events. */
    sourceTypes: () => readonly number[] = () => [],
  ) {
    this.#native = native;
    this.#ring = ring;
    this.#progress = new ReadProgress(ring);
    this.#settings = settings;
    this.#followed = followed;
    this.#sourceRecords = sourceRecords;
    this.#sourceTypes = sourceTypes;
    this.#readClock();
  }

  /** What the rings have now, at most one batch of each. */
  read(): EventBatch {
    if (performance.now() - this.#clockReadAt > CLOCK_REFRESH_MS) this.#readClock();
    const header = this.#header;
    const delivered = this.#delivered;
    const cgroups = this.#cgroups;
    const batch = this.#batches.next(this.#context);
    const beganAt = clockNanoseconds(this.#native, 'boottime');
    const add = batch.addMade.bind(batch);
    let gapAt = -1;
    this.#ring.drain((memory, offset, length) => {
      const { type } = header.at(memory, offset);
      if (type >= recordType.RECORD_TYPES) {
        this.#readNotice(memory, offset);
        return;
      }
      if (this.#isGap(header.cpu, header.sequence) && gapAt < 0) gapAt = batch.length;
      this.#failedExecs ??= new FailedExecNumbers(header.timeNs);
      const kind = EVENT_OF_TYPE[type];
      if (kind !== undefined) {
        delivered[kind]++;
        const place = batch.add(type, memory, offset, length, cgroups.find(header.cgroupKey));
        if (type === recordType.RECORD_FAILED_EXEC) this.#number(batch, place);
        return;
      }
      this.#sourceRecords.take(type, memory, offset, this.#context, add);
    }, BATCH_RECORDS);
    batch.readUntil = this.#progress.after(beganAt);
    // Counted after the ring was read: what was lost meanwhile is told with it.
    if (gapAt >= 0) for (const lost of this.#newLosses()) batch.insertMade(gapAt, lost);
    this.#sourceRecords.readRings(BATCH_RECORDS, this.#context, add);
    return batch;
  }

  #number({ memory }: EventBatch, place: number): void {
    const { tgid, startBoottime, execId, timeNs } = this.#header;
    const number = this.#failedExecs?.next(tgid, startBoottime, execId, timeNs) ?? 0;
    memory.view.setUint32(place + NUMBER_AT, number, true);
  }

  /** What is no event and not numbered. */
  #readNotice(memory: RecordMemory, offset: number): void {
    const cgroup = decodeCgroup(memory, offset);
    if (cgroup !== undefined) this.#cgroups.add(cgroup);
    const followed = decodeFollowed(memory, offset);
    if (followed !== undefined) this.#followed(followed);
  }

  /** Records that the kernel has made until now, lost ones included. */
  made(): number {
    return this.#settings.readCounts().made;
  }

  /** Of those, what was read or is known to be lost. */
  accounted(): number {
    const { dropped, droppedOfType } = this.#settings.readCounts();
    const read = sumOf(this.#delivered) + this.#sourceRecords.delivered;
    const ofSources = this.#sourceTypes().reduce((sum, type) => sum + droppedOfType(type), 0);
    return read + sumOf(dropped) + ofSources;
  }

  /**
   * Losses since the last report, which no later record announces. Totals stay as they are now: what
   * programs that are still attached go on counting is nobody's any more.
   */
  lastLosses(): ProcessEvent[] {
    this.#last = this.#settings.readCounts();
    return this.#newLosses(this.#last);
  }

  totals(): EventTotals {
    const counts = this.#last ?? this.#settings.readCounts();
    const { dropped, filtered, rateLimited, foreign, trackingOverflow } = counts;
    return {
      delivered: { ...this.#delivered },
      lost: dropped,
      filtered,
      rateLimited,
      foreign,
      untracked: trackingOverflow,
    };
  }

  #isGap(cpu: number, sequence: number): boolean {
    const expected = this.#nextSequence[cpu] ?? 0;
    this.#nextSequence[cpu] = sequence + 1;
    return sequence !== expected;
  }

  /** One event, or none where nothing was lost since the last. */
  #newLosses({ dropped }: EventCounts = this.#settings.readCounts()): ProcessEvent[] {
    const reported = this.#reported;
    this.#reported = dropped;
    const lost = countByKind((kind) => dropped[kind] - reported[kind]);
    const count = sumOf(lost);
    if (count === 0) return [];
    return [{ event: 'lost', time: clockNanoseconds(this.#native, 'realtime'), count, lost }];
  }

  #readClock(): void {
    this.#context = this.#context.withOffset(bootToRealtimeOffset(this.#native));
    this.#clockReadAt = performance.now();
  }
}
