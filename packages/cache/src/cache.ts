/**
 * ProcessMetadataCache: who is process N. Entries are kept by identity (pid, start time, exec
 * generation), checked against /proc on every validated lookup, and read field by field on demand.
 * It works alone, on lookups only; with a tracer it is told of execs and exits and then also
 * answers for processes that lived too short to be found in /proc.
 */
import { invalidType, optional, wholeNumber } from './argument-error.ts';
import { entryControl, type ProcessEntry } from './entry.ts';
import type { RevealOptions } from './entry-description.ts';
import { EntryStore } from './entry-store.ts';
import type { EntryTable, Slot } from './entry-table.ts';
import type { ExecRecord } from './exec-record.ts';
import { seedRecord } from './exec-seeding.ts';
import { ExitedIdentities } from './exited-identities.ts';
import { FieldReader, type FieldReaderInit } from './field-reader.ts';
import { emptyValues, FIELD_NAMES, type FieldName, fromStat } from './fields.ts';
import {
  checkedPid,
  type IdentityQuery,
  isSameProcess,
  type KnownIdentity,
  knownIdentity,
} from './identity.ts';
import { denoInspect, type InspectFunction, nodeInspect } from './inspect.ts';
import { type CacheOptions, type Clock, checkedOptions } from './options.ts';
import { ProcfsError } from './procfs/error.ts';
import { EXEC_IN_PROGRESS, type Procfs, type ProcProbe } from './procfs/procfs.ts';
import { RealProcfs } from './procfs/real.ts';
import type { CacheStats, StatsCounter } from './stats.ts';

/** Reads of stat that wait for an exec under way to be over: some 0.1 ms, longer than most take. */
const EXEC_IN_PROGRESS_READS = 32;

/** What a read of /proc said: the answer, that nobody has the pid, or nothing at all. */
type Answer<T> = T | 'gone' | 'unknown';

export class ProcessMetadataCache implements Disposable {
  readonly #procfs: Procfs;
  readonly #clock: Clock;
  readonly #store: EntryStore;
  // Parts of the store, here for the hot paths.
  readonly #table: EntryTable;
  readonly #counter: StatsCounter;
  readonly #exited = new ExitedIdentities();
  /** Entries that are being read off-thread: the ones that were not kept are shared from here. */
  readonly #reading = new Map<number, { readonly entry: ProcessEntry; readers: number }>();
  readonly #beforeUse: () => void;
  #disposed = false;

  /** Throws `TypeError` or `RangeError`, with a `code`, for options that make no sense. */
  constructor(options: CacheOptions) {
    checkedOptions(options);
    this.#procfs = options.procfs ?? new RealProcfs();
    this.#clock = options.clock ?? Date;
    this.#beforeUse = options.beforeUse ?? (() => {});
    this.#store = new EntryStore(options, (slot) => this.#lostOwner(slot));
    this.#table = this.#store.table;
    this.#counter = this.#store.counter;
  }

  /** Entries of earlier pid owners and images in their grace included. Never above `capacity`. */
  get size(): number {
    this.#beforeUse();
    return this.#table.size;
  }

  get isEmpty(): boolean {
    this.#beforeUse();
    return this.#table.size === 0;
  }

  get capacity(): number {
    return this.#store.capacity;
  }

  /**
   * The process that has this pid now, from the cache if it is there and still the same, else
   * from /proc. `undefined` if there is none, or it may not be looked at. In its grace after
   * `markExited` a process is still found. One read of /proc/PID/stat when cached or not.
   */
  getOrLoad(pid: number): ProcessEntry | undefined {
    return this.#lookup(pid, true);
  }

  /** `getOrLoad` that reads nothing but the check: `undefined` if not cached. */
  get(pid: number): ProcessEntry | undefined {
    return this.#lookup(pid, false);
  }

  /**
   * What the cache has for this pid, unchecked: it may be the last owner of a pid that has been
   * reused since. For hot paths where exits are marked, or where the answer may be late. It counts
   * as use: an entry that was peeked at gets a second chance when it is its turn to leave.
   */
  peek(pid: number): ProcessEntry | undefined {
    this.#beforeUse();
    const slot = this.#table.current(pid);
    if (slot === undefined) {
      checkedPid(pid);
      this.#counter.misses++;
      return undefined;
    }
    this.#counter.hits++;
    slot.peeked = true;
    return slot.entry;
  }

  /**
   * The entry of one process or, if `execId` is given, of that very image, and of no other. Reads
   * nothing: an identity has one owner for ever, so the answer is right whether or not it still
   * lives.
   */
  getByIdentity(identity: IdentityQuery): ProcessEntry | undefined {
    this.#beforeUse();
    const slot = this.#table.find(knownIdentity(identity, this.#procfs));
    return slot === undefined ? this.#miss() : this.#hit(slot);
  }

  /**
   * `getOrLoad`, with the given fields (default: all) read, those that can block off the main
   * thread. Concurrent calls for one process share the reads, whether the entry is kept or not.
   */
  async getOrLoadAsync(
    pid: number,
    fields: readonly FieldName[] = FIELD_NAMES,
  ): Promise<ProcessEntry | undefined> {
    const entry = this.getOrLoad(pid);
    if (entry === undefined) return undefined;
    const reading = this.#reading.get(pid);
    const mine = reading?.entry === entry ? reading : { entry, readers: 0 };
    this.#reading.set(pid, mine);
    mine.readers++;
    try {
      return await entry.loadAsync(fields);
    } finally {
      if (--mine.readers === 0 && this.#reading.get(pid) === mine) this.#reading.delete(pid);
    }
  }

  /** One variable of the environment of the process that has this pid now. */
  environVar(pid: number, name: string): string | undefined {
    if (typeof name !== 'string') throw invalidType('the name of a variable', 'a string', name);
    return this.getOrLoad(pid)?.environVar(name);
  }

  /**
   * Takes what the kernel sent at an exec, without looking at its process in /proc. (A full cache
   * looks for others that have ended: `pruneProbes` reads at most.) An image that it replaces
   * stays reachable by its identity until `evictPendingExits`. A record of a process that is
   * known to have exited, or whose pid has a later owner, is kept for that grace only; one that
   * is older than the image known is dropped. `undefined` if it was dropped or found no room.
   */
  seed(record: ExecRecord): ProcessEntry | undefined {
    this.#assertOpen();
    this.#beforeUse();
    this.#counter.seeds++;
    return seedRecord(this.#store, this.#exited, this.#procfs, record)?.entry;
  }

  /**
   * The process runs another image (exec): drops what exec changes, keeps identity and the rest.
   * Only needed where no exec records are seeded. An entry in a caller's hand stays that of the
   * old image.
   */
  invalidate(pid: number, execId?: number): boolean {
    this.#beforeUse();
    if (execId !== undefined) wholeNumber('execId', execId, 0);
    const slot = this.#table.current(checkedPid(pid));
    if (slot === undefined || slot.pending !== undefined) return false;
    const reader = entryControl.readerOf(slot.entry);
    this.#store.replaceImage(slot, reader.successor(execId));
    return true;
  }

  /**
   * The process has ended. Its entries answer, by pid and by identity, until the next
   * `evictPendingExits`. Returns whether there are any.
   */
  markExited(identity: IdentityQuery): boolean {
    this.#beforeUse();
    const known = knownIdentity(identity, this.#procfs);
    this.#exited.add(known, this.capacity);
    const slots = this.#table.imagesOf(known);
    for (const slot of slots) this.#store.markExited(slot);
    return slots.length > 0;
  }

  /**
   * Ends a cycle: drops what was marked, or replaced by exec, before this call, or before a moment
   * of the cache's clock (milliseconds) for those whose cycles overlap. Returns how many.
   */
  evictPendingExits(markedBefore = Number.POSITIVE_INFINITY): number {
    this.#beforeUse();
    optional(
      'markedBefore',
      markedBefore,
      'a number of milliseconds',
      typeof markedBefore === 'number' && !Number.isNaN(markedBefore),
    );
    let evicted = 0;
    for (const slot of this.#table.pending) {
      if (slot.pendingSince >= markedBefore) break;
      this.#store.evict(slot, slot.pending === 'superseded' ? 'exec' : 'exited');
      evicted++;
    }
    this.#exited.rotate();
    this.#store.rearmWarning();
    return evicted;
  }

  /** Drops one process at once, grace or not; that very image only if `execId` is given. */
  remove(identity: IdentityQuery): boolean {
    this.#beforeUse();
    const known = knownIdentity(identity, this.#procfs);
    const found = known.execId === undefined ? undefined : this.#table.find(known);
    const slots = known.execId === undefined ? this.#table.imagesOf(known) : found ? [found] : [];
    for (const slot of slots) this.#store.evict(slot, 'removed');
    this.#store.rearmWarning();
    return slots.length > 0;
  }

  /**
   * Checks every entry against /proc and drops those whose process is gone: one read each, so for
   * quiet moments. Needed only where exits are not marked. Returns how many were dropped.
   */
  prune(): number {
    this.#beforeUse();
    let dropped = 0;
    for (const slot of [...this.#table.heads()]) {
      if (slot.pending === undefined && this.#store.evictIfDead(slot)) dropped++;
    }
    this.#store.rearmWarning();
    return dropped;
  }

  /**
   * Makes the cache agree with /proc after events were lost, or before the first: drops what is
   * gone, or was only read from /proc and runs another image by now, and loads every process
   * there is, as far as there is room without evicting.
   */
  resync(): { readonly dropped: number; readonly loaded: number } {
    this.#assertOpen();
    this.#beforeUse();
    const dropped = this.prune() + this.#dropReplaced();
    let loaded = 0;
    for (const pid of this.#procfs.pids()) {
      if (this.#store.isFull) break;
      if (this.#table.current(pid) === undefined && this.#load(pid) !== undefined) loaded++;
    }
    return { dropped, loaded };
  }

  /** A smaller capacity evicts at once: dead entries, then the least recently used. */
  resize(capacity: number): void {
    this.#beforeUse();
    this.#store.resize(capacity);
  }

  clear(): void {
    this.#beforeUse();
    for (const slot of [...this.#table.slots()]) this.#store.evict(slot, 'cleared');
    this.#exited.clear();
    this.#store.rearmWarning();
  }

  stats(): CacheStats {
    this.#beforeUse();
    return this.#counter.snapshot(this.size, this.capacity);
  }

  /** Clears it. Lookups find nothing afterwards; loading and seeding throw. */
  [Symbol.dispose](): void {
    this.clear();
    this.#disposed = true;
  }

  /** Every entry, those in their grace included. Entries may be removed while iterating. */
  *[Symbol.iterator](): IterableIterator<ProcessEntry> {
    this.#beforeUse();
    for (const slot of this.#table.slots()) yield slot.entry;
  }

  /** Counters and entries as plain data, redacted unless `reveal` is set. Reads nothing. */
  inspect(options: RevealOptions = {}): Record<string, unknown> {
    return { ...this.stats(), entries: [...this].map((entry) => entry.inspect(options)) };
  }

  toJSON(): Record<string, unknown> {
    return this.inspect();
  }

  toString(): string {
    return `[ProcessMetadataCache ${this.size}/${this.capacity}]`;
  }

  [nodeInspect](_depth: number, options: object, inspect: InspectFunction): string {
    return `ProcessMetadataCache ${inspect(this.inspect(), options)}`;
  }

  [denoInspect](inspect: InspectFunction, options: object): string {
    return `ProcessMetadataCache ${inspect(this.inspect(), options)}`;
  }

  /** Entries of unknown generation for whose next image no record has come. */
  #dropReplaced(): number {
    let dropped = 0;
    for (const slot of [...this.#table.heads()]) {
      if (slot.pending !== undefined || slot.entry.execId !== undefined) continue;
      const reader = entryControl.readerOf(slot.entry);
      const owner = this.#ask(() => reader.probe());
      if (typeof owner === 'string' || owner.layoutFingerprint === EXEC_IN_PROGRESS) continue;
      if (reader.matchesImage(owner.layoutFingerprint)) continue;
      this.#counter.execDetected++;
      this.#store.evict(slot, 'exec');
      dropped++;
    }
    return dropped;
  }

  #lookup(pid: number, load: boolean): ProcessEntry | undefined {
    this.#beforeUse();
    if (load) this.#assertOpen();
    const slot = this.#table.current(pid);
    if (slot === undefined) {
      checkedPid(pid);
      this.#counter.misses++;
      return load ? this.#load(pid) : undefined;
    }
    const reader = entryControl.readerOf(slot.entry);
    const owner = this.#ask(() => reader.probe());
    if (owner === 'unknown') return this.#miss();
    if (owner === 'gone' || owner.ended) {
      if (slot.pending === 'exited') return this.#hit(slot);
      this.#store.evict(slot, 'gone');
      this.#store.rearmWarning();
      return this.#miss();
    }
    if (reader.matchesProcess(owner)) {
      // In the middle of an exec the old image is the last that can be told of.
      if (owner.layoutFingerprint === EXEC_IN_PROGRESS) return this.#hit(slot);
      if (reader.matchesImage(owner.layoutFingerprint)) return this.#hit(slot);
      if (slot.pending === undefined) {
        return this.#reloadImage(slot, load);
      }
      // Marked as exited, and the pid runs something new: reused within one clock tick.
    }
    this.#counter.reuseDetected++;
    this.#store.displace(slot);
    this.#counter.misses++;
    return load ? this.#load(pid) : undefined;
  }

  /**
   * The same start time and another image: an exec that nobody announced, or, within one clock
   * tick, another process. So nothing is carried over.
   */
  #reloadImage(slot: Slot, load: boolean): ProcessEntry | undefined {
    this.#counter.execDetected++;
    this.#counter.misses++;
    this.#store.evict(slot, 'exec');
    return load ? this.#load(slot.entry.pid) : undefined;
  }

  /** Reads a process that is not in the table. What cannot be kept is handed out all the same. */
  #load(pid: number): ProcessEntry | undefined {
    let stat = this.#ask(() => this.#procfs.stat(pid));
    for (let reads = 1; isExecInProgress(stat) && reads < EXEC_IN_PROGRESS_READS; reads++) {
      stat = this.#ask(() => this.#procfs.stat(pid));
    }
    if (stat === 'gone' || stat === 'unknown' || stat.ended) return undefined;
    const identity: KnownIdentity = { pid, startTime: stat.startTimeTicks };
    // An exit that was already announced, seen in the moment before the process disappears.
    if (stat.exiting && this.#exited.phaseOf(identity) !== undefined) return undefined;
    this.#counter.loads++;
    const init: FieldReaderInit = {
      procfs: this.#procfs,
      identity,
      layoutFingerprint: isExecInProgress(stat) ? 0 : stat.layoutFingerprint,
      instance: stat.instance,
      // The name of a process in the middle of an exec may be that of either image.
      values: {
        ...emptyValues(),
        ...(isExecInProgress(stat) ? { ppid: stat.ppid } : fromStat(stat)),
      },
    };
    return (
      this.#store.insert(init)?.entry ??
      this.#shared(init) ??
      entryControl.create(new FieldReader(init), this.#clock.now())
    );
  }

  /** Whether an entry's process has lost its pid: the check behind every prune. */
  #lostOwner(slot: Slot): 'gone' | 'reuse' | undefined {
    const reader = entryControl.readerOf(slot.entry);
    const owner = this.#ask(() => reader.probe());
    if (owner === 'unknown') return undefined;
    if (owner === 'gone' || owner.ended) return 'gone';
    return reader.matchesProcess(owner) ? undefined : 'reuse';
  }

  /** The entry of the same image that is being read off-thread at this moment. */
  #shared({ identity, layoutFingerprint }: FieldReaderInit): ProcessEntry | undefined {
    const entry = this.#reading.get(identity.pid)?.entry;
    if (entry === undefined || !isSameProcess(entry.identity, identity)) return undefined;
    return entryControl.readerOf(entry).matchesImage(layoutFingerprint) ? entry : undefined;
  }

  #hit(slot: Slot): ProcessEntry {
    this.#counter.hits++;
    this.#table.touch(slot);
    return slot.entry;
  }

  #miss(): undefined {
    this.#counter.misses++;
    return undefined;
  }

  #ask<T extends ProcProbe>(read: () => T): Answer<T> {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ProcfsError) || error.code === 'no-procfs') throw error;
      if (error.code === 'gone') return 'gone';
      this.#counter.errors++;
      return 'unknown';
    }
  }

  #assertOpen(): void {
    if (this.#disposed) throw new Error('ProcessMetadataCache: used after it was disposed of');
  }
}

function isExecInProgress(answer: Answer<ProcProbe>): boolean {
  return typeof answer === 'object' && answer.layoutFingerprint === EXEC_IN_PROGRESS;
}
