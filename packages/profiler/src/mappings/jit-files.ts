/**
 * The files that name the generated code of one program image: the jitdump that it has mapped, and its perf map.
 * Either may be written long after the code has run, or as the last thing that the process does: it is looked for
 * again and again, and once more at the end, in the folder that is held open since the first sign of such code.
 */

import { fstatSync } from 'node:fs';
import {
  isJitDump,
  isSystemError,
  JitDump,
  type MapMemory,
  type MapOwner,
  type PerfMapFolder,
  SampledPerfMap,
} from '@waggle/symbols';
import type { MapToScan } from './perf-map-scanner.ts';

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

/** Of one jitdump, in one round: so that each has its turn. */
const MAX_BYTES_AT_ONCE = 2 * 1024 * 1024;
/** Rounds until every sample of an image that has ended has asked for its addresses. */
const ROUNDS_UNTIL_ASKED = 5;

/** What its image is told. */
export interface JitFilesListener {
  /** The process is there to be asked, maybe for the last time. */
  identified(): void;
  /** The jitdump was read on, of a process that is there. */
  dumpRead(): void;
}

export class JitFiles {
  /** Where the perf map is, or will be. */
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

  readonly #sources: JitSources;
  readonly #listener: JitFilesListener;

  constructor(sources: JitSources, listener: JitFilesListener) {
    this.#sources = sources;
    this.#listener = listener;
  }

  get map(): SampledPerfMap | undefined {
    return this.#map;
  }

  get dump(): JitDump | undefined {
    return this.#dump;
  }

  /** Whether the process has mapped a jitdump, even if there is nothing in it yet. */
  get hasDump(): boolean {
    return this.#hasDump;
  }

  /** Whether it writes a jitdump still: in pieces, the last at its end. */
  get writesDump(): boolean {
    return this.#hasDump && !this.#ended;
  }

  /** Whether the image's code may have call frame information. */
  get mayUnwind(): boolean {
    return this.#mayUnwind;
  }

  /** Whether more may be known: by what the process writes, or what is not read yet of its jitdump. */
  get mayGrow(): boolean {
    return !this.#ended || this.isBehind;
  }

  /** The perf map, as long as there may be more to read of it. */
  get mapToScan(): MapToScan | undefined {
    const map = this.#map;
    return map?.fd === undefined ? undefined : { map, isLast: this.#ended };
  }

  /** Whether it was there still when it was looked at: what it writes can be told from what others do. */
  get isIdentified(): boolean {
    return this.#owner !== undefined && this.place !== undefined;
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
    this.refreshDump();
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
    this.#listener.identified();
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
    this.refreshDump();
    whereItAnswers(() => this.#refreshMap(this.#sources.now()));
  }

  /** Reads what was written of the jitdump since. */
  refreshDump(): void {
    whereItAnswers(() => this.#dump?.refresh(this.#sources.now()));
    if (!this.#ended) this.#listener.dumpRead();
    this.#tellUnwinding();
  }

  #tellUnwinding(): void {
    const may = this.#hasDump && this.#dump?.hasUnwinding !== false;
    if (may === this.#mayUnwind) return;
    this.#mayUnwind = may;
    this.#sources.unwinds(may);
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
