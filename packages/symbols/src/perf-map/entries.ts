/**
 * The lines of a perf map, `START SIZE name` with hexadecimal numbers, as columns: JIT runtimes
 * write hundreds of thousands. Lines that are anything else are counted and passed over, for the
 * file is written by whoever is watched. Format: tools/perf/Documentation/jit-interface.txt.
 */
import { utf8 } from '../elf/string-table.ts';
import type { SymbolHit } from '../symbol-table.ts';
import { EntryHistory } from './entry-history.ts';
import { EntryOwners } from './entry-owners.ts';
import { isBlank, MAX_ADDRESS, MapLine } from './map-line.ts';
import { MapShare } from './map-memory.ts';

export interface PerfMapLimits {
  /** Entries kept; later lines are not read. */
  readonly maxEntries: number;
  /** Bytes of one name; longer ones are cut. */
  readonly maxName: number;
  /** Bytes of all names together; later lines are not read. */
  readonly maxNameBytes: number;
}

const NEWLINE = 0x0a;

export class PerfMapEntries {
  count = 0;
  start = new Float64Array(1024);
  end = new Float64Array(1024);
  /** When it was so described, of whichever clock the reader goes by; never before the entry in front. */
  since = new Float64Array(1024);
  /** Lines that were no entry. */
  badLines = 0;
  /** A limit was reached, and what came after is missing. */
  truncated = false;

  readonly #limits: PerfMapLimits;
  #nameStart = new Uint32Array(1024);
  #nameEnd = new Uint32Array(1024);
  #names = new Uint8Array(16 * 1024);
  #nameBytes = 0;
  /** Entries and name bytes that are paid for. */
  #paidEntries = 0;
  #paidNameBytes = 0;
  readonly #owners = new EntryOwners();
  readonly #history = new EntryHistory();
  readonly #line = new MapLine();

  readonly #share: MapShare;

  constructor(limits: PerfMapLimits, share = new MapShare()) {
    this.#share = share;

    this.#limits = limits;
  }

  /** Pays for bytes that were read, and for what came of them; nothing more is taken if it cannot be paid. */
  pay(bytesRead: number): void {
    const entries = this.count - this.#paidEntries;
    const nameBytes = this.#nameBytes - this.#paidNameBytes;
    if (!this.#share.take(bytesRead, entries, nameBytes)) this.truncated = true;
    this.#paidEntries = this.count;
    this.#paidNameBytes = this.#nameBytes;
  }

  /** They are not asked any more. */
  release(): void {
    this.#share.release();
  }

  /** Adds the whole lines of `bytes`, read at `since`, and tells how many bytes they were. */
  add(bytes: Uint8Array, since = 0): number {
    let at = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) return at;
      if (!this.truncated) this.#addLine(bytes, at, newline, since);
      at = newline + 1;
    }
  }

  /** Adds one entry, if it is one: code of some bytes at an address that there can be. */
  addEntry(start: number, size: number, name: Uint8Array, since = 0): void {
    if (this.truncated) return;
    if (size > 0 && start + size <= MAX_ADDRESS) this.#push(start, start + size, name, since);
    else this.badLines++;
  }

  /**
   * The entry that covers `address`; of those that overlap the one that was added last by `time`. Where
   * none was there by then, the first that came: it was written late.
   */
  lookup(address: number, time = Number.POSITIVE_INFINITY): SymbolHit | undefined {
    const latest = this.#owners.ownerOf(address, this);
    if (latest < 0) return undefined;
    const entry = (this.since[latest] as number) <= time ? latest : this.#earlier(address, time);
    const start = this.start[entry] as number;
    return { name: this.name(entry), start, size: (this.end[entry] as number) - start };
  }

  /** Decoded when asked for; bytes that are not UTF-8 come out as U+FFFD. */
  name(entry: number): string {
    const from = this.#nameStart[entry] as number;
    return utf8.decode(this.#names.subarray(from, this.#nameEnd[entry]));
  }

  get byteLength(): number {
    const { byteLength: history } = this.#history;
    return this.#names.length + this.start.length * 32 + this.#owners.byteLength + history;
  }

  #earlier(address: number, time: number): number {
    let before = -1;
    let after = -1;
    this.#history.covering(address, this, (entry) => {
      const since = this.since[entry] as number;
      if (since <= time) before = Math.max(before, entry);
      // What came at once is one description: of it the last, as without times.
      else if (after < 0 || since < (this.since[after] as number)) after = entry;
      else if (since === this.since[after] && entry > after) after = entry;
    });
    return before < 0 ? after : before;
  }

  #addLine(bytes: Uint8Array, from: number, newline: number, since: number): void {
    if (isBlank(bytes, from, newline)) return;
    const line = this.#line;
    if (!line.read(bytes, from, newline)) {
      this.badLines++;
      return;
    }
    const name = bytes.subarray(line.nameStart, line.nameEnd);
    this.#push(line.start, line.start + line.size, name, since);
  }

  #push(start: number, end: number, name: Uint8Array, since: number): void {
    const { maxEntries, maxName, maxNameBytes } = this.#limits;
    const length = Math.min(name.length, maxName);
    if (this.count >= maxEntries || this.#nameBytes + length > maxNameBytes) {
      this.truncated = true;
      return;
    }
    if (this.count === this.start.length) this.#growEntries();
    while (this.#nameBytes + length > this.#names.length) this.#growNames();
    this.#names.set(name.subarray(0, length), this.#nameBytes);
    this.start[this.count] = start;
    this.end[this.count] = end;
    const before = this.count > 0 ? (this.since[this.count - 1] as number) : since;
    this.since[this.count] = Math.max(since, before);
    this.#nameStart[this.count] = this.#nameBytes;
    this.#nameBytes += length;
    this.#nameEnd[this.count++] = this.#nameBytes;
  }

  #growEntries(): void {
    const size = this.count * 2;
    const addresses = (column: Float64Array) => {
      const larger = new Float64Array(size);
      larger.set(column);
      return larger;
    };
    const offsets = (column: Uint32Array) => {
      const larger = new Uint32Array(size);
      larger.set(column);
      return larger;
    };
    this.start = addresses(this.start);
    this.end = addresses(this.end);
    this.since = addresses(this.since);
    this.#nameStart = offsets(this.#nameStart);
    this.#nameEnd = offsets(this.#nameEnd);
  }

  #growNames(): void {
    const larger = new Uint8Array(this.#names.length * 2);
    larger.set(this.#names);
    this.#names = larger;
  }
}
