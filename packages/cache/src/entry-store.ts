/**
 * The entries that are kept, within the capacity: who makes room for a newcomer, and when the
 * owner of the cache is told that it is full. Dead entries go first, then those in their grace,
 * then the least recently used, or, under policy `reject`, nobody.
 */

import { channel } from 'node:diagnostics_channel';
import { entryControl } from './entry.ts';
import { EntryTable, type Slot } from './entry-table.ts';
import { FieldReader, type FieldReaderInit } from './field-reader.ts';
import {
  type CacheOptions,
  type CapacityPolicy,
  type Clock,
  checkedCapacity,
  type Logger,
} from './options.ts';
import { Pruner } from './prune.ts';
import { type EvictionReason, StatsCounter } from './stats.ts';
import type { ProcessUsage } from './usage.ts';

/** Why a slot's process no longer has its pid; `undefined` while it has, or if nobody can say. */
export type CheckOwner = (slot: Slot) => 'gone' | 'reuse' | undefined;

/** One of the channels of waggle's log (@waggle/ffi, log.ts); nobody listens unless asked to. */
const evicted = channel('waggle:evicted');

export class EntryStore {
  readonly table = new EntryTable();
  readonly counter = new StatsCounter();
  readonly #policy: CapacityPolicy;
  readonly #clock: Clock;
  readonly #logger: Logger | null;
  readonly #pruner: Pruner;
  readonly #checkOwner: CheckOwner;
  #capacity: number;
  #warned = false;

  constructor(options: CacheOptions, checkOwner: CheckOwner) {
    this.#capacity = checkedCapacity(options.capacity);
    this.#policy = options.policy ?? 'lru';
    this.#clock = options.clock ?? Date;
    this.#logger = options.logger === undefined ? console : options.logger;
    this.#pruner = new Pruner(this.table, this.#clock, options.pruneProbes);
    this.#checkOwner = checkOwner;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get isFull(): boolean {
    return this.table.size >= this.#capacity;
  }

  /** Makes an entry and keeps it as the owner of its pid; `undefined` if there is no room. */
  insert(init: FieldReaderInit): Slot | undefined {
    if (!this.#makeRoom()) return undefined;
    this.counter.insertions++;
    return this.table.insert(entryControl.create(new FieldReader(init), this.#clock.now()));
  }

  /** Keeps an entry whose pid has a later owner: found by identity, until its grace ends. */
  insertEnded(init: FieldReaderInit): Slot | undefined {
    if (!this.#makeRoom()) return undefined;
    this.counter.insertions++;
    const entry = entryControl.create(new FieldReader(init), this.#clock.now());
    // Looked up here, since making room may have taken the later owner away.
    const later = this.table.head(init.identity.pid);
    const slot =
      later === undefined ? this.table.insert(entry) : this.table.insertBehind(later, entry);
    slot.displaced = true;
    this.markExited(slot);
    return slot;
  }

  /** Puts a new image in the place of the old one, which needs no room. */
  replaceImage(slot: Slot, init: FieldReaderInit): Slot {
    entryControl.readerOf(slot.entry).supersede();
    this.evict(slot, 'exec');
    this.counter.insertions++;
    return this.table.insert(entryControl.create(new FieldReader(init), this.#clock.now()));
  }

  /** The pid has another owner: the entry goes, or is left to its grace. */
  displace(slot: Slot): void {
    if (slot.pending === undefined) this.evict(slot, 'reuse');
    else slot.displaced = true;
  }

  markExited(slot: Slot, usage?: ProcessUsage): void {
    const now = this.#clock.now();
    if (slot.pending === undefined) this.table.setPending(slot, 'exited', now);
    entryControl.markExited(slot.entry, now, usage);
  }

  /** An announced exec replaced its image. */
  markSuperseded(slot: Slot): void {
    if (slot.pending === undefined) this.table.setPending(slot, 'superseded', this.#clock.now());
  }

  evict(slot: Slot, reason: EvictionReason): void {
    this.table.remove(slot);
    this.counter.evictions[reason]++;
    if (evicted.hasSubscribers && reason !== 'cleared')
      evicted.publish({ what: 'process', name: `${slot.entry.pid}`, why: reason });
  }

  /** Evicts it if its process no longer has its pid. One read of /proc. */
  evictIfDead(slot: Slot): boolean {
    const reason = this.#checkOwner(slot);
    if (reason === undefined) return false;
    if (reason === 'reuse') this.counter.reuseDetected++;
    this.evict(slot, reason);
    return true;
  }

  resize(capacity: number): void {
    this.#capacity = checkedCapacity(capacity);
    if (this.table.size > this.#capacity) this.#evictDead();
    while (this.table.size > this.#capacity) this.#evictOne();
    this.rearmWarning();
  }

  /** The warning is due again once entries have left other than for want of room. */
  rearmWarning(): void {
    if (!this.isFull) this.#warned = false;
  }

  #makeRoom(): boolean {
    if (!this.isFull) return true;
    this.#evictDead();
    if (!this.isFull) return true;
    this.#warnFull();
    if (this.#policy === 'reject' && this.table.pending.size === 0) {
      this.counter.rejected++;
      return false;
    }
    this.#evictOne();
    return true;
  }

  #evictDead(): void {
    this.#pruner.run((slot) => this.evictIfDead(slot));
  }

  #evictOne(): void {
    const [graced] = this.table.pending;
    const victim = graced ?? this.table.leastRecent();
    if (victim !== undefined) this.evict(victim, 'capacity');
  }

  #warnFull(): void {
    if (this.#warned) return;
    this.#warned = true;
    const effect =
      this.#policy === 'reject' ? 'new ones are not kept' : 'the least recently used make room';
    this.#logger?.warn(
      `@waggle/cache: full at ${this.#capacity} processes, ${effect}; a larger capacity avoids it`,
    );
  }
}
