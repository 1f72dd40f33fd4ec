/**
 * What was read at once: records as bytes, copied out of the ring, and what is no record among them. An
 * event becomes an object when somebody asks for it, once for all who do; who can do with the bytes (the
 * metadata, an output of JSON) makes none. Why: docs/adr/0011-events-from-bytes.md.
 */

import { Buffer } from 'node:buffer';
import { decodeBytes, decodeStrings, type RecordMemory } from '@waggle/bpf';
import { type CgroupInfo, frozenList } from '@waggle/cache';
import { EVENT_OF_TYPE } from '@waggle/kernel';
import type { EventContext } from '../kinds/event-base.ts';
import { decodeEvent } from '../kinds/event-decoder.ts';
import type { EventDraft, ExitEvent, LostEvent, ProcessEvent } from '../kinds/process-event.ts';
import type { OwnEventItem, SourceRecord } from './source-records.ts';

export type BatchItem = ProcessEvent | SourceRecord | OwnEventItem;

/** What ran, as bytes in the batch's memory: NUL behind each argument. */
export interface ProgramPlace {
  readonly filenameAt: number;
  /** -1: there is no file name. */
  readonly filenameEnd: number;
  readonly argvAt: number;
  /** -1: nothing is known of the arguments. */
  readonly argvEnd: number;
  readonly argvTruncated: boolean;
}

const FIRST_BYTES = 64 * 1024;
const FIRST_ITEMS = 256;
/** A batch that grew larger than this is not used again. */
const KEPT_BYTES = 1024 * 1024;
const KEPT_BATCHES = 3;

export class EventBatch {
  memory: RecordMemory;
  /** The same memory, for who reads 64-bit numbers in halves. */
  words: Uint32Array;
  /** Of the clock at the time of reading. */
  context: EventContext | undefined;
  /** Nothing that was made before that moment (boot clock, ns) is still to be read after this batch. Not every batch says so. */
  readUntil: bigint | undefined;
  #used = 0;
  #length = 0;
  #types = new Uint8Array(FIRST_ITEMS);
  #places = new Uint32Array(FIRST_ITEMS);
  readonly #made: (BatchItem | undefined)[] = [];
  readonly #cgroups: (CgroupInfo | undefined)[] = [];
  readonly #parentComms: (string | null)[] = [];
  readonly #programs: (ProgramPlace | undefined)[] = [];
  #isMixed = false;
  #users = 0;
  readonly #pool: EventBatch[] | undefined;

  /** @param pool where it goes when nobody uses it any more */
  constructor(bytes = FIRST_BYTES, pool?: EventBatch[]) {
    const buffer = new ArrayBuffer(bytes);
    this.memory = { bytes: Buffer.from(buffer), view: new DataView(buffer) };
    this.words = new Uint32Array(buffer);
    this.#pool = pool;
  }

  /** Of events that are objects already. */
  static of(items: readonly BatchItem[], isMixed = false): EventBatch {
    const batch = new EventBatch(0);
    for (const item of items) batch.addMade(item);
    batch.#isMixed = isMixed;
    return batch;
  }

  get length(): number {
    return this.#length;
  }

  /** There are records or events of plugins' sources among the events. */
  get isMixed(): boolean {
    return this.#isMixed;
  }

  /**
   * Copies a record of `length` bytes. Its cgroup is looked up now: later it may be forgotten.
   *
   * @returns where it is in the memory
   */
  add(
    type: number,
    source: RecordMemory,
    offset: number,
    length: number,
    cgroup: CgroupInfo | undefined,
  ): number {
    const place = this.append(source.bytes, offset, offset + length);
    const index = this.#next();
    this.#types[index] = type;
    this.#places[index] = place;
    this.#cgroups[index] = cgroup;
    return place;
  }

  addMade(item: BatchItem): void {
    this.#made[this.#next()] = item;
    if (item.event === 'record' || item.event === 'own') this.#isMixed = true;
  }

  /** Before the item that is there. */
  insertMade(at: number, item: BatchItem): void {
    const last = this.#next();
    this.#types.copyWithin(at + 1, at, last);
    this.#places.copyWithin(at + 1, at, last);
    this.#types[at] = 0;
    for (const column of [this.#made, this.#cgroups, this.#parentComms, this.#programs]) {
      if (column.length > at) (column as unknown[]).splice(at, 0, undefined);
    }
    this.#made[at] = item;
  }

  /** It is an object: by its reading, or because somebody asked for it. That is what counts then. */
  isMade(index: number): boolean {
    return this.#made[index] !== undefined;
  }

  /** The type of its record, 0 for what is none. */
  typeAt(index: number): number {
    return this.#types[index] ?? 0;
  }

  /** Where its record is in the memory. */
  placeAt(index: number): number {
    return this.#places[index] ?? 0;
  }

  kindAt(index: number): BatchItem['event'] {
    return this.#made[index]?.event ?? EVENT_OF_TYPE[this.typeAt(index)] ?? 'lost';
  }

  cgroupAt(index: number): CgroupInfo | undefined {
    return this.#cgroups[index];
  }

  parentCommAt(index: number): string | null {
    return this.#parentComms[index] ?? null;
  }

  /** Completes what is no object yet. */
  setParentComm(index: number, comm: string | null): void {
    this.#parentComms[index] = comm;
  }

  /** What ran, of an exit. */
  programAt(index: number): ProgramPlace | undefined {
    return this.#programs[index];
  }

  /** Completes an exit that is no object yet. */
  setProgram(index: number, program: ProgramPlace): void {
    this.#programs[index] = program;
  }

  /** The object. It points nowhere into this memory. */
  at(index: number): BatchItem {
    const made = this.#made[index];
    if (made !== undefined) return made;
    const item = this.#make(index);
    this.#made[index] = item;
    return item;
  }

  /** Bytes that go with the records. Where they are now; the memory may be another afterwards. */
  append(source: Uint8Array, from: number, to: number): number {
    const place = this.#used;
    const length = to - from;
    const end = place + length;
    if (end > this.memory.bytes.length) this.#grow(end);
    copyBytes(source, from, to, this.memory.bytes, place);
    this.#used = (end + 7) & ~7;
    return place;
  }

  retain(): void {
    this.#users++;
  }

  /** By the last user: the memory is the next batch's. */
  release(): void {
    if (--this.#users > 0) return;
    this.#users = 0;
    if (this.#pool === undefined) return;
    if (this.memory.bytes.length > KEPT_BYTES || this.#pool.length >= KEPT_BATCHES) return;
    this.clear();
    this.#pool.push(this);
  }

  clear(): void {
    const { length } = this.memory.bytes;
    // A storm is over.
    if (length > KEPT_BYTES && this.#used < length / 8) this.#allot(length / 4);
    this.#used = 0;
    this.#types.fill(0, 0, this.#length);
    this.#length = 0;
    for (const column of [this.#made, this.#cgroups, this.#parentComms, this.#programs])
      column.length = 0;
    this.#isMixed = false;
    this.context = undefined;
    this.readUntil = undefined;
  }

  /** Of records and what goes with them. */
  get bytes(): number {
    return this.#used;
  }

  #next(): number {
    const index = this.#length++;
    if (index === this.#types.length) {
      this.#types = doubled(this.#types, Uint8Array);
      this.#places = doubled(this.#places, Uint32Array);
    }
    return index;
  }

  #grow(bytes: number): void {
    let size = Math.max(FIRST_BYTES, 2 * this.memory.bytes.length);
    while (size < bytes) size *= 2;
    const before = this.memory.bytes;
    this.#allot(size);
    this.memory.bytes.set(before.subarray(0, this.#used));
  }

  #allot(size: number): void {
    const buffer = new ArrayBuffer(size);
    this.memory = { bytes: Buffer.from(buffer), view: new DataView(buffer) };
    this.words = new Uint32Array(buffer);
  }

  #make(index: number): BatchItem {
    const { context } = this;
    const cgroup = this.#cgroups[index];
    const event: EventDraft<Exclude<ProcessEvent, LostEvent>> | undefined =
      context && decodeEvent(this.typeAt(index), this.memory, this.placeAt(index), context);
    if (event === undefined) throw new RangeError(`no event has the index ${index}`);
    event.cgroup = cgroup?.path ?? null;
    event.containerId = cgroup?.containerId ?? null;
    event.parentComm = this.parentCommAt(index);
    const program = this.#programs[index];
    if (event.event === 'exit' && program !== undefined)
      complete(event, this.memory.bytes, program);
    return event;
  }
}

function complete(
  event: EventDraft<ExitEvent>,
  bytes: Uint8Array,
  { filenameAt, filenameEnd, argvAt, argvEnd, argvTruncated }: ProgramPlace,
): void {
  event.filename = filenameEnd < 0 ? null : decodeBytes(bytes, filenameAt, filenameEnd);
  event.argv = argvEnd < 0 ? null : frozenList(decodeStrings(bytes, argvAt, argvEnd));
  event.argvTruncated = argvTruncated;
}

/** Batches whose memory is used again once nobody needs it. */
export class EventBatches {
  readonly #free: EventBatch[] = [];

  next(context: EventContext): EventBatch {
    const batch = this.#free.pop() ?? new EventBatch(FIRST_BYTES, this.#free);
    batch.context = context;
    return batch;
  }
}

/** Below this, a loop is quicker than a call into the engine. */
const SHORT_BYTES = 32;

function copyBytes(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): void {
  if (to - from < SHORT_BYTES) {
    for (let next = from, place = at; next < to; ) target[place++] = source[next++] ?? 0;
  } else if (source instanceof Buffer) source.copy(target, at, from, to);
  else target.set(source.subarray(from, to), at);
}

function doubled<T extends Uint8Array | Uint32Array>(
  column: T,
  Column: new (length: number) => T,
): T {
  const next = new Column(2 * column.length);
  next.set(column);
  return next;
}
