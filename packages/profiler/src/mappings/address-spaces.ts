/**
 * What was mapped where in which process, and when: a history of program images per pid. An
 * image starts at fork or exec and is never changed by what comes after its time, so an address
 * sampled in one image is never looked up in another.
 */

import { ImageMappings, type MappedObject, type NewMapping } from './image-mappings.ts';
import type { ObjectFile } from './object-file.ts';
import { isGenerated } from './object-files.ts';
import type { Mapping, SidebandRecord } from './perf-records.ts';
import { formerText } from './text-copies.ts';

/** `jit-PID.dump`, or as JavaScriptCore has it, `jit-PID-TID-XXXXXX`: the last part of a path. */
const JIT_DUMP = /^jit-\d/;

/** The same in every process: the kernel tells of no mapping of it. */
const VSYSCALL = '[vsyscall]';

/** Where a process was forked from, if code was generated there that it may still run. */
interface Ancestor {
  readonly image: ProgramImage;
  readonly forkedAt: bigint;
}

export interface ProgramImage {
  readonly pid: number;
  /** CLOCK_BOOTTIME in ns; 0 for one that was there before us. */
  readonly since: bigint;
  readonly mappings: ImageMappings;
  hasGeneratedCode: boolean;
  /** Its own code, if it was found to have copied it to memory. */
  copiedText: MappedObject | undefined;
  ancestor: Ancestor | undefined;
}

/** A process that forks itself on and on is not to be remembered back to its beginning. */
const MAX_ANCESTORS = 16;

/** What is told of generated code, as early as it is known. */
export interface GeneratedCode {
  /** Memory for it was mapped by the image that runs now. */
  mapped(image: ProgramImage): void;
  /** So was a file that will say what it is. */
  dumpMapped(image: ProgramImage): void;
  /** It was forked with generated code, of its ancestor. */
  forked(image: ProgramImage): void;
  /** What the memory is a copy of, as a mapping of that; the mapping itself where it is none. */
  original(pid: number, mapping: MappedObject): MappedObject;
  /** The same of memory in a program that is known to have copied its text. */
  copyElsewhere(pid: number, mapping: MappedObject, text: MappedObject): MappedObject;
}

const NOBODY_ASKS: GeneratedCode = {
  mapped() {},
  dumpMapped() {},
  forked() {},
  original: (_pid, mapping) => mapping,
  copyElsewhere: (_pid, mapping) => mapping,
};

export class AddressSpaces {
  readonly #images = new Map<number, ProgramImage[]>();

  readonly #open: (pid: number, mapping: Mapping, time: bigint) => ObjectFile | undefined;
  readonly #generatedCode: GeneratedCode;

  /** @param open secures what a new executable mapping maps, as early as it is known. */
  constructor(
    open: (pid: number, mapping: Mapping, time: bigint) => ObjectFile | undefined = () => undefined,
    generatedCode: GeneratedCode = NOBODY_ASKS,
  ) {
    this.#open = open;
    this.#generatedCode = generatedCode;
  }

  /** Processes whose mappings are followed; children of followed ones are added by fork. */
  get pids(): ReadonlySet<number> {
    return new Set(this.#images.keys());
  }

  /** Follows a process from now on, with what /proc says it has mapped already. */
  seed(pid: number, mappings: readonly NewMapping[]): void {
    // They were there before anything was sampled.
    const image = newImage(pid, 0n, ImageMappings.empty());
    for (const mapping of mappings) image.mappings.add(0n, mapping);
    image.hasGeneratedCode = mappings.some(({ path }) => isGenerated({ path, content: undefined }));
    this.#images.set(pid, [image]);
    if (mappings.some(isJitDump)) this.#generatedCode.dumpMapped(image);
  }

  /** What /proc says of a process that was there before us, or more of it; what is known since stays. */
  complete(pid: number, mappings: readonly NewMapping[]): void {
    const image = this.#images.get(pid)?.at(-1);
    if (image === undefined) return;
    image.hasGeneratedCode ||= mappings.some(({ path }) =>
      isGenerated({ path, content: undefined }),
    );
    for (const mapping of mappings)
      if (image.mappings.within(mapping.start, mapping.end).length === 0)
        image.mappings.add(0n, mapping);
    if (mappings.some(isJitDump)) this.#generatedCode.dumpMapped(image);
  }

  /** Applies records in the order of their time. */
  apply(record: SidebandRecord): void {
    switch (record.type) {
      case 'fork': {
        const parent = this.#images.get(record.parent)?.at(-1);
        if (parent === undefined) return;
        const child = newImage(record.pid, record.time, parent.mappings.fork());
        child.copiedText = parent.copiedText;
        child.ancestor = ancestorOfChild(parent, record.time);
        this.#start(child);
        if (child.ancestor !== undefined) this.#generatedCode.forked(child);
        return;
      }
      case 'exec':
        if (this.#images.has(record.pid)) {
          const image = newImage(record.pid, record.time, ImageMappings.empty());
          image.mappings.completeAt = record.time;
          this.#start(image);
        }
        return;
      case 'mapping': {
        const { pid, time, mapping } = record;
        const image = this.#images.get(pid)?.at(-1);
        if (image === undefined) return;
        this.#map(image, mapping, time, time);
        return;
      }
    }
  }

  /**
   * Records were lost: takes what /proc says is mapped now.
   * @param since when what is new here may have been mapped
   * @param now when /proc was asked
   * @returns whether anything was new
   */
  recover(pid: number, mappings: readonly Mapping[], since: bigint, now: bigint): boolean {
    const known = this.#images.get(pid)?.at(-1);
    const missing = mappings.filter(
      (mapping) => mapping.path !== VSYSCALL && known?.mappings.holds(mapping) !== true,
    );
    if (missing.length === 0) {
      if (known !== undefined) known.mappings.completeAt = now;
      return false;
    }
    const image = known ?? newImage(pid, since, ImageMappings.empty());
    // An exec leaves nothing where it was.
    const isOther = !image.mappings.isEmpty && !mappings.some((it) => image.mappings.holds(it));
    const target = isOther ? newImage(pid, since, ImageMappings.empty()) : image;
    if (target !== known) this.#start(target);
    for (const mapping of missing) this.#map(target, mapping, since, now);
    target.mappings.completeAt = now;
    return true;
  }

  /** Until when all is known that a process has mapped, however much was lost before: CLOCK_BOOTTIME. */
  completeAt(pid: number): bigint {
    return this.#images.get(pid)?.at(-1)?.mappings.completeAt ?? 0n;
  }

  /**
   * Forgets what nobody asks for any more: images that were replaced by `time`, and the last one
   * as well if the process ended then. An image that began later is another process's.
   */
  forget(pid: number, time: bigint, ended: boolean): void {
    const images = this.#images.get(pid);
    if (images === undefined) return;
    const kept = images.filter((image, index) => {
      const next = images[index + 1];
      if (image.since > time) return true;
      return next === undefined || next.since > time ? !ended : false;
    });
    if (kept.length === 0) this.#images.delete(pid);
    else this.#images.set(pid, kept);
  }

  /** The mapping that held at `time`; of a copy of a file's code, as if it were the file's. */
  find(pid: number, address: number, time: bigint): MappedObject | undefined {
    const image = this.imageAt(pid, time);
    const mapping = image?.mappings.find(address, time);
    if (image === undefined || mapping === undefined) return undefined;
    const original =
      mapping.former === undefined ? mapping : this.#generatedCode.original(pid, mapping);
    if (original !== mapping) image.copiedText = original;
    else if (
      image.copiedText !== undefined &&
      isGenerated({ path: mapping.path, content: mapping.object?.content })
    )
      return this.#generatedCode.copyElsewhere(pid, mapping, image.copiedText);
    return original;
  }

  /** The mapping that held at `time`, as the kernel has it. */
  mappingAt(pid: number, address: number, time: bigint): MappedObject | undefined {
    return this.imageAt(pid, time)?.mappings.find(address, time);
  }

  /** The image that ran at `time`. */
  imageAt(pid: number, time: bigint): ProgramImage | undefined {
    return this.#images.get(pid)?.findLast(({ since }) => since <= time);
  }

  /** Everything that can still be asked for: images, and those that they were forked from. */
  inUse(): ReadonlySet<ProgramImage> {
    const used = new Set<ProgramImage>();
    for (const images of this.#images.values())
      for (const image of images)
        for (
          let one: ProgramImage | undefined = image;
          one !== undefined;
          one = one.ancestor?.image
        ) {
          if (used.has(one)) break;
          used.add(one);
        }
    return used;
  }

  /** Whether no other image took its place, as far as it is known. */
  isLast(image: ProgramImage): boolean {
    const images = this.#images.get(image.pid);
    return images === undefined || images.at(-1) === image;
  }

  /** @param openedAt a moment at which the file was mapped; `since` may be long before */
  #map(image: ProgramImage, mapping: Mapping, since: bigint, openedAt: bigint): void {
    const object = this.#open(image.pid, mapping, openedAt);
    const isMemory = object !== undefined && mayHoldCopy(object);
    const former = isMemory ? formerOf(image, mapping) : undefined;
    image.mappings.add(since, { ...mapping, object, former });
    if (isJitDump(mapping)) this.#generatedCode.dumpMapped(image);
    // Compared while the process is there to be looked into.
    if (former !== undefined) this.find(image.pid, mapping.start, openedAt);
    if (object === undefined || !isGenerated(object)) return;
    image.hasGeneratedCode = true;
    this.#generatedCode.mapped(image);
  }

  #start(image: ProgramImage): void {
    const images = this.#images.get(image.pid);
    if (images === undefined) this.#images.set(image.pid, [image]);
    else images.push(image);
  }
}

/** The search is from the end: each path may have 4 KiB, and a process 65,530 of them. */
function isJitDump({ path }: Mapping): boolean {
  const slash = path.lastIndexOf('/');
  return slash >= 0 && JIT_DUMP.test(path.slice(slash + 1, slash + 6));
}

/** The last jitdump that an image has mapped itself; its parent's is the parent's. */
export function jitDumpOf({ mappings, since: begin }: ProgramImage): MappedObject | undefined {
  return mappings.newest((mapping) => mapping.since >= begin && isJitDump(mapping));
}

/** Code is copied to memory, or to a file that has nothing but the copy (hugetlbfs). */
function mayHoldCopy(object: ObjectFile): boolean {
  return isGenerated(object) || object.content?.isElf === false;
}

function formerOf({ mappings }: ProgramImage, mapping: Mapping): NewMapping | undefined {
  const overlapped = mappings.within(mapping.start, mapping.end);
  return formerText(mapping, overlapped, ({ path, object }) =>
    object === undefined ? isGenerated({ path, content: undefined }) : mayHoldCopy(object),
  );
}

export function newImage(pid: number, since: bigint, mappings: ImageMappings): ProgramImage {
  return {
    ...{ pid, since, mappings },
    ...{ hasGeneratedCode: false, copiedText: undefined, ancestor: undefined },
  };
}

function ancestorOfChild(parent: ProgramImage, forkedAt: bigint): Ancestor | undefined {
  // What has generated nothing has only what it was born with.
  if (!parent.hasGeneratedCode) return parent.ancestor;
  let oldest: ProgramImage | undefined = parent;
  for (let depth = 2; depth < MAX_ANCESTORS; depth++) oldest = oldest?.ancestor?.image;
  if (oldest !== undefined) oldest.ancestor = undefined;
  return { image: parent, forkedAt };
}
