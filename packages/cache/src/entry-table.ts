/**
 * Where entries are kept: by pid, with earlier owners of a pid (or earlier images of its owner)
 * behind the current one until they are evicted, and in order of use. Holds no policy and reads
 * nothing; every operation takes constant time but for the few entries that share a pid.
 */
import type { ProcessEntry } from './entry.ts';
import { isSameImage, isSameProcess, type KnownIdentity } from './identity.ts';

/** One entry's place in the table. */
export interface Slot {
  readonly entry: ProcessEntry;
  /** The one that had this pid before, still in its grace. */
  older: Slot | undefined;
  /** Another process, or image, is known to have the pid now: found by identity only. */
  displaced: boolean;
  /** Ended or replaced by exec: leaves at the next `evictPendingExits`. */
  pending: 'exited' | 'superseded' | undefined;
  /** When that was: milliseconds of the cache's clock. */
  pendingSince: number;
  /** Looked up without being moved: has a second chance when its turn to leave comes. */
  peeked: boolean;
  /** Neighbours in order of use. */
  moreRecent: Slot | undefined;
  lessRecent: Slot | undefined;
}

const MAX_SECOND_CHANCES = 64;

export class EntryTable {
  readonly #heads = new Map<number, Slot>();
  readonly #pending = new Set<Slot>();
  #mostRecent: Slot | undefined;
  #leastRecent: Slot | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Entries that wait for `evictPendingExits`, the longest waiting first. */
  get pending(): ReadonlySet<Slot> {
    return this.#pending;
  }

  /**
   * The least recently used. Those that were peeked at since they were last looked at from here
   * move to the front instead, 64 of them at most, so that one call takes bounded time.
   */
  leastRecent(): Slot | undefined {
    for (let chances = 0; chances < MAX_SECOND_CHANCES; chances++) {
      const slot = this.#leastRecent;
      if (slot === undefined || !slot.peeked) return slot;
      slot.peeked = false;
      this.touch(slot);
    }
    return this.#leastRecent;
  }

  /** The owner of a pid, as far as is known. */
  current(pid: number): Slot | undefined {
    const slot = this.#heads.get(pid);
    return slot === undefined || slot.displaced ? undefined : slot;
  }

  /** Whether the owner of a pid, or an earlier one, is here. */
  head(pid: number): Slot | undefined {
    return this.#heads.get(pid);
  }

  /** One slot for each pid, oldest insertion first. Survives changes while iterating. */
  heads(): MapIterator<Slot> {
    return this.#heads.values();
  }

  /** All of them, earlier owners included. */
  *slots(): Generator<Slot> {
    for (const current of this.#heads.values()) yield* withOlder(current);
  }

  /**
   * The latest slot of a process or, if the generation is asked for, the slot of that image: an
   * entry whose generation is not known may be of any, and answers for none.
   */
  find(identity: KnownIdentity): Slot | undefined {
    const isIt = identity.execId === undefined ? isSameProcess : isSameImage;
    // Plain loops here and below: a generator costs as much as the rest of a kernel record's way.
    let slot = this.#heads.get(identity.pid);
    while (slot !== undefined && !isIt(slot.entry.identity, identity)) slot = slot.older;
    return slot;
  }

  /** Every image of one process. */
  imagesOf(identity: KnownIdentity): Slot[] {
    const images: Slot[] = [];
    let slot = this.#heads.get(identity.pid);
    for (; slot !== undefined; slot = slot.older) {
      if (isSameProcess(slot.entry.identity, identity)) images.push(slot);
    }
    return images;
  }

  /** Puts an entry in front of whatever had its pid. */
  insert(entry: ProcessEntry): Slot {
    const slot = newSlot(entry);
    slot.older = this.#heads.get(entry.pid);
    if (slot.older !== undefined) slot.older.displaced = true;
    // Deleted first, so that the map's order is that of insertion for the new owner too.
    this.#heads.delete(entry.pid);
    this.#heads.set(entry.pid, slot);
    this.#link(slot);
    this.#size++;
    return slot;
  }

  /** Puts an entry behind a later owner of its pid. */
  insertBehind(later: Slot, entry: ProcessEntry): Slot {
    const slot = newSlot(entry);
    slot.displaced = true;
    slot.older = later.older;
    later.older = slot;
    this.#link(slot);
    this.#size++;
    return slot;
  }

  remove(slot: Slot): void {
    const { pid } = slot.entry;
    const current = this.#heads.get(pid);
    if (current === slot) {
      if (slot.older === undefined) this.#heads.delete(pid);
      else this.#heads.set(pid, slot.older);
    } else {
      for (const other of withOlder(current)) {
        if (other.older === slot) other.older = slot.older;
      }
    }
    slot.older = undefined;
    this.#unlink(slot);
    this.#pending.delete(slot);
    this.#size--;
  }

  setPending(slot: Slot, pending: 'exited' | 'superseded', now: number): void {
    slot.pending = pending;
    slot.pendingSince = now;
    this.#pending.add(slot);
  }

  /** Makes it the most recently used. */
  touch(slot: Slot): void {
    if (slot === this.#mostRecent) return;
    this.#unlink(slot);
    this.#link(slot);
  }

  #link(slot: Slot): void {
    slot.lessRecent = this.#mostRecent;
    slot.moreRecent = undefined;
    if (this.#mostRecent === undefined) this.#leastRecent = slot;
    else this.#mostRecent.moreRecent = slot;
    this.#mostRecent = slot;
  }

  #unlink(slot: Slot): void {
    const { moreRecent, lessRecent } = slot;
    if (moreRecent === undefined) this.#mostRecent = lessRecent;
    else moreRecent.lessRecent = lessRecent;
    if (lessRecent === undefined) this.#leastRecent = moreRecent;
    else lessRecent.moreRecent = moreRecent;
    slot.moreRecent = undefined;
    slot.lessRecent = undefined;
  }
}

function newSlot(entry: ProcessEntry): Slot {
  return {
    entry,
    older: undefined,
    displaced: false,
    pending: undefined,
    pendingSince: 0,
    peeked: false,
    moreRecent: undefined,
    lessRecent: undefined,
  };
}

function* withOlder(slot: Slot | undefined): Generator<Slot> {
  for (let at = slot; at !== undefined; at = at.older) yield at;
}
