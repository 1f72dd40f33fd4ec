// Names of code that runtimes generate, by program image: perf-PID.map of the processes that write one
// (Node with --perf-basic-prof, JVMs, Mono, ...), or the jitdump that they have mapped (Bun with
// BUN_JSC_useJITDump, Python with -X perf_jit). What an image needs to be found later is secured when it
// first maps memory for such code.

import { type Procfs, ProcfsError, type ProcStat } from '@waggle/cache';
import { MapMemory, type MapOwner, PerfMapFolder } from '@waggle/symbols';
import { type AddressSpaces, jitDumpOf, newImage, type ProgramImage } from './address-spaces.ts';
import { ImageMappings } from './image-mappings.ts';
import { JitImage, type JitSources, type ParentCode, type SampledCode } from './jit-image.ts';
import type { ObjectFiles } from './object-files.ts';
import { type MapToScan, type PerfMapReader, PerfMapScanner } from './perf-map-scanner.ts';

/** Each holds a descriptor or two. */
const MAX_OPEN_IMAGES = 256;
/** Read in one round of all jitdumps, which takes a tenth of a second; and of what there is at last. */
const ROUND_BYTES = 8 * 1024 * 1024;
const LAST_BYTES = 512 * 1024 * 1024;
/** One for each mount namespace. */
const MAX_OPEN_FOLDERS = 128;

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
  readonly execId: bigint;
  readonly lastTime: bigint;
}

/** What exec draws anew and fork leaves as it is: see struct address_space of the BPF programs. */
export type AddressSpaceKey = Pick<ProcStat, 'startCode' | 'startStack'>;

export class JitMaps implements Disposable {
  private readonly known = new Map<ProgramImage, JitImage>();
  /** Of processes whose mappings nobody follows. */
  private readonly strays = new Map<string, ProgramImage>();
  private readonly folders = new Map<string, PerfMapFolder>();
  private readonly memory = new MapMemory();
  private readonly scanner: PerfMapScanner;
  private count = 0;
  private turn = 0;
  /** A map that nothing was looked for in. */
  private hasFound = false;

  constructor(
    private readonly spaces: AddressSpaces,
    private readonly objects: ObjectFiles,
    private readonly procfs: Procfs,
    private readonly clock: JitClock,
    reader: PerfMapReader,
    /** What has no name yet. */
    private readonly waiting: () => Iterable<SampledCode>,
    /** Told whether code of the address space of this process may have call frame information. */
    private readonly unwinds: (space: AddressSpaceKey, may: boolean) => void = () => {},
  ) {
    this.scanner = new PerfMapScanner(reader, () => this.mapsToScan());
  }

  /** The code of the image that was sampled. */
  of(stack: SampledImage): JitImage {
    const { pid, startTime, execId, lastTime } = stack;
    const image =
      this.spaces.imageAt(pid, lastTime) ?? this.stray(pid, `${pid} ${startTime} ${execId}`);
    const code = this.imageOf(image);
    for (let used: JitImage | undefined = code; used !== undefined; used = used.parent?.image)
      used.used = true;
    code.look();
    return code;
  }

  /** CLOCK_BOOTTIME as CLOCK_MONOTONIC has it, which runtimes go by: it stands still in suspend. */
  timeOf(boottime: bigint): number {
    return Number(boottime - (this.clock.boottime() - this.clock.monotonic()));
  }

  /** Memory for generated code was mapped. */
  mapped(image: ProgramImage): void {
    this.imageOf(image).look();
  }

  /** So was a jitdump, in which there may be nothing yet. */
  dumpMapped(image: ProgramImage): void {
    this.imageOf(image).expectDump();
  }

  /** Images whose files say more than is kept. */
  get clipped(): number {
    let count = 0;
    for (const { isClipped } of this.known.values()) if (isClipped) count++;
    return count;
  }

  /** Reads what was written since, or of much the next part; what maps say of what was sampled comes later. */
  refresh(): void {
    this.memory.beginRound(ROUND_BYTES);
    const inherited = this.inherited();
    for (const code of this.inTurn()) code.refresh(inherited.has(code));
    if (this.hasFound) this.ask(this.waiting());
    this.hasFound = false;
    this.scanner.keep();
  }

  /** As refresh(), and looks once more for what was not there: this may be the last time. */
  refreshAtLast(): void {
    this.memory.beginRound(LAST_BYTES);
    for (const code of this.known.values()) code.refreshAtLast();
  }

  /** Reads all that there is about this code, as far as there is time. */
  async finish(sampled: Iterable<SampledCode>): Promise<void> {
    this.refreshAtLast();
    this.ask(sampled);
    const behind = () => [...this.known.values()].filter(({ isBehind }) => isBehind);
    for (let left = behind(); left.length > 0 && this.memory.left > 0; left = behind())
      for (const code of left) {
        code.refresh();
        // Events and signals have their turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    await this.scanner.finish();
  }

  /** Reads no map any more. */
  endScanning(): void {
    this.scanner.end();
  }

  /** At `time` the process ended, or began to run another program. */
  end(pid: number, time: bigint, ended: boolean): void {
    for (const [image, code] of this.known)
      if (image.pid === pid && (ended ? image.since <= time : !this.spaces.isLast(image)))
        code.end();
  }

  /** Lets go of images that were not sampled since the last call; frames of theirs keep their names. */
  forgetUnused(): void {
    for (const [image, code] of this.known) {
      if (code.used) {
        code.used = false;
        continue;
      }
      this.known.delete(image);
      code.release();
    }
    this.tidy();
  }

  private tidy(): void {
    for (const [key, image] of this.strays) if (!this.known.has(image)) this.strays.delete(key);
    const places = new Set([...this.known.values()].map(({ place }) => place));
    for (const [key, folder] of this.folders) {
      if (places.has(folder)) continue;
      this.folders.delete(key);
      folder.close();
    }
  }

  /** Lets go of images that ended and that nobody can ask for. @param isNeeded whether somebody can */
  forgetEnded(isNeeded: (image: ProgramImage) => boolean): void {
    for (const [image, code] of this.known)
      if (code.hasEnded && !isNeeded(image)) this.known.delete(image);
    this.tidy();
  }

  [Symbol.dispose](): void {
    // Before the files are closed that it may be reading.
    this.scanner[Symbol.dispose]();
    for (const code of this.known.values()) code.close();
    for (const folder of this.folders.values()) folder.close();
    this.known.clear();
    this.folders.clear();
  }

  /** What is looked up is what maps are scanned for. */
  private ask(sampled: Iterable<SampledCode>): void {
    for (const { code, address, time, isReturn, isInherited } of sampled)
      code.lookup(isReturn ? address - 1 : address, time, isInherited);
  }

  /** What processes that are there were forked from. */
  private inherited(): ReadonlySet<JitImage> {
    const inherited = new Set<JitImage>();
    for (const code of this.known.values())
      if (!code.hasEnded) for (const ancestor of code.ancestors()) inherited.add(ancestor);
    return inherited;
  }

  /** Those of which there is much to read come last, each of them first once: a round has not room for all. */
  private inTurn(): readonly JitImage[] {
    const all = [...this.known.values()];
    const behind = all.filter(({ isBehind }) => isBehind);
    const first = behind.length === 0 ? 0 : this.turn++ % behind.length;
    const others = all.filter(({ isBehind }) => !isBehind);
    return [...others, ...behind.slice(first), ...behind.slice(0, first)];
  }

  private *mapsToScan(): Generator<MapToScan> {
    for (const { mapToScan } of this.known.values()) if (mapToScan !== undefined) yield mapToScan;
  }

  private imageOf(image: ProgramImage): JitImage {
    const known = this.known.get(image);
    if (known !== undefined) return known;
    const key = `${image.pid} ${++this.count}`;
    const code = new JitImage(key, image, this.sourcesOf(image), () => this.parentOf(image));
    this.known.set(image, code);
    if (!this.spaces.isLast(image)) code.end();
    return code;
  }

  private stray(pid: number, key: string): ProgramImage {
    const known = this.strays.get(key);
    if (known !== undefined) return known;
    const image = newImage(pid, 0n, ImageMappings.empty());
    this.strays.set(key, image);
    return image;
  }

  private sourcesOf(image: ProgramImage): JitSources {
    return {
      memory: this.memory,
      found: () => {
        this.hasFound = true;
      },
      unwinds: (may) => {
        const stat = this.stat(image.pid);
        // Who may not trace the process reads 0.
        if (stat !== undefined && stat.startStack !== 0) this.unwinds(stat, may);
      },
      owner: (pid) => this.owner(pid),
      folder: (pid) => this.folder(pid),
      dump: () => {
        const mapping = jitDumpOf(image);
        return mapping && (mapping.object ?? this.objects.of(image.pid, mapping)).fd;
      },
      startOf: (pid) => {
        const stat = this.stat(pid);
        return stat && Number((this.startOf(stat) + this.clock.toEpoch()) / 1_000_000n);
      },
      now: () => Number(this.clock.monotonic()),
      hasRoom: () => {
        let open = 0;
        for (const { isReading } of this.known.values()) if (isReading) open++;
        return open < MAX_OPEN_IMAGES;
      },
    };
  }

  private owner(pid: number): MapOwner | undefined {
    const status = whereItRuns(() => this.procfs.status(pid));
    return status && { innerPid: status.nspid.at(-1) ?? pid, uid: status.uid.effective };
  }

  private folder(pid: number): PerfMapFolder | undefined {
    const folder = PerfMapFolder.ofProcess(pid);
    if (folder === undefined) return undefined;
    const known = this.folders.get(folder.key);
    if (known !== undefined || this.folders.size >= MAX_OPEN_FOLDERS) {
      folder.close();
      return known;
    }
    this.folders.set(folder.key, folder);
    return folder;
  }

  private parentOf(image: ProgramImage): ParentCode | undefined {
    if (image.ancestor !== undefined) {
      const { image: ancestor, forkedAt } = image.ancestor;
      return { image: this.imageOf(ancestor), forkedAt: this.timeOf(forkedAt) };
    }
    return image.since === 0n ? this.parentBeforeUs(image.pid) : undefined;
  }

  /**
   * Of a process that ran already: its parent, if neither has executed another program since the fork.
   * Each exec draws the addresses of code and stack anew; the file says it where they are not random.
   */
  private parentBeforeUs(pid: number): ParentCode | undefined {
    const child = this.stat(pid);
    const parent = child && child.ppid > 1 ? this.stat(child.ppid) : undefined;
    if (child === undefined || parent === undefined || child.startStack === 0) return undefined;
    if (child.startStack !== parent.startStack || child.startCode !== parent.startCode)
      return undefined;
    if (this.exe(pid) !== this.exe(parent.pid)) return undefined;
    const image =
      this.spaces.imageAt(parent.pid, this.clock.boottime()) ??
      this.stray(parent.pid, `${parent.pid} ${this.startOf(parent)}`);
    return { image: this.imageOf(image), forkedAt: this.timeOf(this.startOf(child)) };
  }

  /** CLOCK_BOOTTIME in ns, to the clock tick. */
  private startOf({ startTimeTicks }: ProcStat): bigint {
    return (BigInt(startTimeTicks) * 1_000_000_000n) / BigInt(this.procfs.clockTicksPerSecond);
  }

  private stat(pid: number): ProcStat | undefined {
    return whereItRuns(() => this.procfs.stat(pid));
  }

  private exe(pid: number): string | undefined {
    return whereItRuns(() => this.procfs.exe(pid))?.path;
  }
}

function whereItRuns<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProcfsError) return undefined;
    throw error;
  }
}
