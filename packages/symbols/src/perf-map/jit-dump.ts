/**
 * jitdump: the names that a runtime gives its code in a binary file, together with the code (Bun with
 * BUN_JSC_useJITDump, V8 with --perf-prof, JVMs, LLVM, wasmtime). The runtime maps the file executable
 * once, so that a profiler hears of it. Format: tools/perf/Documentation/jitdump-specification.txt.
 */
import { fstatSync, readSync } from 'node:fs';
import { closeFile, openFile } from '../descriptors.ts';
import { viewOf } from '../elf/headers.ts';
import { utf8 } from '../elf/string-table.ts';
import type { SymbolHit } from '../symbol-table.ts';
import { PerfMapEntries, type PerfMapLimits } from './entries.ts';
import { type DumpFacts, isDamaged, restartOf } from './jit-dump-restart.ts';
import {
  type AddressRange,
  JitUnwindings,
  readJitUnwinding,
  type UnwoundCode,
} from './jit-unwinding.ts';
import { JscNames } from './jsc-names.ts';
import type { MapMemory, MapShare } from './map-memory.ts';

export interface JitDumpOptions extends Partial<PerfMapLimits> {
  /** Bytes of the file that are read or passed over at most; 4 GiB unless told otherwise. */
  readonly maxBytes?: number;
  /** Bytes read by one `refresh`, about; 64 MiB unless told otherwise. The next one goes on there. */
  readonly maxBytesAtOnce?: number;
  /** Bytes of different call frame information kept; 16 MiB unless told otherwise. */
  readonly maxUnwindingBytes?: number;
  /** What it shares with the other maps; its own limits are all unless given. */
  readonly memory?: MapMemory;
}

const DEFAULTS = {
  maxBytes: 4 * 1024 * 1024 * 1024,
  maxBytesAtOnce: 64 * 1024 * 1024,
  maxEntries: 2_000_000,
  maxName: 4096,
  maxNameBytes: 256 * 1024 * 1024,
  maxUnwindingBytes: 16 * 1024 * 1024,
};
/** `JiTD` as the machine writes it; both of ours are little-endian. */
const MAGIC = 0x4a69_5444;
const HEADER = { totalSize: 8, pid: 20, flags: 32, bytes: 40 } as const;
/** JITDUMP_FLAGS_ARCH_TIMESTAMP: times are a counter of the processor, of which nobody knows the rate. */
const ARCH_TIMESTAMP = 1n;
const JIT_CODE_LOAD = 0;
const JIT_CODE_MOVE = 1;
const JIT_CODE_UNWINDING_INFO = 4;
/** struct jr_prefix, jr_code_load and jr_code_move. */
const PREFIX_BYTES = 16;
const TIMESTAMP = 8;
const LOAD = { address: 32, size: 40, name: 56 } as const;
const MOVE = { oldAddress: 32, newAddress: 40, size: 48, bytes: 64 } as const;
const PIECE = 64 * 1024;
/** Of a piece without a record, what is looked at again with the next: one may begin there. */
const OVERLAP = 16 * 1024;

/** Whether an open file begins as a jitdump does. */
export function isJitDump(fd: number): boolean {
  const header = new Uint8Array(HEADER.bytes);
  return (
    readSync(fd, header, 0, HEADER.bytes, 0) === HEADER.bytes &&
    viewOf(header).getUint32(0, true) === MAGIC
  );
}

export class JitDump {
  readonly #limits: typeof DEFAULTS;
  readonly #memory: MapMemory | undefined;
  readonly #piece = new Uint8Array(PIECE);
  #entries: PerfMapEntries;
  /** As entries; what is a name there is the number of the information, or nothing. */
  #unwound: PerfMapEntries | undefined;
  #unwindings: JitUnwindings;
  /** Of the code that is described next. */
  #nextUnwinding: number | undefined;
  #jscNames: JscNames;
  /** Where the first record begins that is not read yet; 0: before the header. */
  #offset = 0;
  /** Bytes read by this refresh. */
  #read = 0;
  #isBehind = false;
  #closed = false;
  /** By which it is read; the caller's, unless it was told to keep one. */
  #fd: number;
  #isOwn = false;
  #hasTimes = true;
  /** As the process sees itself. */
  #pid = 0;
  /** Where the next record begins is not known. */
  #isLost = false;
  #knownUntil = 0;
  #readUntil = Number.NEGATIVE_INFINITY;
  /** CLOCK_MONOTONIC of this refresh. */
  #now: number | undefined;

  /** @param fd a jitdump, open for reading: it stays the caller's, and open until `close`. */
  constructor(fd: number, options: JitDumpOptions = {}) {
    this.#fd = fd;
    const { memory, ...limits } = options;
    this.#limits = { ...DEFAULTS, ...limits };
    this.#memory = memory;
    this.#entries = this.#noEntries();
    this.#unwindings = this.#noUnwindings();
    this.#jscNames = new JscNames(this.#share());
  }

  /** Entries read. */
  get size(): number {
    return this.#entries.count;
  }

  /** Until when everything is known that the runtime says: it may keep what is newer for a while. */
  get knownUntil(): number {
    return this.#knownUntil;
  }

  /** When it was last read to its end, as the clock of `refresh` has it. */
  get readUntil(): number {
    return this.#readUntil;
  }

  /**
   * Reads what was appended since, and no more than `maxBytesAtOnce` of it; all of it anew when the file
   * has become shorter.
   * @param now CLOCK_MONOTONIC in ns: what has no time of its own, or an impossible one, is of that time
   */
  refresh(now?: number): void {
    if (this.#closed) return;
    this.#now = now;
    // A file that fails has no more to read: who reads until nothing is left would never end.
    this.#isBehind = false;
    const size = Math.min(fstatSync(this.#fd).size, this.#limits.maxBytes);
    if (size < this.#offset) {
      this.#giveBack();
      this.#entries = this.#noEntries();
      this.#unwound = undefined;
      this.#unwindings = this.#noUnwindings();
      this.#jscNames = new JscNames(this.#share());
      this.#nextUnwinding = undefined;
      this.#isLost = false;
      this.#offset = 0;
    }
    if (this.#offset === 0) this.#offset = this.#headerSize(size);
    this.#read = 0;
    while (this.#offset > 0 && this.#offset < size && !this.#entries.truncated) {
      this.#isBehind = this.#read >= this.#limits.maxBytesAtOnce || (this.#memory?.left ?? 1) <= 0;
      if (this.#isBehind) return;
      const used = this.#readRecords(size);
      if (used === 0) break;
      this.#offset += used;
    }
    this.#readUntil = now ?? Number.POSITIVE_INFINITY;
  }

  /**
   * The code that covers `address`; of what overlaps what was written last, or with `time`
   * (CLOCK_MONOTONIC in ns) what was there then: else the first that was there afterwards.
   */
  lookup(address: number, time?: number): SymbolHit | undefined {
    const hit = this.#entries.lookup(address, time);
    return hit && { ...hit, name: this.#jscNames.complete(hit.name) };
  }

  /**
   * The call frame information of the code that covers `address`, as lookup() has it; undefined where
   * the runtime gave none.
   */
  unwindingOf(address: number, time?: number): UnwoundCode | undefined {
    const hit = this.#unwound?.lookup(address, time);
    const unwinding =
      hit === undefined || hit.name === '' ? undefined : this.#unwindings.at(Number(hit.name));
    return hit && unwinding && { ...unwinding, start: hit.start, size: hit.size };
  }

  /** Whether the last `refresh` has left something for the next one. */
  get isBehind(): boolean {
    return !this.#closed && this.#isBehind;
  }

  /**
   * The same for code that the runtime has not described yet, as long as it is a copy of a piece that it
   * has: CPython keeps the last 4 KiB of its dump until it ends, and all of its code is one trampoline.
   * @param within the mapping that the code is in
   * @param read memory of the process; undefined when it cannot be read
   */
  unwindingOfCopy(
    address: number,
    within: AddressRange,
    read: (range: AddressRange) => Uint8Array | undefined,
  ): UnwoundCode | undefined {
    return this.#unwindings.ofCopy(address, within, read);
  }

  /** Whether there is call frame information; undefined as long as no code is described. */
  get hasUnwinding(): boolean | undefined {
    if (this.#unwound !== undefined) return true;
    return this.#entries.count > 0 ? false : undefined;
  }

  /** Whether a limit was reached, and later entries are missing. */
  get truncated(): boolean {
    return this.#entries.truncated;
  }

  /** Gives back what it shares with other maps: nobody asks it any more. */
  release(): void {
    this.close();
    this.#giveBack();
  }

  /** Goes on by a descriptor of its own: the caller may close his. @throws NodeJS.ErrnoException */
  keepOpen(): void {
    if (this.#closed || this.#isOwn) return;
    this.#fd = openFile(`/proc/self/fd/${this.#fd}`, 'r');
    this.#isOwn = true;
  }

  /** Reads no further; what was read still answers. */
  close(): void {
    if (this.#isOwn && !this.#closed) closeFile(this.#fd);
    this.#closed = true;
  }

  #noEntries(): PerfMapEntries {
    return new PerfMapEntries(this.#limits, this.#share());
  }

  #noUnwindings(): JitUnwindings {
    return new JitUnwindings(this.#limits.maxUnwindingBytes, this.#share());
  }

  /** Of the user that the file is of. */
  #share(): MapShare | undefined {
    return this.#memory?.share(fstatSync(this.#fd).uid);
  }

  #giveBack(): void {
    this.#entries.release();
    this.#unwound?.release();
    this.#unwindings.release();
    this.#jscNames.release();
  }

  /** 0 while it is not written yet. */
  #headerSize(size: number): number {
    if (size < HEADER.bytes) return 0;
    const length = readSync(this.#fd, this.#piece, 0, HEADER.bytes, 0);
    const view = viewOf(this.#piece);
    const total = view.getUint32(HEADER.totalSize, true);
    this.#pid = view.getUint32(HEADER.pid, true);
    this.#hasTimes = (view.getBigUint64(HEADER.flags, true) & ARCH_TIMESTAMP) === 0n;
    return length === HEADER.bytes && total >= HEADER.bytes && total <= size ? total : 0;
  }

  /** The whole records of the next piece; gives how many bytes they were. */
  #readRecords(size: number): number {
    const left = size - this.#offset;
    const length = readSync(this.#fd, this.#piece, 0, Math.min(PIECE, left), this.#offset);
    this.#read += length;
    const view = viewOf(this.#piece);
    const piece = this.#piece.subarray(0, length);
    const dump = { pid: this.#pid, maxName: this.#limits.maxName };
    let at = 0;
    while (at + PREFIX_BYTES <= length) {
      if (this.#isLost || isDamaged(piece, at, dump)) {
        const restart = this.#restartOf(piece, at, dump);
        if (restart === undefined) break;
        at = restart;
        continue;
      }
      const total = view.getUint32(at + 4, true);
      // Not written to its end yet.
      if (at + total > left) break;
      // Behind the name is the code itself, which is not needed.
      const isUnwinding = view.getUint32(at, true) === JIT_CODE_UNWINDING_INFO && total <= PIECE;
      const needed = isUnwinding ? total : Math.min(total, LOAD.name + this.#limits.maxName + 1);
      if (at + needed > length) break;
      this.#take(view, at, at + needed);
      at += total;
    }
    if (at > 0) this.#entries.pay(Math.min(at, length));
    this.#unwound?.pay(0);
    return at;
  }

  /** Where to go on in a piece; undefined where nothing is to be found in what is there. */
  #restartOf(piece: Uint8Array, at: number, dump: DumpFacts): number | undefined {
    const { length } = piece;
    this.#isLost = true;
    this.#nextUnwinding = undefined;
    const found = restartOf(piece, at, dump);
    if (found !== undefined) this.#isLost = false;
    if (found !== undefined || length < PIECE) return found;
    // Nothing in all of a piece.
    return at < length - OVERLAP ? length - OVERLAP : undefined;
  }

  #take(view: DataView, at: number, end: number): void {
    const kind = view.getUint32(at, true);
    const number = (offset: number) => Number(view.getBigUint64(at + offset, true));
    const since = this.#timeOf(number(TIMESTAMP));
    if (kind === JIT_CODE_LOAD && at + LOAD.name < end) {
      const bytes = this.#piece.subarray(at + LOAD.name, end);
      const length = bytes.indexOf(0);
      const name = length < 0 ? bytes : bytes.subarray(0, length);
      this.#entries.addEntry(number(LOAD.address), number(LOAD.size), name, since);
      this.#addUnwinding(number(LOAD.address), number(LOAD.size), this.#nextUnwinding, since);
      if (this.#nextUnwinding !== undefined) {
        const code = codeOf(this.#piece.subarray(at, end), number(LOAD.size));
        this.#unwindings.addCode(this.#nextUnwinding, code);
      }
      this.#nextUnwinding = undefined;
      if (isJsc(name)) this.#jscNames.add(utf8.decode(name));
    } else if (kind === JIT_CODE_MOVE && at + MOVE.bytes <= end) {
      const moved = this.#entries.lookup(number(MOVE.oldAddress));
      if (moved === undefined) return;
      const name = new TextEncoder().encode(moved.name);
      this.#entries.addEntry(number(MOVE.newAddress), number(MOVE.size), name, since);
      const unwinding = this.#unwound?.lookup(number(MOVE.oldAddress))?.name;
      const moving = unwinding === undefined || unwinding === '' ? undefined : Number(unwinding);
      this.#addUnwinding(number(MOVE.newAddress), number(MOVE.size), moving, since);
    } else if (kind === JIT_CODE_UNWINDING_INFO) {
      // One that was cut, because it is longer than any that there is, says nothing.
      const isWhole = end - at === view.getUint32(at + 4, true);
      const read = isWhole ? readJitUnwinding(this.#piece.subarray(at, end)) : undefined;
      this.#nextUnwinding = read && this.#unwindings.add(read);
    }
  }

  /** Nothing is remembered until the first that has some; from then on what has none is too. */
  #addUnwinding(address: number, size: number, unwinding: number | undefined, since: number): void {
    if (unwinding === undefined && this.#unwound === undefined) return;
    this.#unwound ??= this.#noEntries();
    const text = new TextEncoder().encode(unwinding === undefined ? '' : String(unwinding));
    this.#unwound.addEntry(address, size, text, since);
  }

  #timeOf(written: number): number {
    const now = this.#now ?? Number.POSITIVE_INFINITY;
    if (this.#hasTimes && written > 0 && written <= now) {
      this.#knownUntil = Math.max(this.#knownUntil, written);
      return written;
    }
    return this.#now ?? 0;
  }
}

/** The code at the end of a load record, unless it was not read to its end. */
function codeOf(record: Uint8Array, size: number): Uint8Array | undefined {
  const isWhole = record.length === viewOf(record).getUint32(4, true);
  const begin = record.length - size;
  return isWhole && size > 0 && begin > LOAD.name ? record.subarray(begin) : undefined;
}

/** Whether a name begins with `JSC-`. */
function isJsc(name: Uint8Array): boolean {
  return name[0] === 0x4a && name[1] === 0x53 && name[2] === 0x43 && name[3] === 0x2d;
}
