/**
 * Lookups by pid: whose the entry is that the table has, checked against /proc, and what happens where the
 * answer is another process, another image or nobody. A process that is not in the table is read, and kept
 * as far as there is room.
 */
import { entryControl, type ProcessEntry } from './entry.ts';
import type { EntryStore } from './entry-store.ts';
import type { EntryTable, Slot } from './entry-table.ts';
import type { ExitedIdentities } from './exited-identities.ts';
import { FieldReader, type FieldReaderInit } from './field-reader.ts';
import { emptyValues, type FieldName, fromStat } from './fields.ts';
import { checkedPid, isSameProcess, type KnownIdentity } from './identity.ts';
import type { Clock } from './options.ts';
import { EXEC_IN_PROGRESS, type Procfs } from './procfs/procfs.ts';
import { isExecInProgress, type ProcfsAnswers } from './procfs-answers.ts';
import type { StatsCounter } from './stats.ts';

export class ProcessLookup {
  readonly #procfs: Procfs;
  readonly #clock: Clock;
  readonly #store: EntryStore;
  // Parts of the store, here for the hot paths.
  readonly #table: EntryTable;
  readonly #counter: StatsCounter;
  readonly #answers: ProcfsAnswers;
  readonly #exited: ExitedIdentities;
  /** Entries that are being read off-thread: the ones that were not kept are shared from here. */
  readonly #reading = new Map<number, { readonly entry: ProcessEntry; readers: number }>();

  constructor(
    procfs: Procfs,
    clock: Clock,
    store: EntryStore,
    answers: ProcfsAnswers,
    exited: ExitedIdentities,
  ) {
    this.#procfs = procfs;
    this.#clock = clock;
    this.#store = store;
    this.#table = store.table;
    this.#counter = store.counter;
    this.#answers = answers;
    this.#exited = exited;
  }

  /** @param load read it where it is not in the table, or is another one by now */
  find(pid: number, load: boolean): ProcessEntry | undefined {
    const slot = this.#table.current(pid);
    if (slot === undefined) {
      checkedPid(pid);
      this.#counter.misses++;
      return load ? this.load(pid) : undefined;
    }
    const reader = entryControl.readerOf(slot.entry);
    const owner = this.#answers.ownerOf(slot);
    if (owner === 'unknown') return this.miss();
    if (owner === 'gone' || owner.ended) {
      if (slot.pending === 'exited') return this.hit(slot);
      this.#store.evict(slot, 'gone');
      this.#store.rearmWarning();
      return this.miss();
    }
    if (reader.matchesProcess(owner)) {
      // In the middle of an exec the old image is the last that can be told of.
      if (owner.layoutFingerprint === EXEC_IN_PROGRESS) return this.hit(slot);
      if (reader.matchesImage(owner.layoutFingerprint)) return this.hit(slot);
      if (slot.pending === undefined) {
        return this.#reloadImage(slot, load);
      }
      // Marked as exited, and the pid runs something new: reused within one clock tick.
    }
    this.#counter.reuseDetected++;
    this.#store.displace(slot);
    this.#counter.misses++;
    return load ? this.load(pid) : undefined;
  }

  /**
   * The same start time and another image: an exec that nobody announced, or, within one clock
   * tick, another process. So nothing is carried over.
   */
  #reloadImage(slot: Slot, load: boolean): ProcessEntry | undefined {
    this.#counter.execDetected++;
    this.#counter.misses++;
    this.#store.evict(slot, 'exec');
    return load ? this.load(slot.entry.pid) : undefined;
  }

  /** Reads a process that is not in the table. What cannot be kept is handed out all the same. */
  load(pid: number): ProcessEntry | undefined {
    const stat = this.#answers.stat(pid);
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

  /** Reads these fields of an entry, for all who ask for them at once. */
  async readFields(entry: ProcessEntry, fields: readonly FieldName[]): Promise<ProcessEntry> {
    const { pid } = entry;
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

  /** The entry of the same image that is being read off-thread at this moment. */
  #shared({ identity, layoutFingerprint }: FieldReaderInit): ProcessEntry | undefined {
    const entry = this.#reading.get(identity.pid)?.entry;
    if (entry === undefined || !isSameProcess(entry.identity, identity)) return undefined;
    return entryControl.readerOf(entry).matchesImage(layoutFingerprint) ? entry : undefined;
  }

  hit(slot: Slot): ProcessEntry {
    this.#counter.hits++;
    this.#table.touch(slot);
    return slot.entry;
  }

  miss(): undefined {
    this.#counter.misses++;
    return undefined;
  }
}
