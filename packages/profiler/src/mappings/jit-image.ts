// What names the generated code of one program image: the jitdump that it has mapped, its perf map, and
// for code that it was forked with those of the image that it was forked from. Either file may be written
// long after the code has run, or as the last thing that the process does: it is looked for again and
// again, and once more at the end, in the folder that is held open since the first sign of such code.

import { fstatSync } from 'node:fs';
import {
  isJitDump,
  isSystemError,
  JitDump,
  type MapMemory,
  type MapOwner,
  type PerfMapFolder,
  SampledPerfMap,
  type SymbolHit,
  type UnwoundCode,
} from '@waggle/symbols';
import type { ProgramImage } from './address-spaces.ts';
import type { MappedObject } from './image-mappings.ts';
import type { MapToScan } from './perf-map-scanner.ts';
import { type RuntimeName, runtimeOf } from './runtimes.ts';

/** A runtime makes its file with its first code, so it may not be there at the first sample. */
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 3000;
/** A clock that was set meanwhile is none to go by; stamps of files are a few ms behind. */
const CLOCK_SLACK_MS = 2000;

/** Where an image's files are looked for. */
export interface JitSources {
  /** Whose a perf map has to be; undefined when the process is gone. */
  owner(): MapOwner | undefined;
  /** /tmp as the process sees it; undefined when it is gone, or too many are open. */
  folder(): PerfMapFolder | undefined;
  /** So many bytes of a process's memory; undefined where they are not to be had. */
  memoryOf(pid: number, start: number, bytes: number): Uint8Array | undefined;
  /** The open file of the jitdump that the image has mapped itself. */
  dump(): number | undefined;
  /** When the process was started, in ms since the epoch; undefined when it is gone. */
  start(): number | undefined;
  /** CLOCK_MONOTONIC in ns. */
  now(): number;
  /** Whether one more file may be open. */
  hasRoom(): boolean;
  /** Told that there is a perf map now, which nothing that was sampled before has asked. */
  found(): void;
  /** What all maps share. */
  readonly memory: MapMemory;
  /** Told whether the image's code may have call frame information, when that changes. */
  unwinds(may: boolean): void;
}

/** `none`: by frame pointers, as far as anybody will ever say; `unknown`: it may be said later. */
export type NoUnwinding = 'none' | 'unknown';

/** Addresses whose code was compared with that of others, between two readings of the dump. */
const MAX_COMPARED = 4096;

/** Of one jitdump, in one round: so that each has its turn. */
const MAX_BYTES_AT_ONCE = 2 * 1024 * 1024;
/** Rounds until every sample of an image that has ended has asked for its addresses. */
const ROUNDS_UNTIL_ASKED = 5;

/** An instruction that was sampled. */
export interface SampledCode {
  readonly code: JitImage;
  readonly address: number;
  readonly time: number;
  readonly isReturn: boolean;
  readonly isInherited: boolean;
}

export interface ParentCode {
  readonly image: JitImage;
  /** CLOCK_MONOTONIC in ns: what was generated afterwards is not the child's. */
  readonly forkedAt: number;
}

export class JitImage {
  /** Sampled since the last collection. */
  used = true;
  /** Where its perf map is, or will be. */
  place: PerfMapFolder | undefined;
  #owner: MapOwner | undefined;
  #writtenAfter = 0;
  #map: SampledPerfMap | undefined;
  #dump: JitDump | undefined;
  /** It has mapped one, which tells times apart, even if there is nothing in it yet. */
  #hasDump = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;
  #ended = false;
  #roundsSinceEnd = 0;
  #mayUnwind = false;
  #compared = new Map<number, UnwoundCode | undefined>();
  #foundRuntime: RuntimeName | undefined;
  #foundParent: { readonly parent: ParentCode | undefined } | undefined;

  readonly #image: ProgramImage;
  readonly #sources: JitSources;
  readonly #findParent: () => ParentCode | undefined;

  constructor(
    readonly key: string,
    image: ProgramImage,
    sources: JitSources,
    /** Of the process that this one was forked from. Asked once. */
    findParent: () => ParentCode | undefined,
  ) {
    this.#image = image;
    this.#sources = sources;
    this.#findParent = findParent;
  }

  /** Those that it was forked from, as far as anybody has asked. */
  *ancestors(): Generator<JitImage> {
    for (
      let image = this.#foundParent?.parent?.image;
      image !== undefined;
      image = image.#foundParent?.parent?.image
    )
      yield image;
  }

  get parent(): ParentCode | undefined {
    this.#foundParent ??= { parent: this.#findParent() };
    return this.#foundParent.parent;
  }

  /** Whether anything was found that says what its code is. */
  get isDescribed(): boolean {
    const own = this.#map !== undefined || this.#dump !== undefined;
    return own || (this.parent?.image.isDescribed ?? false);
  }

  /** Whether it, or whom it was forked from, still runs and writes a jitdump: in pieces, the last at its end. */
  get writesDump(): boolean {
    return (this.#hasDump && !this.#ended) || (this.parent?.image.writesDump ?? false);
  }

  /** What generates it, if its program is known. */
  get runtime(): RuntimeName | undefined {
    this.#foundRuntime ??= runtimeOf(this.#image.mappings.paths());
    return this.#foundRuntime;
  }

  /** Nothing more will be known of it. */
  get hasEnded(): boolean {
    return !this.#mayGrow && this.mapToScan === undefined;
  }

  /** Whether it holds files open. */
  get isReading(): boolean {
    return this.mapToScan !== undefined || (this.#mayGrow && this.#dump !== undefined);
  }

  /** Whether more may be known of it: by what it writes, or what is not read yet of its jitdump. */
  get #mayGrow(): boolean {
    return !this.#ended || this.isBehind;
  }

  /** Its perf map, as long as there may be more to read of it. */
  get mapToScan(): MapToScan | undefined {
    const map = this.#map;
    return map?.fd === undefined ? undefined : { map, isLast: this.#ended };
  }

  /** Whether it was there still when it was looked at: what it writes can be told from what others do. */
  get isIdentified(): boolean {
    return this.#owner !== undefined && this.place !== undefined;
  }

  /** Whether nothing is known of what it has mapped. */
  get isUnfollowed(): boolean {
    return this.#image.mappings.isEmpty;
  }

  /** Whether memory was there when the process was forked. */
  isInherited({ since }: MappedObject): boolean {
    return since <= this.#image.since;
  }

  /**
   * What was at an address.
   * @param time CLOCK_MONOTONIC in ns
   * @param isInherited the memory was there already when the process was forked
   */
  lookup(address: number, time: number, isInherited: boolean): SymbolHit | undefined {
    const own = this.#dump?.lookup(address, time) ?? this.#map?.lookup(address, time);
    if (own !== undefined || !isInherited) return own;
    const { parent } = this;
    return parent?.image.lookup(address, Math.min(time, parent.forkedAt), true);
  }

  /**
   * How code is walked through that was at an address; parameters as of lookup().
   * @param mapping of whose memory it is, to be compared with code that is described already
   */
  unwindingOf(
    address: number,
    time: number,
    isInherited: boolean,
    mapping: MappedObject,
  ): UnwoundCode | NoUnwinding {
    this.#readUntil(time);
    const said = this.#unwindingAt(address, time, isInherited);
    // Of a process that has ended, what its memory was compared with while it could be read.
    if (said === 'none') return this.#compared.get(address) ?? said;
    if (said !== 'unknown') return said;
    if (!this.#compared.has(address) && this.#compared.size < MAX_COMPARED)
      this.#compared.set(address, this.#unwindingOfCopy(address, mapping));
    return this.#compared.get(address) ?? 'unknown';
  }

  /** Whether its code, or that which it was forked with, has or had a jitdump. */
  get isDumped(): boolean {
    return this.#hasDump || (this.parent?.image.isDumped ?? false);
  }

  /** Another one when unwindingOf() may have another answer. */
  get edition(): number {
    const own = (this.#dump?.size ?? 0) + Number(!this.#mayGrow);
    return own + (this.parent?.image.edition ?? 0);
  }

  /** Whether what lookup() says stays so: a runtime writes its jitdump in large pieces. */
  isSettled(address: number, time: number, isInherited: boolean): boolean {
    if (this.#hasDump && !((this.#dump?.knownUntil ?? Number.NEGATIVE_INFINITY) >= time))
      return false;
    if (this.#dump?.lookup(address, time) !== undefined) return true;
    if (this.#map?.isCertain(address, time) === false) return false;
    const { parent } = this;
    if (!isInherited || parent === undefined || this.#map?.lookup(address, time) !== undefined)
      return true;
    return parent.image.isSettled(address, Math.min(time, parent.forkedAt), true);
  }

  /** Whether a perf map is still to be asked about an address. */
  isAsked(address: number, time: number, isInherited: boolean): boolean {
    if (this.mapToScan !== undefined && this.#map?.isCertain(address, time) === false) return true;
    const { parent } = this;
    if (!isInherited || parent === undefined) return false;
    return parent.image.isAsked(address, Math.min(time, parent.forkedAt), true);
  }

  /** What tells times apart that may have another answer. @param width of a span, in ns */
  spanOf({ address, time, isReturn, isInherited }: SampledCode, width: number): string {
    const at = isReturn ? address - 1 : address;
    const isTimed = this.#hasDump || !this.isSettled(at, time, isInherited);
    return isTimed ? String(Math.floor(time / width)) : `e${this.#map?.editions ?? 0}`;
  }

  /** It has mapped a jitdump. */
  expectDump(): void {
    this.#hasDump = true;
    this.#retryAt = Number.NEGATIVE_INFINITY;
    this.#retryMs = FIRST_RETRY_MS;
    this.look();
  }

  /** Secures what goes with the process, and looks for its files if it is time to. */
  look(): void {
    if (this.#ended || performance.now() < this.#retryAt) return;
    this.#retryAt = performance.now() + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    this.#identify();
    this.#open();
  }

  /**
   * Reads what was written since, and what was not there before.
   * @param isInherited whether a process is there that was forked from it
   */
  refresh(isInherited = false): void {
    if (this.#ended) {
      this.#finishDump();
      if (!isInherited) this.#closeWhenAsked();
      return;
    }
    this.look();
    this.#readOn();
  }

  /** Looks for what is not there, however short a time ago it did. */
  refreshAtLast(): void {
    this.#retryAt = Number.NEGATIVE_INFINITY;
    this.refresh();
  }

  /**
   * The process has ended or runs another program: what it has written is all that there will be. Of a jitdump
   * that is too long to be read now, the next rounds have their parts.
   */
  end(): void {
    if (this.#ended) return;
    // Looked for by what is known: its entry in /proc is gone, or another image's.
    this.#open();
    this.#ended = true;
    this.#readOn();
    // Its mapping is gone, and with it soon the file that is open for it.
    if (!this.isBehind || !this.#keepsOpen()) this.#dump?.close();
  }

  #keepsOpen(): boolean {
    const keep = () => {
      this.#dump?.keepOpen();
      return true;
    };
    return whereItAnswers(keep) ?? false;
  }

  #finishDump(): void {
    if (!this.isBehind) return;
    this.#refreshDump();
    if (!this.isBehind) this.#dump?.close();
  }

  /** Whether something that its files say was left out, because all of them take too much memory. */
  get isClipped(): boolean {
    const isLeft = this.#map?.truncated === true || this.#map?.isBehind === true;
    return isLeft || this.#dump?.truncated === true;
  }

  /** Whether there is more to read of a jitdump than one round is for. */
  get isBehind(): boolean {
    return this.#dump?.isBehind === true;
  }

  /** Nobody asks it any more. */
  release(): void {
    this.#map?.release();
    this.#dump?.release();
  }

  /** What was read still answers. */
  close(): void {
    this.#map?.close();
    this.#dump?.close();
  }

  /** The process may have changed its user, and what it sees as /tmp, since it was looked at. */
  #identify(): void {
    const owner = this.#sources.owner();
    if (owner === undefined) return;
    this.#owner = owner;
    this.#writtenAfter = (this.#sources.start() ?? CLOCK_SLACK_MS) - CLOCK_SLACK_MS;
    this.place = this.#sources.folder() ?? this.place;
    // As long as there is somebody to ask.
    void this.parent;
  }

  #open(): void {
    const now = this.#sources.now();
    const { place } = this;
    const owner = this.#owner;
    const sources = this.#sources;
    const writtenAfter = this.#writtenAfter;
    if (this.#dump === undefined && sources.hasRoom()) {
      const fd = sources.dump();
      this.#hasDump = whereItAnswers(() => mayBeDump(fd)) ?? false;
      this.#dump = whereItAnswers(() => openDump(fd, now, sources.memory));
    }
    this.#tellUnwinding();
    if (this.#map !== undefined || owner === undefined || !sources.hasRoom()) return;
    const fd = whereItAnswers(() => place?.openFile(owner, { writtenAfter }));
    if (fd === undefined) return;
    this.#map = new SampledPerfMap(fd, { memory: sources.memory });
    sources.found();
  }

  /** What it has written is there to be read until all that was sampled of it has been looked for. */
  #closeWhenAsked(): void {
    const map = this.#map;
    if (map?.fd === undefined || ++this.#roundsSinceEnd < ROUNDS_UNTIL_ASKED) return;
    if (!map.isBehind && !map.isScanning) map.close();
  }

  #readOn(): void {
    this.#refreshDump();
    whereItAnswers(() => this.#refreshMap(this.#sources.now()));
  }

  #refreshDump(): void {
    whereItAnswers(() => this.#dump?.refresh(this.#sources.now()));
    // Memory of a process that has ended cannot be compared again.
    if (!this.#ended) this.#compared.clear();
    this.#tellUnwinding();
  }

  /** What was written when code ran says what it was; the next moment there may be other code. */
  #readUntil(time: number): void {
    for (let image: JitImage | undefined = this; image !== undefined; image = image.parent?.image)
      if (image.#mayGrow && image.#dump !== undefined && image.#dump.readUntil < time)
        image.#refreshDump();
  }

  #tellUnwinding(): void {
    const may = this.#hasDump && this.#dump?.hasUnwinding !== false;
    if (may === this.#mayUnwind) return;
    this.#mayUnwind = may;
    this.#sources.unwinds(may);
  }

  #unwindingAt(address: number, time: number, isInherited: boolean): UnwoundCode | NoUnwinding {
    const dump = this.#dump;
    const own = dump?.unwindingOf(address, time);
    if (own !== undefined) return own;
    if (dump?.lookup(address, time) !== undefined) return 'none';
    const known = this.#mayUnwind && this.#mayGrow ? 'unknown' : 'none';
    const { parent } = this;
    if (!isInherited || parent === undefined) return known;
    const before = Math.min(time, parent.forkedAt);
    const inherited = parent.image.#unwindingAt(address, before, true);
    return inherited === 'none' ? known : inherited;
  }

  #unwindingOfCopy(address: number, mapping: MappedObject): UnwoundCode | undefined {
    for (let image: JitImage | undefined = this; image !== undefined; image = image.parent?.image) {
      const found = image.#dump?.unwindingOfCopy(address, mapping, ({ start, end }) =>
        this.#sources.memoryOf(this.#image.pid, start, end - start),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #refreshMap(now: number): void {
    const { place } = this;
    const map = this.#map;
    const owner = this.#owner;
    const writtenAfter = this.#writtenAfter;
    if (map === undefined) return;
    if (owner !== undefined && !map.isScanning) place?.follow(map, owner, now, { writtenAfter });
    map.look(now);
  }
}

/** It is mapped before its header is written. */
function mayBeDump(fd: number | undefined): boolean {
  return fd !== undefined && (fstatSync(fd).size === 0 || isJitDump(fd));
}

function openDump(fd: number | undefined, now: number, memory: MapMemory): JitDump | undefined {
  if (fd === undefined || !isJitDump(fd)) return undefined;
  const map = new JitDump(fd, { memory, maxBytesAtOnce: MAX_BYTES_AT_ONCE });
  map.refresh(now);
  return map;
}

/**
 * undefined when the file cannot be read, as in a container whose file system was a process that ended
 * with it (FUSE). What was read before still answers.
 */
function whereItAnswers<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
