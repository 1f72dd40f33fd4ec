/**
 * /tmp/perf-PID.map: the names that a JIT runtime (Node and Bun with the right flag, Java agents,
 * .NET) gives its code. Opened in the mount namespace of the process, under its pid there, and kept
 * open: the file is read on as it grows, also after the process is gone. Only a regular file of the
 * process's user or root counts, since anybody can write to /tmp.
 */
import { closeSync, fstatSync, readFileSync, readSync } from 'node:fs';
import { openUnderRoot } from '../debug-files/rooted-file.ts';
import type { SymbolHit } from '../symbol-table.ts';
import { PerfMapEntries, type PerfMapLimits } from './entries.ts';

export interface PerfMapOptions extends Partial<PerfMapLimits> {
  /** Bytes of the file that are read at most; 256 MiB unless told otherwise. */
  readonly maxBytes?: number;
}

const DEFAULTS = {
  maxBytes: 256 * 1024 * 1024,
  maxEntries: 2_000_000,
  maxName: 4096,
  maxNameBytes: 256 * 1024 * 1024,
};
const PIECE = 256 * 1024;
/** Bytes before the read position that are compared, to see that the file was only appended to. */
const TAIL = 64;

export class PerfMap implements Disposable {
  readonly #limits: typeof DEFAULTS;
  #fd: number;
  #entries: PerfMapEntries;
  /** Where the first line begins that is not read yet. */
  #offset = 0;
  #tail = new Uint8Array(0);
  /** Inside a line that is longer than a piece, and not kept. */
  #skipping = false;
  /** The file is longer than what may be read of it. */
  #clipped = false;

  private constructor(fd: number, options: PerfMapOptions) {
    this.#fd = fd;
    this.#limits = { ...DEFAULTS, ...options };
    this.#entries = new PerfMapEntries(this.#limits);
  }

  /**
   * The map of a running process, read as far as it is written, or undefined when it has none, its
   * owner is another user, or the process is gone.
   */
  static forProcess(pid: number, options: PerfMapOptions = {}): PerfMap | undefined {
    const process = identify(pid);
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
      closeSync(fd);
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
    return this.#entries.byteLength;
  }

  /**
   * Reads what was appended since, and tells whether anything was; all of it anew when the file was
   * written over. Does nothing once closed. A line without its newline waits for it.
   */
  refresh(): boolean {
    if (this.#fd < 0) return false;
    const before = this.#entries.count;
    let restarted = false;
    let { size } = fstatSync(this.#fd);
    if (size < this.#offset || !this.#isAppended()) {
      restarted = true;
      this.#restart();
    }
    this.#clipped = size > this.#limits.maxBytes;
    size = Math.min(size, this.#limits.maxBytes);
    const piece = new Uint8Array(PIECE);
    while (this.#offset < size && !this.#entries.truncated) {
      const got = readSync(this.#fd, piece, 0, Math.min(PIECE, size - this.#offset), this.#offset);
      if (got === 0) break;
      const used = this.#consume(piece.subarray(0, got));
      if (used === 0) break;
      this.#offset += used;
    }
    return restarted || this.#entries.count > before;
  }

  /** The entry that covers `address`; of those that overlap the one that was written last. */
  lookup(address: number): SymbolHit | undefined {
    return this.#entries.lookup(address);
  }

  /** Closes the file; what was read still answers. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes the whole lines of a piece; gives how many bytes are done with. */
  #consume(piece: Uint8Array): number {
    let from = 0;
    if (this.#skipping) {
      const newline = piece.indexOf(0x0a);
      if (newline < 0) return this.#remember(piece, piece.length);
      this.#skipping = false;
      from = newline + 1;
    }
    const used = from + this.#entries.add(piece.subarray(from));
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

  #restart(): void {
    this.#entries = new PerfMapEntries(this.#limits);
    this.#offset = 0;
    this.#tail = new Uint8Array(0);
    this.#skipping = false;
  }
}

/** Whose process this is, and the pid that it sees itself under; undefined when it is gone. */
function identify(pid: number): { readonly innerPid: number; readonly uid: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const inner = /^NSpid:.*\t(\d+)$/m.exec(status)?.[1];
    // The effective one: /proc/PID itself is root's for a process that may not be dumped.
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
    return uid === undefined ? undefined : { innerPid: Number(inner ?? pid), uid: Number(uid) };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
