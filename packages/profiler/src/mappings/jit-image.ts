/**
 * The generated code of one program image: what an address was, and how the code there is walked through, by the
 * image's own files (jit-files.ts), and for code that it was forked with by those of the image that it was forked
 * from.
 */

import type { SymbolHit, UnwoundCode } from '@waggle/symbols';
import type { ProgramImage } from './address-spaces.ts';
import type { MappedObject } from './image-mappings.ts';
import { JitFiles, type JitSources } from './jit-files.ts';
import { type RuntimeName, runtimeOf } from './runtimes.ts';

/** `none`: by frame pointers, as far as anybody will ever say; `unknown`: it may be said later. */
export type NoUnwinding = 'none' | 'unknown';

/** Addresses whose code was compared with that of others, between two readings of the dump. */
const MAX_COMPARED = 4096;

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
  readonly files: JitFiles;
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
    this.files = new JitFiles(sources, {
      // As long as there is somebody to ask.
      identified: () => void this.parent,
      // Memory of a process that has ended cannot be compared again.
      dumpRead: () => this.#compared.clear(),
    });
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
    const own = this.files.map !== undefined || this.files.dump !== undefined;
    return own || (this.parent?.image.isDescribed ?? false);
  }

  /** Whether it, or whom it was forked from, still runs and writes a jitdump: in pieces, the last at its end. */
  get writesDump(): boolean {
    return this.files.writesDump || (this.parent?.image.writesDump ?? false);
  }

  /** What generates it, if its program is known. */
  get runtime(): RuntimeName | undefined {
    this.#foundRuntime ??= runtimeOf(this.#image.mappings.paths());
    return this.#foundRuntime;
  }

  /** Nothing more will be known of it. */
  get hasEnded(): boolean {
    return !this.files.mayGrow && this.files.mapToScan === undefined;
  }

  /** Whether it holds files open. */
  get isReading(): boolean {
    return (
      this.files.mapToScan !== undefined || (this.files.mayGrow && this.files.dump !== undefined)
    );
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
    const own = this.files.dump?.lookup(address, time) ?? this.files.map?.lookup(address, time);
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
    return this.files.hasDump || (this.parent?.image.isDumped ?? false);
  }

  /** Another one when unwindingOf() may have another answer. */
  get edition(): number {
    const own = (this.files.dump?.size ?? 0) + Number(!this.files.mayGrow);
    return own + (this.parent?.image.edition ?? 0);
  }

  /** Whether what lookup() says stays so: a runtime writes its jitdump in large pieces. */
  isSettled(address: number, time: number, isInherited: boolean): boolean {
    if (this.files.hasDump && !((this.files.dump?.knownUntil ?? Number.NEGATIVE_INFINITY) >= time))
      return false;
    if (this.files.dump?.lookup(address, time) !== undefined) return true;
    if (this.files.map?.isCertain(address, time) === false) return false;
    const { parent } = this;
    if (!isInherited || parent === undefined || this.files.map?.lookup(address, time) !== undefined)
      return true;
    return parent.image.isSettled(address, Math.min(time, parent.forkedAt), true);
  }

  /** Whether a perf map is still to be asked about an address. */
  isAsked(address: number, time: number, isInherited: boolean): boolean {
    if (this.files.mapToScan !== undefined && this.files.map?.isCertain(address, time) === false)
      return true;
    const { parent } = this;
    if (!isInherited || parent === undefined) return false;
    return parent.image.isAsked(address, Math.min(time, parent.forkedAt), true);
  }

  /** What tells times apart that may have another answer. @param width of a span, in ns */
  spanOf({ address, time, isReturn, isInherited }: SampledCode, width: number): string {
    const at = isReturn ? address - 1 : address;
    const isTimed = this.files.hasDump || !this.isSettled(at, time, isInherited);
    return isTimed ? String(Math.floor(time / width)) : `e${this.files.map?.editions ?? 0}`;
  }

  /** What was written when code ran says what it was; the next moment there may be other code. */
  #readUntil(time: number): void {
    for (let image: JitImage | undefined = this; image !== undefined; image = image.parent?.image)
      if (image.files.mayGrow && (image.files.dump?.readUntil ?? time) < time)
        image.files.refreshDump();
  }

  #unwindingAt(address: number, time: number, isInherited: boolean): UnwoundCode | NoUnwinding {
    const dump = this.files.dump;
    const own = dump?.unwindingOf(address, time);
    if (own !== undefined) return own;
    if (dump?.lookup(address, time) !== undefined) return 'none';
    const known = this.files.mayUnwind && this.files.mayGrow ? 'unknown' : 'none';
    const { parent } = this;
    if (!isInherited || parent === undefined) return known;
    const before = Math.min(time, parent.forkedAt);
    const inherited = parent.image.#unwindingAt(address, before, true);
    return inherited === 'none' ? known : inherited;
  }

  #unwindingOfCopy(address: number, mapping: MappedObject): UnwoundCode | undefined {
    for (let image: JitImage | undefined = this; image !== undefined; image = image.parent?.image) {
      const found = image.files.dump?.unwindingOfCopy(address, mapping, ({ start, end }) =>
        this.#sources.memoryOf(this.#image.pid, start, end - start),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
