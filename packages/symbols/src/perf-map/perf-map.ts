/**
 * /tmp/perf-PID.map: the names that a JIT runtime (Node and Bun with the right flag, Java agents,
 * .NET) gives its code. Opened in the mount namespace of the process, under its pid there, and kept
 * open: the file is read on as it grows, also after the process is gone. Only a regular file of the
 * process's user or root counts, since anybody can write to /tmp.
 */
import { fstatSync, readSync } from 'node:fs';
import { openUnderRoot } from '../debug-files/chroot-path.ts';
import { closeFile } from '../descriptors.ts';
import type { SymbolHit } from '../symbol-table.ts';
import { PerfMapEntries, type PerfMapLimits } from './entries.ts';
import type { MapMemory } from './map-memory.ts';
import { describeProcess } from './map-owner.ts';

export interface PerfMapOptions extends Partial<PerfMapLimits> {
  /** Bytes of the file that are read at most; 256 MiB unless told otherwise. */
  readonly maxBytes?: number;
  /** Bytes read by one `refresh`, about; all unless told otherwise. The next one goes on there. */
  readonly maxBytesAtOnce?: number;
  /** What it shares with the other maps; its own limits are all unless given. */
  readonly memory?: MapMemory;
}

const DEFAULTS = {
  maxBytes: 256 * 1024 * 1024,
  maxBytesAtOnce: Number.POSITIVE_INFINITY,
  maxEntries: 2_000_000,
  maxName: 4096,
  maxNameBytes: 256 * 1024 * 1024,
};
const PIECE = 256 * 1024;
/** Bytes before the read position that are compared, to see that the file was only appended to. */
const TAIL = 64;
/** Of a file that is written over again and again, what it said before is known for so many times. */
const MAX_EARLIER = 4;

/** What the file said before it was written over. */
interface EarlierEntries {
  readonly entries: PerfMapEntries;
  /** When it was seen to say something else. */
  readonly until: number;
}

export class PerfMap implements Disposable {
  readonly #limits: typeof DEFAULTS;
  readonly #memory: MapMemory | undefined;
  #fd: number;
  #entries: PerfMapEntries;
  /** Oldest first. */
  #earlier: EarlierEntries[] = [];
  #editions = 1;
  #lastRead = 0;
  /** Where the first line begins that is not read yet. */
  #offset = 0;
  #tail = new Uint8Array(0);
  /** Inside a line that is longer than a piece, and not kept. */
  #skipping = false;
  /** The file is longer than what may be read of it. */
  #clipped = false;
  #isBehind = false;

  /** @param fd the open map: it is this object's from now on */
  constructor(fd: number, options: PerfMapOptions = {}) {
    const { memory, ...limits } = options;
    this.#fd = fd;
    this.#limits = { ...DEFAULTS, ...limits };
    this.#memory = memory;
    this.#entries = this.#noEntries();
  }

  /**
   * The map of a running process, read as far as it is written, or undefined when it has none, its
   * owner is another user, or the process is gone.
   */
  static forProcess(pid: number, options: PerfMapOptions = {}): PerfMap | undefined {
    const process = describeProcess(pid);
    if (process === undefined) return undefined;
    const path = `/tmp/perf-${process.innerPid}.map`;
    return PerfMap.open(`/proc/${pid}/root`, path, { ...options, owner: process.uid });
  }

  /**
   * The map at `path` below `root`, which is no symbolic link, owned by `owner` or root (by anybody
   * when `owner` is left out); undefined when there is no such file.
   */
  static open(
    root: string,
    path: string,
    options: PerfMapOptions & { readonly owner?: number } = {},
  ): PerfMap | undefined {
    const { owner, ...rest } = options;
    const fd = openUnderRoot(root, path, { followLast: false });
    if (fd === undefined) return undefined;
    const { uid } = fstatSync(fd);
    if (owner !== undefined && uid !== owner && uid !== 0) {
      closeFile(fd);
      return undefined;
    }
    const map = new PerfMap(fd, rest);
    map.refresh();
    return map;
  }

  /** Entries read. */
  get size(): number {
    return this.#entries.count;
  }

  /** How often it was written from its beginning, as far as it was seen. */
  get editions(): number {
    return this.#editions;
  }

  /** Lines that were no entry. */
  get badLines(): number {
    return this.#entries.badLines;
  }

  /** Whether a limit was reached, and later entries are missing. */
  get truncated(): boolean {
    return this.#entries.truncated || this.#clipped;
  }

  /** Memory held, in bytes. */
  get byteLength(): number {
    return [...this.#earlier, { entries: this.#entries }].reduce(
      (total, { entries }) => total + entries.byteLength,
      0,
    );
  }

  /** Whether `fd` is open on the same file. */
  isSame(fd: number): boolean {
    if (this.#fd < 0) return false;
    const [own, other] = [fstatSync(this.#fd), fstatSync(fd)];
    return own.ino === other.ino && own.dev === other.dev;
  }

  /** Reads from `fd` from now on, another file that took the place of this one: as if written over. */
  replace(fd: number, now = 0): void {
    this.close();
    this.#fd = fd;
    this.#restart(now);
  }

  /**
   * Reads what was appended since, and tells whether anything was; all of it anew when the file was
   * written over. Does nothing once closed. A line without its newline waits for it.
   * @param now time of reading in ns, of any clock: what is read is there since the file was last written
   *   to, but not since before the last reading
   */
  refresh(now = 0): boolean {
    if (this.#fd < 0) return false;
    const before = this.#entries.count;
    let restarted = false;
    const file = fstatSync(this.#fd);
    let { size } = file;
    const since = Math.max(this.#lastRead, now - Math.max(0, Date.now() - file.mtimeMs) * 1e6);
    this.#lastRead = now;
    if (size < this.#offset || !this.#isAppended()) {
      restarted = true;
      this.#restart(since);
    }
    this.#clipped = size > this.#limits.maxBytes;
    size = Math.min(size, this.#limits.maxBytes);
    const piece = new Uint8Array(PIECE);
    const end = this.#offset + this.#limits.maxBytesAtOnce;
    this.#isBehind = false;
    while (this.#offset < size && !this.#entries.truncated) {
      this.#isBehind = this.#offset >= end || (this.#memory?.left ?? 1) <= 0;
      if (this.#isBehind) break;
      const got = readSync(this.#fd, piece, 0, Math.min(PIECE, size - this.#offset), this.#offset);
      if (got === 0) break;
      const used = this.#consume(piece.subarray(0, got), since);
      if (used === 0) break;
      this.#entries.pay(used);
      this.#offset += used;
    }
    return restarted || this.#entries.count > before;
  }

  /**
   * The entry that covers `address`; of those that overlap the one that was written last. With `time`,
   * of the clock of refresh(): the one that was read last by then, else the first that was read later.
   */
  lookup(address: number, time = Number.POSITIVE_INFINITY): SymbolHit | undefined {
    for (const { entries, until } of this.#earlier) {
      const hit = time < until ? entries.lookup(address, time) : undefined;
      if (hit !== undefined) return hit;
    }
    return this.#entries.lookup(address, time);
  }

  /** Whether the last `refresh` has left something for the next one. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Gives back what it shares with other maps: nobody asks it any more. */
  release(): void {
    this.close();
    for (const { entries } of this.#earlier) entries.release();
    this.#entries.release();
  }

  /** Closes the file; what was read still answers. */
  close(): void {
    if (this.#fd >= 0) closeFile(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes the whole lines of a piece; gives how many bytes are done with. */
  #consume(piece: Uint8Array, since: number): number {
    let from = 0;
    if (this.#skipping) {
      const newline = piece.indexOf(0x0a);
      if (newline < 0) return this.#remember(piece, piece.length);
      this.#skipping = false;
      from = newline + 1;
    }
    const used = from + this.#entries.add(piece.subarray(from), since);
    if (used === 0 && piece.length === PIECE) {
      this.#entries.badLines++;
      this.#skipping = true;
      return this.#remember(piece, piece.length);
    }
    return this.#remember(piece, used);
  }

  #remember(piece: Uint8Array, used: number): number {
    if (used > 0) this.#tail = piece.slice(Math.max(0, used - TAIL), used);
    return used;
  }

  #isAppended(): boolean {
    const { length } = this.#tail;
    if (length === 0) return true;
    const now = new Uint8Array(length);
    const got = readSync(this.#fd, now, 0, length, this.#offset - length);
    return got === length && now.every((byte, i) => byte === this.#tail[i]);
  }

  /** Of the user that the file is of. */
  #noEntries(): PerfMapEntries {
    return new PerfMapEntries(this.#limits, this.#memory?.share(fstatSync(this.#fd).uid));
  }

  #restart(now: number): void {
    this.#editions++;
    if (this.#entries.count > 0) {
      this.#earlier.push({ entries: this.#entries, until: now });
      if (this.#earlier.length > MAX_EARLIER) this.#earlier.shift()?.entries.release();
    } else this.#entries.release();
    this.#entries = this.#noEntries();
    this.#offset = 0;
    this.#tail = new Uint8Array(0);
    this.#skipping = false;
  }
}
