// Reads the ring buffer into batches of events and accounts for losses. Plain synchronous code;
// lifecycle-source.ts frames it as an Effect stream.
//
// Loss: each CPU numbers its records, lost ones included. A gap says that something is missing;
// the drop counters in the kernel say exactly how many, so that
//   events delivered + sum of lost counts = events made.

import { decodeRecord, type LifecycleHook, type LifecycleRecord } from '@waggle/bpf';
import type { Procfs } from '@waggle/cache';
import { bootToRealtimeOffset, clockNanoseconds, type Native, type RingBuffer } from '@waggle/ffi';
import type { EventCounts, KernelSettings } from '../kernel/kernel-settings.ts';
import { EventBuilder } from './event-builder.ts';
import { KnownProcesses } from './known-processes.ts';
import type { ProcessEvent } from './process-event.ts';

/** Bounds the memory of one batch. */
const BATCH_RECORDS = 4096;
const CLOCK_REFRESH_NS = 1_000_000_000n;
const RESYNC_INTERVAL_MS = 1000;

export interface EventTotals {
  readonly events: number;
  readonly lost: number;
  readonly suppressed: number;
}

export class EventReader {
  readonly known: KnownProcesses;
  private readonly builder: EventBuilder;
  private readonly nextSequence: number[] = [];
  /** On CLOCK_BOOTTIME. */
  private clockReadAt = 0n;
  private lastResync = Number.NEGATIVE_INFINITY;
  private reportedLost = 0;
  private delivered = 0;

  constructor(
    private readonly native: Native,
    private readonly ring: RingBuffer,
    private readonly settings: KernelSettings,
    /** Events that are sent; losses of others are not ours to report. */
    private readonly hooks: readonly LifecycleHook[],
    procfs: Procfs,
  ) {
    this.known = new KnownProcesses(procfs);
    this.builder = new EventBuilder(this.known, procfs);
    this.readClock();
  }

  /** What the ring has now, at most one batch. */
  read(): ProcessEvent[] {
    const records: LifecycleRecord[] = [];
    let gapAt = -1;
    this.ring.drain((memory, offset) => {
      const record = decodeRecord(memory, offset);
      if (record === undefined) return;
      if (this.isGap(record) && gapAt < 0) gapAt = records.length;
      records.push(record);
    }, BATCH_RECORDS);
    const last = records.at(-1);
    if (last === undefined) return [];
    if (last.time - this.clockReadAt > CLOCK_REFRESH_NS) this.readClock();
    const events: ProcessEvent[] = [];
    for (const [index, record] of records.entries()) {
      if (index === gapAt) this.reportLoss(events);
      events.push(this.builder.build(record));
    }
    this.delivered += records.length;
    return events;
  }

  /** The rest, after the programs were detached: everything in the ring, and losses at the end. */
  *finish(): Generator<ProcessEvent[]> {
    for (;;) {
      const events = this.read();
      if (events.length === 0) break;
      yield events;
    }
    const tail: ProcessEvent[] = [];
    this.reportLoss(tail);
    if (tail.length > 0) yield tail;
  }

  totals(): EventTotals {
    const counts = this.settings.readCounts();
    return {
      events: this.delivered,
      lost: this.lostOf(counts),
      suppressed: counts.suppressed.fork + counts.suppressed.exec + counts.suppressed.exit,
    };
  }

  private isGap(record: LifecycleRecord): boolean {
    const expected = this.nextSequence[record.cpu] ?? 0;
    this.nextSequence[record.cpu] = record.sequence + 1;
    return record.sequence !== expected;
  }

  private reportLoss(events: ProcessEvent[]): void {
    const lost = this.lostOf(this.settings.readCounts());
    if (lost === this.reportedLost) return;
    const time = clockNanoseconds(this.native, 'realtime');
    events.push({ event: 'lost', time, count: lost - this.reportedLost });
    this.reportedLost = lost;
    this.resync();
  }

  private lostOf(counts: EventCounts): number {
    return this.hooks.reduce((sum, hook) => sum + counts.dropped[hook], 0);
  }

  /** After a loss the table may hold the dead and miss the new; /proc knows. */
  private resync(): void {
    const now = performance.now();
    if (now - this.lastResync < RESYNC_INTERVAL_MS) return;
    this.lastResync = now;
    this.known.seedFromProcfs();
  }

  private readClock(): void {
    this.builder.realtimeOffset = bootToRealtimeOffset(this.native);
    this.clockReadAt = clockNanoseconds(this.native, 'boottime');
  }
}
