/**
 * What perf maps and jitdumps may cost, all of a recording together. Each is written by whoever is
 * watched, and one file can be the map of many processes by hard links. Memory is given by user, so that
 * one who writes without end takes it from himself; and reading is done in the profiler's own thread, so
 * it is given by round.
 */
export interface MapMemoryLimits {
  /** Bytes of all maps. */
  readonly bytes?: number | undefined;
  /** Bytes of one user's. */
  readonly bytesOfUser?: number | undefined;
}

const MEBIBYTE = 1024 * 1024;
/** Fifty processes with what a large Node program writes. */
const MAX_BYTES = 256 * MEBIBYTE;
/** Columns of an entry, and the indexes over them: see entries.ts, entry-owners.ts, entry-history.ts. */
const ENTRY_BYTES = 80;
/** Reading costs time where nothing is kept of it: a part of it counts as memory. */
const READ_SHARE = 1 / 8;

export class MapMemory {
  readonly #max: number;
  readonly #maxOfUser: number;
  #bytes = 0;
  #ofUsers = new Map<number, number>();
  #left = Number.POSITIVE_INFINITY;

  constructor({ bytes = MAX_BYTES, bytesOfUser = bytes / 2 }: MapMemoryLimits = {}) {
    this.#max = bytes;
    this.#maxOfUser = bytesOfUser;
  }

  /** From now on so many bytes are read, of all maps together, until it is called again. */
  beginRound(bytes: number): void {
    this.#left = bytes;
  }

  /** Bytes that may still be read in this round. */
  get left(): number {
    return this.#left;
  }

  /** Bytes that all maps take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What a user's maps take; give it back when it is forgotten. */
  share(user: number): MapShare {
    return new MapShare(
      (bytes) => this.#take(user, bytes),
      (bytes) => {
        this.#left -= bytes;
      },
    );
  }

  #take(user: number, bytes: number): boolean {
    const own = (this.#ofUsers.get(user) ?? 0) + bytes;
    if (bytes > 0 && (own > this.#maxOfUser || this.#bytes + bytes > this.#max)) return false;
    this.#bytes += bytes;
    if (own > 0) this.#ofUsers.set(user, own);
    else this.#ofUsers.delete(user);
    return true;
  }
}

/** What one file's entries have taken. */
export class MapShare {
  #taken = 0;

  readonly #takeBytes: (bytes: number) => boolean;
  readonly #read: (bytes: number) => void;

  constructor(
    takeBytes: (bytes: number) => boolean = () => true,
    read: (bytes: number) => void = () => {},
  ) {
    this.#takeBytes = takeBytes;
    this.#read = read;
  }

  /** For what was read, and what is kept of it; false when there is no room, and nothing is to follow. */
  take(bytesRead: number, entries: number, nameBytes: number): boolean {
    this.#read(bytesRead);
    const bytes = Math.ceil(bytesRead * READ_SHARE) + entries * ENTRY_BYTES + nameBytes;
    if (!this.#takeBytes(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Gives back all of it. */
  release(): void {
    this.#takeBytes(-this.#taken);
    this.#taken = 0;
  }
}
