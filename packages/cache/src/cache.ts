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
import type { EntryTable } from './entry-table.ts';
import type { ExecRecord } from './exec-record.ts';
import { seedRecord } from './exec-seeding.ts';
import { ExitedIdentities } from './exited-identities.ts';
import { FIELD_NAMES, type FieldName } from './fields.ts';
import { checkedPid, type IdentityQuery, knownIdentity } from './identity.ts';
import { denoInspect, type InspectFunction, nodeInspect } from './inspect.ts';
import { type CacheOptions, checkedOptions } from './options.ts';
import { ProcessLookup } from './process-lookup.ts';
import { EXEC_IN_PROGRESS, type Procfs } from './procfs/procfs.ts';
import { RealProcfs } from './procfs/real.ts';
import { ProcfsAnswers } from './procfs-answers.ts';
import type { CacheStats, StatsCounter } from './stats.ts';
import type { ProcessUsage } from './usage.ts';

export class ProcessMetadataCache implements Disposable {
  readonly #procfs: Procfs;
  readonly #store: EntryStore;
  // Parts of the store, here for the hot paths.
  readonly #table: EntryTable;
  readonly #counter: StatsCounter;
  readonly #answers: ProcfsAnswers;
  readonly #exited = new ExitedIdentities();
  readonly #lookup: ProcessLookup;
  readonly #beforeUse: () => void;
  #disposed = false;

  /** @throws `TypeError` or `RangeError`, with a `code`, for options that make no sense */
  constructor(options: CacheOptions) {
    checkedOptions(options);
    this.#procfs = options.procfs ?? new RealProcfs();
    this.#beforeUse = options.beforeUse ?? (() => {});
    this.#store = new EntryStore(options, (slot) => this.#answers.lostOwner(slot));
    this.#table = this.#store.table;
    this.#counter = this.#store.counter;
    this.#answers = new ProcfsAnswers(this.#procfs, this.#counter);
    const clock = options.clock ?? Date;
    this.#lookup = new ProcessLookup(this.#procfs, clock, this.#store, this.#answers, this.#exited);
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
   * @throws `TypeError` or `RangeError`, with a `code`, for a pid that is none; `ProcfsError` where /proc
   *   cannot be read at all; `Error` after the cache was disposed.
   */
  getOrLoad(pid: number): ProcessEntry | undefined {
    return this.#find(pid, true);
  }

  /**
   * `getOrLoad` that reads nothing but the check: `undefined` if not cached.
   * @throws `TypeError` or `RangeError`, with a `code`, for a pid that is none; `ProcfsError` where /proc
   *   cannot be read at all; `Error` after the cache was disposed.
   */
  get(pid: number): ProcessEntry | undefined {
    return this.#find(pid, false);
  }

  /**
   * What the cache has for this pid, unchecked: it may be the last owner of a pid that has been
   * reused since. For hot paths where exits are marked, or where the answer may be late. It counts
   * as use: an entry that was peeked at gets a second chance when it is its turn to leave.
   * @throws `TypeError` or `RangeError`, with a `code`, for a pid that is none.
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
   * @throws `TypeError` or `RangeError`, with a `code`, for an identity that is none.
   */
  getByIdentity(identity: IdentityQuery): ProcessEntry | undefined {
    this.#beforeUse();
    const slot = this.#table.find(knownIdentity(identity, this.#procfs));
    return slot === undefined ? this.#lookup.miss() : this.#lookup.hit(slot);
  }

  /**
   * `getOrLoad`, with the given fields (default: all) read, those that can block off the main
   * thread. Concurrent calls for one process share the reads, whether the entry is kept or not.
   * @throws `TypeError` or `RangeError`, with a `code`, for a pid that is none; `ProcfsError` where /proc
   *   cannot be read at all; `Error` after the cache was disposed. It rejects with them.
   */
  async getOrLoadAsync(
    pid: number,
    fields: readonly FieldName[] = FIELD_NAMES,
  ): Promise<ProcessEntry | undefined> {
    const entry = this.getOrLoad(pid);
    return entry === undefined ? undefined : this.#lookup.readFields(entry, fields);
  }

  /**
   * One variable of the environment of the process that has this pid now.
   * @throws `TypeError` or `RangeError`, with a `code`, for a pid that is none, and for a name that is no
   *   string; `ProcfsError` as the entry's getters; `Error` after the cache was disposed.
   */
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
   * @throws `TypeError` or `RangeError`, with a `code`, for a record that is none; `Error` after the cache
   *   was disposed.
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
   * @throws `TypeError` or `RangeError`, with a `code`, for a pid that is none.
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
   *
   * @param usage what it has used by its end: they have it from then on.
   * @throws `TypeError` or `RangeError`, with a `code`, for an identity that is none.
   */
  markExited(identity: IdentityQuery, usage?: ProcessUsage): boolean {
    this.#beforeUse();
    const known = knownIdentity(identity, this.#procfs);
    this.#exited.add(known, this.capacity);
    const slots = this.#table.imagesOf(known);
    for (const slot of slots) this.#store.markExited(slot, usage);
    return slots.length > 0;
  }

  /**
   * Ends a cycle: drops what was marked, or replaced by exec, before this call, or before a moment
   * of the cache's clock (milliseconds) for those whose cycles overlap. Returns how many.
   * @throws `TypeError`, with a `code`, for options that are none.
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

  /**
   * Drops one process at once, grace or not; that very image only if `execId` is given.
   * @throws `TypeError` or `RangeError`, with a `code`, for an identity that is none.
   */
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
   * @throws `ProcfsError` where /proc cannot be read at all; `Error` after the cache was disposed.
   */
  resync(): { readonly dropped: number; readonly loaded: number } {
    this.#assertOpen();
    this.#beforeUse();
    const dropped = this.prune() + this.#dropReplaced();
    let loaded = 0;
    for (const pid of this.#procfs.pids()) {
      if (this.#store.isFull) break;
      if (this.#table.current(pid) === undefined && this.#lookup.load(pid) !== undefined) loaded++;
    }
    return { dropped, loaded };
  }

  /**
   * A smaller capacity evicts at once: dead entries, then the least recently used.
   * @throws `TypeError` or `RangeError`, with a `code`, for a capacity that is none.
   */
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
      const owner = this.#answers.ownerOf(slot);
      if (typeof owner === 'string' || owner.layoutFingerprint === EXEC_IN_PROGRESS) continue;
      if (reader.matchesImage(owner.layoutFingerprint)) continue;
      this.#counter.execDetected++;
      this.#store.evict(slot, 'exec');
      dropped++;
    }
    return dropped;
  }

  #find(pid: number, load: boolean): ProcessEntry | undefined {
    this.#beforeUse();
    if (load) this.#assertOpen();
    return this.#lookup.find(pid, load);
  }

  #assertOpen(): void {
    if (this.#disposed) throw new Error('ProcessMetadataCache: used after it was disposed of');
  }
}
