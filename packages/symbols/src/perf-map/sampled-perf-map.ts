/**
 * The perf map of a process, of which only what was sampled is known: see scan-perf-map.ts. Whoever holds
 * it does the scans, wherever he likes, one after the other: `nextScan()` says which, `take()` is given
 * what came of it. The file may grow and be written over meanwhile: an address is what it was at its time.
 */
import { fstatSync } from 'node:fs';
import { closeFile } from '../descriptors.ts';
import type { SymbolHit } from '../symbol-table.ts';
import { type MapMemory, MapShare } from './map-memory.ts';
import type { PerfMapScan, ScannedPerfMap } from './scan-perf-map.ts';

/** Read by one scan, which takes a tenth of a second. */
const SCAN_BYTES = 32 * 1024 * 1024;
const MAX_BYTES = 4 * 1024 * 1024 * 1024;
const MAX_ADDRESSES = 200_000;
/** Of an address that is described again and again, what was said last. */
const MAX_DESCRIPTIONS = 32;
/** Times at which the file was found to have grown. */
const MAX_GROWTHS = 64;
/** Times at which it was found to be written over, of a program that does that on and on. */
const MAX_ENDS = 64;

/** What an address was said to be. */
interface Description {
  readonly hit: SymbolHit;
  /** Since when, of whichever clock the holder goes by. */
  readonly since: number;
  /** In which edition of the file. */
  readonly edition: number;
}

/** A part of the file, in as many scans as it takes. */
interface Task {
  readonly addresses: Float64Array;
  /** Set where the file has grown and its new bytes are scanned; undefined where old ones are, for new addresses. */
  readonly growth:
    | { readonly size: number; readonly mtimeMs: number; readonly now: number }
    | undefined;
  /** Where it is. */
  from: number;
  isInLongLine: boolean;
  /** Rest of the part: what stands before each `to` is known since then. */
  readonly parts: { readonly to: number; readonly since: number }[];
}

const NOTHING = new Uint8Array(0);

export class SampledPerfMap implements Disposable {
  #fd: number;
  readonly #share: MapShare;
  /** By address; nothing, if nothing is said of it. Oldest first. */
  readonly #known = new Map<number, Description[]>();
  /** Addresses that were never looked for, and the earliest time at which one of them was sampled. */
  #fresh = new Set<number>();
  #freshSince = Number.POSITIVE_INFINITY;
  #edition = 0;
  /** When each of the editions before this one was seen to be gone; oldest first. */
  readonly #ends: number[] = [];
  /** How much of this edition is read, and what stands before that. */
  #offset = 0;
  #isInLongLine = false;
  #tail = NOTHING;
  /** What stands from there on was written by then. */
  #growths: { readonly offset: number; readonly since: number }[] = [];
  /** As the file was when it was read to its end the last time. */
  #seen: { readonly size: number; readonly mtimeMs: number } | undefined;
  /** As it is now. */
  #file = { size: 0, mtimeMs: 0, now: 0 };
  #lastRead = 0;
  #knownUntil = Number.NEGATIVE_INFINITY;
  #task: Task | undefined;
  #isScanning = false;
  #isClosing = false;
  #truncated = false;
  /** A scan of it could not be done. */
  #isGivenUp = false;

  /** @param fd the open map: it is this object's from now on */
  constructor(fd: number, { memory }: { readonly memory?: MapMemory } = {}) {
    this.#fd = fd;
    this.#share = memory?.share(fstatSync(fd).uid) ?? new MapShare();
  }

  /** Open for reading; undefined once it is closed. */
  get fd(): number | undefined {
    return this.#fd < 0 ? undefined : this.#fd;
  }

  /** Of the file, when it was looked at. */
  get size(): number {
    return this.#file.size;
  }

  /** How often it was written from its beginning, as far as it was seen. */
  get editions(): number {
    return this.#edition + 1;
  }

  /** Whether something that the file says was left out. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Whether there is something to scan. */
  get isBehind(): boolean {
    if (this.#fd < 0 || this.#isGivenUp || this.#known.size === 0) return false;
    return this.#task !== undefined || this.#fresh.size > 0 || this.#hasGrown();
  }

  /** Whether a scan was handed out that has not come back. */
  get isScanning(): boolean {
    return this.#isScanning;
  }

  /**
   * What was at an address that was sampled; undefined too while it is not known.
   * @param time of the clock of look()
   */
  lookup(address: number, time: number): SymbolHit | undefined {
    const descriptions = this.#known.get(address);
    if (descriptions === undefined) {
      this.#want(address, time);
      return undefined;
    }
    let best: Description | undefined;
    for (const description of descriptions) {
      const { edition, since } = description;
      if (time >= this.#endOf(edition)) continue;
      // Where none was there by then, the first that came: it was written late.
      if (best !== undefined && (edition !== best.edition || since > time)) break;
      best = description;
    }
    return best?.hit;
  }

  /** Whether what lookup() says stays so. */
  isCertain(address: number, time: number): boolean {
    if (this.#fd < 0) return true;
    return time <= this.#knownUntil && this.#known.has(address) && !this.#isAsked(address);
  }

  /** Looks whether the file has grown. @throws NodeJS.ErrnoException */
  look(now: number): void {
    if (this.#fd < 0) return;
    const { size, mtimeMs } = fstatSync(this.#fd);
    this.#file = { size, mtimeMs, now };
    if (this.#task === undefined && !this.#hasGrown()) this.#knownUntil = now;
  }

  /** The next part to scan, if there is one, and none is being scanned. */
  nextScan(): PerfMapScan | undefined {
    if (this.#isScanning || !this.isBehind) return undefined;
    this.#task ??= this.#nextTask();
    const { from, isInLongLine, parts, addresses } = this.#task;
    const end = parts[0]?.to ?? from;
    this.#isScanning = true;
    return {
      ...{ from, isInLongLine, addresses },
      to: Math.min(end, from + SCAN_BYTES),
      before: { offset: this.#offset, bytes: this.#tail },
    };
  }

  /** What came of the scan that was handed out last; undefined if it could not be done. */
  take(scan: PerfMapScan, scanned: ScannedPerfMap | undefined): void {
    this.#isScanning = false;
    const task = this.#task;
    if (this.#isClosing) this.close();
    // The file was replaced meanwhile, or closed.
    if (this.#fd < 0 || task === undefined || task.from !== scan.from) return;
    if (scanned === undefined) {
      this.#isGivenUp = true;
      this.#truncated = true;
    } else if (scanned.isWrittenOver) this.#restart(this.#file.now);
    else this.#goOn(task, scan, scanned);
  }

  /** Whether `fd` is open on the same file. */
  isSame(fd: number): boolean {
    if (this.#fd < 0) return false;
    const [own, other] = [fstatSync(this.#fd), fstatSync(fd)];
    return own.ino === other.ino && own.dev === other.dev;
  }

  /**
   * Reads from `fd` from now on, another file that took the place of this one: as if written over.
   * Only while nothing is being scanned.
   */
  replace(fd: number, now: number): void {
    closeFile(this.#fd);
    this.#fd = fd;
    this.#restart(now);
  }

  /** Closes the file, after the scan that is under way; what is known still answers. */
  close(): void {
    this.#isClosing = true;
    if (this.#isScanning || this.#fd < 0) return;
    closeFile(this.#fd);
    this.#fd = -1;
  }

  /** Gives back what it shares with other maps: nobody asks it any more. */
  release(): void {
    this.close();
    this.#share.release();
    this.#known.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #want(address: number, time: number): void {
    if (this.#fd < 0 || this.#known.size >= MAX_ADDRESSES || !this.#share.take(0, 1, 0)) {
      this.#truncated ||= this.#fd >= 0;
      return;
    }
    this.#known.set(address, []);
    this.#fresh.add(address);
    this.#freshSince = Math.min(this.#freshSince, time);
  }

  #isAsked(address: number): boolean {
    return (
      this.#fresh.has(address) || (this.#task !== undefined && this.#task.growth === undefined)
    );
  }

  #hasGrown(): boolean {
    const { size, mtimeMs } = this.#file;
    return size !== (this.#seen?.size ?? 0) || mtimeMs !== (this.#seen?.mtimeMs ?? mtimeMs);
  }

  /** What was said before comes first, then all addresses are as far. */
  #nextTask(): Task {
    if (this.#fresh.size > 0) {
      const fresh = this.#fresh;
      const since = this.#freshSince;
      this.#fresh = new Set();
      this.#freshSince = Number.POSITIVE_INFINITY;
      if (this.#offset > 0) return this.#earlierTask(fresh, since);
    }
    const { size, mtimeMs, now } = this.#file;
    const writtenAt = now - Math.max(0, Date.now() - mtimeMs) * 1e6;
    const since = Math.max(this.#lastRead, writtenAt);
    if (size > MAX_BYTES) this.#truncated = true;
    return {
      addresses: ascending(this.#known.keys()),
      growth: { size, mtimeMs, now },
      from: this.#offset,
      isInLongLine: this.#isInLongLine,
      parts: [{ to: Math.min(size, MAX_BYTES), since }],
    };
  }

  /** What the file said before: in one part what was there by then, and what came later by its times. */
  #earlierTask(fresh: ReadonlySet<number>, sampledSince: number): Task {
    const parts: { to: number; since: number }[] = [];
    for (const [index, { offset, since }] of this.#growths.entries()) {
      const isLater = offset > 0 && since > sampledSince;
      if (parts.length > 0 && !isLater) parts.pop();
      parts.push({ to: this.#growths[index + 1]?.offset ?? this.#offset, since });
    }
    const addresses = ascending(fresh);
    return { addresses, growth: undefined, from: 0, isInLongLine: false, parts };
  }

  #goOn(task: Task, scan: PerfMapScan, scanned: ScannedPerfMap): void {
    const [part] = task.parts;
    this.#describe(task.addresses, scanned.found, part?.since ?? 0);
    const hasMoved = scanned.offset > task.from;
    task.from = scanned.offset;
    task.isInLongLine = scanned.isInLongLine;
    if (task.growth !== undefined && hasMoved) {
      this.#noteGrowth(scan.from, part?.since ?? 0);
      this.#offset = scanned.offset;
      this.#isInLongLine = scanned.isInLongLine;
      this.#tail = Uint8Array.from(scanned.tail);
    }
    // At its end there may be a line that is not whole yet: it stays for the next time.
    if (scan.to === part?.to || !hasMoved) task.parts.shift();
    if (task.parts.length > 0) return;
    this.#task = undefined;
    if (task.growth === undefined) return;
    const { size, mtimeMs, now } = task.growth;
    this.#seen = { size, mtimeMs };
    this.#lastRead = now;
    this.#knownUntil = now;
  }

  /** When it was seen to be gone; of one that is long gone, before everything. */
  #endOf(edition: number): number {
    if (edition === this.#edition) return Number.POSITIVE_INFINITY;
    const at = edition - this.#edition + this.#ends.length;
    return this.#ends[at] ?? Number.NEGATIVE_INFINITY;
  }

  #noteGrowth(offset: number, since: number): void {
    const last = this.#growths.at(-1);
    if (last === undefined || last.since !== since) this.#growths.push({ offset, since });
    if (this.#growths.length > MAX_GROWTHS) this.#growths.splice(1, 1);
  }

  #describe(
    addresses: Float64Array,
    found: readonly (SymbolHit | undefined)[],
    since: number,
  ): void {
    for (const [index, hit] of found.entries()) {
      const descriptions = hit && this.#known.get(addresses[index] as number);
      if (hit === undefined || descriptions === undefined) continue;
      const edition = this.#edition;
      const last = descriptions.at(-1);
      // Parts of what was read at once are one description: of it the last counts.
      if (last?.edition === edition && last.since === since) descriptions.pop();
      if (last?.hit.name !== hit.name && !this.#share.take(0, 1, hit.name.length)) {
        this.#truncated = true;
        return;
      }
      descriptions.push({ hit, since, edition });
      if (descriptions.length > MAX_DESCRIPTIONS) descriptions.shift();
    }
  }

  #restart(now: number): void {
    this.#edition++;
    this.#ends.push(now);
    if (this.#ends.length > MAX_ENDS) this.#ends.shift();
    this.#task = undefined;
    this.#offset = 0;
    this.#isInLongLine = false;
    this.#tail = NOTHING;
    this.#growths = [];
    this.#seen = undefined;
    this.#fresh = new Set();
    this.#freshSince = Number.POSITIVE_INFINITY;
    this.look(now);
  }
}

function ascending(addresses: Iterable<number>): Float64Array {
  return Float64Array.from(addresses).sort();
}
