/**
 * Names of code that runtimes generate, by program image: perf-PID.map of the processes that write one
 * (Node with --perf-basic-prof, JVMs, Mono, ...), or the jitdump that they have mapped (Bun with
 * BUN_JSC_useJITDump, Python with -X perf_jit). What an image needs to be found later is secured when it
 * first maps memory for such code.
 */

import type { Procfs } from '@waggle/cache';
import { MapMemory } from '@waggle/symbols';
import type { AddressSpaceKey } from './address-space-key.ts';
import { type AddressSpaces, jitDumpOf, newImage, type ProgramImage } from './address-spaces.ts';
import { ImageMappings } from './image-mappings.ts';
import type { JitSources } from './jit-files.ts';
import { JitImage, type ParentCode, type SampledCode } from './jit-image.ts';
import { JitProcesses } from './jit-processes.ts';
import type { ObjectFiles } from './object-files.ts';
import { type MapToScan, type PerfMapReader, PerfMapScanner } from './perf-map-scanner.ts';
import type { ProcessMemory } from './process-memory.ts';

/** Each holds a descriptor or two. */
const MAX_OPEN_IMAGES = 256;
/** Read in one round of all jitdumps, which takes a tenth of a second; and of what there is at last. */
const ROUND_BYTES = 8 * 1024 * 1024;
const LAST_BYTES = 512 * 1024 * 1024;

/** In nanoseconds. */
export interface JitClock {
  monotonic(): bigint;
  boottime(): bigint;
  /** What makes nanoseconds since the epoch of CLOCK_BOOTTIME. */
  toEpoch(): bigint;
}

/** Of a sample: whose it is, and when. */
export interface SampledImage {
  readonly pid: number;
  readonly startTime: bigint;
  readonly execId: number;
  readonly lastTime: bigint;
}

export class JitMaps implements Disposable {
  readonly #known = new Map<ProgramImage, JitImage>();
  /** Of those, or more: made anew when it is asked for. */
  #pids: Set<number> | undefined;
  /** Of processes whose mappings nobody follows. */
  readonly #strays = new Map<string, ProgramImage>();
  /** What answers for those that were gone before they could be looked at: see throughDescendant(). */
  readonly #orphans = new Map<string, ProgramImage>();
  readonly #processes: JitProcesses;
  readonly #memory = new MapMemory();
  readonly #scanner: PerfMapScanner;
  #count = 0;
  #turn = 0;
  /** Images that are forgotten, and whose files said more than was kept. */
  #clippedBefore = 0;
  /** A map that nothing was looked for in. */
  #hasFound = false;

  readonly #spaces: AddressSpaces;
  readonly #objects: ObjectFiles;
  readonly #clock: JitClock;
  readonly #waiting: () => Iterable<SampledCode>;
  readonly #unwinds: (space: AddressSpaceKey, may: boolean) => void;
  readonly #processMemory: Pick<ProcessMemory, 'read'> | undefined;

  constructor(
    spaces: AddressSpaces,
    objects: ObjectFiles,
    procfs: Procfs,
    clock: JitClock,
    reader: PerfMapReader,
    /** What has no name yet. */
    waiting: () => Iterable<SampledCode>,
    /** Told whether code of the address space of this process may have call frame information. */
    unwinds: (space: AddressSpaceKey, may: boolean) => void = () => {},
    processMemory?: Pick<ProcessMemory, 'read'>,
  ) {
    this.#spaces = spaces;
    this.#objects = objects;
    this.#clock = clock;
    this.#waiting = waiting;
    this.#unwinds = unwinds;
    this.#processMemory = processMemory;
    this.#processes = new JitProcesses(procfs);
    this.#scanner = new PerfMapScanner(reader, () => this.#mapsToScan());
  }

  /** The code of the image that was sampled. */
  of(stack: SampledImage): JitImage {
    const { pid, startTime, execId, lastTime } = stack;
    const image =
      this.#spaces.imageAt(pid, lastTime) ?? this.#stray(pid, `${pid} ${startTime} ${execId}`);
    const code = this.#imageOf(image);
    for (let used: JitImage | undefined = code; used !== undefined; used = used.parent?.image)
      used.used = true;
    code.files.look();
    return code;
  }

  /** CLOCK_BOOTTIME as CLOCK_MONOTONIC has it, which runtimes go by: it stands still in suspend. */
  timeOf(boottime: bigint): number {
    return Number(boottime - (this.#clock.boottime() - this.#clock.monotonic()));
  }

  /** Memory for generated code was mapped. */
  mapped(image: ProgramImage): void {
    this.#imageOf(image).files.look();
  }

  /** So was a jitdump, in which there may be nothing yet. */
  dumpMapped(image: ProgramImage): void {
    this.#imageOf(image).files.expectDump();
  }

  /** The process that wrote the inherited code may be gone already; then this image says where the file is. */
  forked(image: ProgramImage): void {
    const ancestor = image.ancestor && this.#imageOf(image.ancestor.image);
    ancestor?.files.look();
    if (ancestor?.files.isIdentified === false) this.#imageOf(image).files.look();
  }

  /** Bytes that perf maps and jitdumps take, of what they may. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Images whose files say more than is kept. */
  get clipped(): number {
    let count = this.#clippedBefore;
    for (const { files } of this.#known.values()) if (files.isClipped) count++;
    return count;
  }

  /** Reads what was written since, or of much the next part; what maps say of what was sampled comes later. */
  refresh(): void {
    this.#memory.beginRound(ROUND_BYTES);
    const inherited = this.#inherited();
    for (const code of this.#inTurn()) code.files.refresh(inherited.has(code));
    if (this.#hasFound) this.#ask(this.#waiting());
    this.#hasFound = false;
    this.#scanner.keep();
  }

  /** As refresh(), and looks once more for what was not there: this may be the last time. */
  refreshAtLast(): void {
    this.#memory.beginRound(LAST_BYTES);
    for (const code of this.#known.values()) code.files.refreshAtLast();
  }

  /** Reads all that there is about this code, as far as there is time. */
  async finish(sampled: Iterable<SampledCode>): Promise<void> {
    this.refreshAtLast();
    this.#ask(sampled);
    const behind = () => [...this.#known.values()].filter(({ files }) => files.isBehind);
    for (let left = behind(); left.length > 0 && this.#memory.left > 0; left = behind())
      for (const code of left) {
        code.files.refresh();
        // Events and signals have their turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    await this.#scanner.finish();
  }

  /** Reads no map any more. */
  endScanning(): void {
    this.#scanner.end();
  }

  /** At `time` the process ended, or began to run another program. */
  end(pid: number, time: bigint, ended: boolean): void {
    // Most processes generate no code, and all of them end.
    this.#pids ??= new Set(Array.from(this.#known.keys(), (image) => image.pid));
    if (!this.#pids.has(pid)) return;
    for (const [image, code] of this.#known)
      if (image.pid === pid && (ended ? image.since <= time : !this.#spaces.isLast(image)))
        code.files.end();
  }

  /** Lets go of images that were not sampled since the last call; frames of theirs keep their names. */
  forgetUnused(): void {
    for (const [image, code] of this.#known) {
      if (code.used) {
        code.used = false;
        continue;
      }
      this.#known.delete(image);
      this.#pids = undefined;
      code.files.release();
    }
    this.#tidy();
  }

  #tidy(): void {
    for (const made of [this.#strays, this.#orphans])
      for (const [key, image] of made) if (!this.#known.has(image)) made.delete(key);
    this.#processes.keepFolders(new Set([...this.#known.values()].map(({ files }) => files.place)));
  }

  /**
   * Lets go of images that ended and that nobody can ask for, and of the memory that their files share.
   * @param isNeeded whether something can be sampled of it yet
   * @param asked code whose names somebody waits for
   */
  forgetEnded(isNeeded: (image: ProgramImage) => boolean, asked: ReadonlySet<JitImage>): void {
    const inherited = new Set<JitImage>();
    const ended: [ProgramImage, JitImage][] = [];
    for (const [image, code] of this.#known) {
      if (code.hasEnded && !isNeeded(image) && !asked.has(code)) ended.push([image, code]);
      else for (const ancestor of code.ancestors()) inherited.add(ancestor);
    }
    for (const [image, code] of ended) {
      if (inherited.has(code)) continue;
      if (code.files.isClipped) this.#clippedBefore++;
      this.#known.delete(image);
      this.#pids = undefined;
      code.files.release();
    }
    this.#tidy();
  }

  [Symbol.dispose](): void {
    // Before the files are closed that it may be reading.
    this.#scanner[Symbol.dispose]();
    for (const code of this.#known.values()) code.files.close();
    this.#processes[Symbol.dispose]();
    this.#known.clear();
  }

  /** What is looked up is what maps are scanned for. */
  #ask(sampled: Iterable<SampledCode>): void {
    for (const { code, address, time, isReturn, isInherited } of sampled)
      code.lookup(isReturn ? address - 1 : address, time, isInherited);
  }

  /** What processes that are there were forked from. */
  #inherited(): ReadonlySet<JitImage> {
    const inherited = new Set<JitImage>();
    for (const code of this.#known.values())
      if (!code.hasEnded) for (const ancestor of code.ancestors()) inherited.add(ancestor);
    return inherited;
  }

  /** Those of which there is much to read come last, each of them first once: a round has not room for all. */
  #inTurn(): readonly JitImage[] {
    const all = [...this.#known.values()];
    const behind = all.filter(({ files }) => files.isBehind);
    const first = behind.length === 0 ? 0 : this.#turn++ % behind.length;
    const others = all.filter(({ files }) => !files.isBehind);
    return [...others, ...behind.slice(first), ...behind.slice(0, first)];
  }

  *#mapsToScan(): Generator<MapToScan> {
    for (const { files } of this.#known.values()) {
      const { mapToScan } = files;
      if (mapToScan !== undefined) yield mapToScan;
    }
  }

  #imageOf(image: ProgramImage): JitImage {
    const known = this.#known.get(image);
    if (known !== undefined) return known;
    const key = `${image.pid} ${++this.#count}`;
    const code = new JitImage(key, image, this.#sourcesOf(image), () => this.#parentOf(image));
    this.#known.set(image, code);
    this.#pids = undefined;
    if (!this.#spaces.isLast(image)) code.files.end();
    return code;
  }

  #stray(pid: number, key: string): ProgramImage {
    const known = this.#strays.get(key);
    if (known !== undefined) return known;
    const image = newImage(pid, 0n, ImageMappings.empty());
    this.#strays.set(key, image);
    return image;
  }

  #sourcesOf(image: ProgramImage): JitSources {
    const processes = this.#processes;
    return {
      memory: this.#memory,
      memoryOf: (pid, start, bytes) => this.#processMemory?.read(pid, start, bytes),
      found: () => {
        this.#hasFound = true;
      },
      unwinds: (may) => this.#tellUnwinding(image.pid, may),
      owner: () => processes.owner(image.pid, image.since),
      folder: () => processes.folder(image.pid),
      dump: () => {
        const mapping = jitDumpOf(image);
        const file = mapping && (mapping.object ?? this.#objects.of(image.pid, mapping));
        // It is read here.
        return file?.remote === undefined ? file?.fd : undefined;
      },
      start: () => {
        const stat = processes.stat(image.pid);
        return stat && this.#epochMs(processes.startOf(stat));
      },
      now: () => Number(this.#clock.monotonic()),
      hasRoom: () => {
        let open = 0;
        for (const { isReading } of this.#known.values()) if (isReading) open++;
        return open < MAX_OPEN_IMAGES;
      },
    };
  }

  #tellUnwinding(pid: number, may: boolean): void {
    const stat = this.#processes.stat(pid);
    // Who may not trace the process reads 0.
    if (stat !== undefined && stat.startStack !== 0) this.#unwinds(stat, may);
  }

  #epochMs(boottime: bigint): number {
    return Number((boottime + this.#clock.toEpoch()) / 1_000_000n);
  }

  /** @param descendant which is there, if the image itself is not */
  #parentOf(image: ProgramImage, descendant = image.pid): ParentCode | undefined {
    if (image.ancestor !== undefined) {
      const { image: ancestor, forkedAt } = image.ancestor;
      const code = this.#ancestorCode(ancestor, descendant);
      return { image: code, forkedAt: this.timeOf(forkedAt) };
    }
    return image.since === 0n && image.pid === descendant
      ? this.#parentBeforeUs(descendant)
      : undefined;
  }

  #ancestorCode(ancestor: ProgramImage, descendant: number): JitImage {
    const code = this.#imageOf(ancestor);
    code.files.look();
    return code.files.isIdentified
      ? code
      : (this.#throughDescendant(code, ancestor, descendant) ?? code);
  }

  /**
   * The code of an image that ended before its perf map was read, from a process that was forked from it: what the same
   * user wrote since the image began, in the /tmp that this process sees. It holds for forks of that user alone.
   */
  #throughDescendant(
    code: JitImage,
    image: ProgramImage,
    descendant: number,
  ): JitImage | undefined {
    const owner = this.#processes.ownerThrough(descendant, image.pid);
    const folder = this.#processes.folder(descendant);
    // Since when what was there before us is there, only itself could have said.
    if (owner === undefined || folder === undefined || image.since === 0n) return undefined;
    const key = `${code.key} ${owner.uid} ${folder.key}`;
    const made = this.#orphans.get(key);
    const known = made && this.#known.get(made);
    if (known !== undefined) return known;
    const orphan = { ...image };
    const sources: JitSources = {
      ...this.#sourcesOf(image),
      unwinds: (may) => this.#tellUnwinding(descendant, may),
      owner: () => owner,
      folder: () => folder,
      start: () => this.#epochMs(image.since),
      dump: () => {
        const mapping = jitDumpOf(image);
        return mapping && this.#objects.of(descendant, mapping, this.#clock.boottime()).fd;
      },
    };
    const found = new JitImage(key, orphan, sources, () => this.#parentOf(image, descendant));
    this.#orphans.set(key, orphan);
    this.#known.set(orphan, found);
    this.#pids = undefined;
    found.files.look();
    // It writes no more.
    found.files.end();
    return found;
  }

  /** Of a process that ran already. */
  #parentBeforeUs(pid: number): ParentCode | undefined {
    const processes = this.#processes;
    const child = processes.stat(pid);
    const parent = child && processes.parentOf(child);
    if (child === undefined || parent === undefined) return undefined;
    const image =
      this.#spaces.imageAt(parent.pid, this.#clock.boottime()) ??
      this.#stray(parent.pid, `${parent.pid} ${processes.startOf(parent)}`);
    return { image: this.#imageOf(image), forkedAt: this.timeOf(processes.startOf(child)) };
  }
}
