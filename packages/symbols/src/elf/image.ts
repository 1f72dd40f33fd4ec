/**
 * A bounds-checked view of one ELF64 file: what it maps where, its sections, its build-id. Used to
 * turn (object, file offset) into an address that a symbol table knows. Program headers are read
 * at once, section headers when first asked for, contents on demand, so that a debug file of a
 * gigabyte costs what is looked at. Layouts: System V gABI.
 */

import { type ByteSource, FileByteSource, MemoryByteSource } from './byte-source.ts';
import {
  EHDR_SIZE,
  ET_CORE,
  PHDR_SIZE,
  PN_XNUM,
  PT_DYNAMIC,
  PT_LOAD,
  PT_NOTE,
  PT_TLS,
  SHDR_SIZE,
  SHN_XINDEX,
  SHT_NOBITS,
  SHT_NOTE,
} from './constants.ts';
import { ElfError } from './error.ts';
import {
  checkLoad,
  decodeFileHeader,
  decodeProgramHeader,
  decodeSectionHeader,
  type FileHeader,
  type LoadSegment,
  loadOf,
  type ProgramHeader,
  type SectionHeader,
  viewOf,
} from './headers.ts';
import { findBuildId } from './notes.ts';
import type { ReadBudget } from './read-budget.ts';
import { stringAt } from './string-table.ts';

/** One section header with its name. `offset` and `size` in file bytes, `addr` a virtual address. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly addr: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entsize: number;
}

export interface ElfOptions {
  /** Sections longer than this are refused as too large; 512 MiB unless told otherwise. */
  readonly maxSectionSize?: number | undefined;
  /** What reading takes from; nothing bounds the sum unless told. */
  readonly budget?: ReadBudget | undefined;
}

const DEFAULT_MAX_SECTION_SIZE = 512 * 1024 * 1024;
/** Far above any linked file (hundreds); what a header may claim, times its cost, stays small. */
const MAX_HEADERS = 131_072;
/** Linked files have under ten; address translation walks them all. */
const MAX_LOADS = 1024;
const WANTED_HEADERS: ReadonlySet<number> = new Set([PT_LOAD, PT_NOTE, PT_DYNAMIC, PT_TLS]);
const MAX_SECTION_NAME = 256;
const MAX_SECTION_NAMES_SIZE = 16 * 1024 * 1024;
/** 16 bytes for each library and setting. */
const MAX_DYNAMIC_BYTES = 1024 * 1024;
/** Of all notes together; real ones are some hundred bytes. */
const MAX_NOTE_BYTES = 1024 * 1024;

export class ElfImage implements Disposable {
  /** e_type: ET_EXEC, ET_DYN, ET_REL, ET_CORE. */
  readonly type: number;
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** e_entry: the virtual address that execution begins at. */
  readonly entry: number;
  /** PT_LOAD segments, in file order. */
  readonly loads: readonly LoadSegment[];
  /** PT_TLS: what each thread has a copy of. */
  readonly threadLocal: LoadSegment | undefined;

  readonly #source: ByteSource;
  readonly #header: FileHeader;
  readonly #maxSectionSize: number;
  readonly #notes: readonly ProgramHeader[];
  readonly #dynamic: ProgramHeader | undefined;
  readonly #mapped: readonly LoadSegment[];
  #sections: readonly ElfSection[] | ElfError | undefined;
  #byName: Map<string, ElfSection> | undefined;
  #buildId: { readonly value: string | undefined } | undefined;

  private constructor(source: ByteSource, options: ElfOptions) {
    this.#source = source;
    this.#maxSectionSize = options.maxSectionSize ?? DEFAULT_MAX_SECTION_SIZE;
    this.#header = decodeFileHeader(this.#read(0, Math.min(EHDR_SIZE, source.size)));
    this.type = this.#header.type;
    this.machine = this.#header.machine;
    this.entry = this.#header.entry;
    const headers = this.#programHeaders();
    this.loads = headers.filter((header) => header.type === PT_LOAD).map(loadOf);
    const threadLocal = headers.find((header) => header.type === PT_TLS);
    this.threadLocal = threadLocal && loadOf(threadLocal);
    this.#notes = headers.filter((header) => header.type === PT_NOTE);
    this.#dynamic = headers.find((header) => header.type === PT_DYNAMIC);
    // Code first: where two segments claim one file offset, an address is asked for to name code.
    // A core dump maps nothing by its file offsets, and may have a segment per mapping it records.
    const mapped = this.type === ET_CORE ? [] : this.loads;
    if (mapped.length > MAX_LOADS) {
      throw new ElfError('malformed', `${mapped.length} loadable segments, at most ${MAX_LOADS}`);
    }
    this.#mapped = [
      ...mapped.filter((load) => load.executable),
      ...mapped.filter((load) => !load.executable),
    ];
  }

  /** An image over bytes in memory. @throws `ElfError`, and nothing else */
  static parse(bytes: Uint8Array, options: ElfOptions = {}): ElfImage {
    return new ElfImage(new MemoryByteSource(bytes, options.budget), options);
  }

  /**
   * An image over a file, read piece by piece. The descriptor behind a path is closed by `close()`
   * or `using`; one that was passed in stays the caller's.
   * @throws `ElfError`, or NodeJS.ErrnoException when the file cannot be opened or read
   */
  static open(target: string | number, options: ElfOptions = {}): ElfImage {
    return ElfImage.from(FileByteSource.open(target, options.budget), options);
  }

  /** An image over any source of bytes; takes the source over, and closes it when it is no ELF. */
  static from(source: ByteSource, options: ElfOptions = {}): ElfImage {
    try {
      return new ElfImage(source, options);
    } catch (error) {
      source.close?.();
      throw error;
    }
  }

  /** What reading takes from; undefined where nothing bounds it. */
  get budget(): ReadBudget | undefined {
    return this.#source.budget;
  }

  /** User number of the file's owner; undefined for what is no file. */
  get owner(): number | undefined {
    return this.#source.owner;
  }

  /**
   * All sections, [] for a file without section headers.
   * @throws `ElfError` when the table is damaged, on every access; segments and build-id answer
   *   even then
   */
  get sections(): readonly ElfSection[] {
    if (this.#sections === undefined) {
      try {
        this.#sections = this.#readSections();
      } catch (error) {
        if (!(error instanceof ElfError)) throw error;
        this.#sections = error;
      }
    }
    if (this.#sections instanceof ElfError) throw this.#sections;
    return this.#sections;
  }

  /** The first section of that name. @throws `ElfError` like `sections` */
  section(name: string): ElfSection | undefined {
    if (this.#byName === undefined) {
      const byName = new Map<string, ElfSection>();
      for (const section of this.sections) {
        if (!byName.has(section.name)) byName.set(section.name, section);
      }
      this.#byName = byName;
    }
    return this.#byName.get(name);
  }

  /**
   * A section's bytes as they stand in the file (a compressed section is not inflated), or `length`
   * of them from `from`. SHT_NOBITS has none.
   * @throws `ElfError` when they lie outside the file or the section exceeds `maxSectionSize`
   */
  readSection(section: ElfSection, from = 0, length: number = section.size - from): Uint8Array {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    if (section.size > this.#maxSectionSize) {
      const why = `section ${section.name} of ${section.size} bytes exceeds ${this.#maxSectionSize}`;
      throw this.budget?.refuse(why) ?? new ElfError('too-large', why);
    }
    if (!(from >= 0 && length >= 0 && from + length <= section.size)) {
      throw new ElfError('truncated', `range is outside of section ${section.name}`);
    }
    return this.#read(section.offset + from, length);
  }

  /** The GNU build-id in hex, from PT_NOTE or else the note sections. Damage gives undefined. */
  get buildId(): string | undefined {
    this.#buildId ??= { value: this.#findBuildId() };
    return this.#buildId.value;
  }

  /**
   * The virtual address at which the byte at this file offset is mapped, or undefined when no
   * segment maps it. Executable segments are preferred.
   */
  vaddrOfFileOffset(offset: number): number | undefined {
    const load = this.segmentOfFileOffset(offset);
    return load && load.vaddr + (offset - load.fileOffset);
  }

  /** The segment that maps the byte at this file offset; executable ones are preferred. */
  segmentOfFileOffset(offset: number): LoadSegment | undefined {
    return this.#mapped.find(
      ({ fileOffset, fileSize }) => offset >= fileOffset && offset < fileOffset + fileSize,
    );
  }

  /** The bytes of PT_DYNAMIC; undefined without one. @throws `ElfError` when they are not there */
  get dynamic(): Uint8Array | undefined {
    if (this.#dynamic === undefined) return undefined;
    const { fileOffset, fileSize } = this.#dynamic;
    if (fileSize > MAX_DYNAMIC_BYTES)
      throw new ElfError('malformed', `a dynamic section of ${fileSize} bytes`);
    return this.#read(fileOffset, fileSize);
  }

  /**
   * What is mapped at a virtual address, up to `length` bytes and the end of the segment's part in
   * the file; empty where there is nothing.
   * @throws `ElfError` when the file is shorter than it says
   */
  readMapped(vaddr: number, length: number): Uint8Array {
    for (const load of this.#mapped) {
      const within = vaddr - load.vaddr;
      if (!(within >= 0 && within < load.fileSize)) continue;
      return this.#read(load.fileOffset + within, Math.min(length, load.fileSize - within));
    }
    return new Uint8Array(0);
  }

  /** Closes the file behind the image; what was not read by then cannot be read any more. */
  close(): void {
    this.#source.close?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #read(offset: number, length: number): Uint8Array {
    const { size } = this.#source;
    if (offset + length > size) {
      const range = `${offset}..${offset + length}`;
      throw new ElfError('truncated', `bytes ${range} lie outside the file of ${size} bytes`);
    }
    const bytes = this.#source.read(offset, length);
    if (bytes.length !== length) throw new ElfError('truncated', `short read at ${offset}`);
    return bytes;
  }

  /** The view of a header table, after checking that its size is sane before it is read. */
  #table(what: string, offset: number, count: number, entrySize: number): DataView {
    if (count > MAX_HEADERS) {
      throw new ElfError('malformed', `${count} ${what} headers; at most ${MAX_HEADERS} are read`);
    }
    return viewOf(this.#read(offset, count * entrySize));
  }

  #firstSection(): SectionHeader | undefined {
    const { shoff } = this.#header;
    if (shoff === 0) return undefined;
    return decodeSectionHeader(this.#table('section', shoff, 1, SHDR_SIZE), 0);
  }

  #programHeaders(): ProgramHeader[] {
    const { phoff, phnum } = this.#header;
    const count = phnum === PN_XNUM ? (this.#firstSection()?.info ?? phnum) : phnum;
    const view = this.#table('program', phoff, count, PHDR_SIZE);
    const headers: ProgramHeader[] = [];
    for (let i = 0; i < count; i++) {
      const type = view.getUint32(i * PHDR_SIZE, true);
      // Other kinds are not looked at, so damage in them is nobody's business.
      if (!WANTED_HEADERS.has(type)) continue;
      try {
        const header = decodeProgramHeader(view, i * PHDR_SIZE);
        if (type === PT_LOAD) checkLoad(header);
        headers.push(header);
      } catch (error) {
        // Without a sound one, only names that nothing else tells are lost.
        if ((type !== PT_DYNAMIC && type !== PT_TLS) || !(error instanceof ElfError)) throw error;
      }
    }
    return headers;
  }

  #readSections(): ElfSection[] {
    const { shoff, shnum, shstrndx } = this.#header;
    const first = this.#firstSection();
    if (first === undefined) return [];
    const count = shnum === 0 ? first.size : shnum;
    const view = this.#table('section', shoff, count, SHDR_SIZE);
    const headers: SectionHeader[] = [];
    for (let i = 0; i < count; i++) headers.push(decodeSectionHeader(view, i * SHDR_SIZE));
    const names = this.#sectionNames(headers, shstrndx === SHN_XINDEX ? first.link : shstrndx);
    return headers.map(({ nameOffset, info: _, ...header }) => ({
      name: stringAt(names, nameOffset, MAX_SECTION_NAME),
      ...header,
    }));
  }

  #sectionNames(headers: readonly SectionHeader[], index: number): Uint8Array {
    if (index === 0) return new Uint8Array(0);
    const table = headers[index];
    if (table === undefined) throw new ElfError('malformed', `e_shstrndx ${index} is out of range`);
    if (table.type === SHT_NOBITS || table.size > MAX_SECTION_NAMES_SIZE) {
      throw new ElfError('malformed', 'the section name table is unusable');
    }
    return this.#read(table.offset, table.size);
  }

  #findBuildId(): string | undefined {
    let budget = MAX_NOTE_BYTES;
    const search = (offset: number, size: number, align: number): string | undefined => {
      // The floor charges empty notes too: a header table full of them is soon at its end.
      budget -= Math.max(size, 64);
      if (budget < 0) return undefined;
      try {
        return findBuildId(this.#read(offset, size), align);
      } catch (error) {
        if (error instanceof ElfError) return undefined;
        throw error;
      }
    };
    for (const note of this.#notes) {
      const found = search(note.fileOffset, note.fileSize, note.align);
      if (found !== undefined) return found;
    }
    // Debug files keep the note as a section while their segments point at nothing.
    for (const section of this.sectionsIfSound) {
      if (section.type !== SHT_NOTE || section.name !== '.note.gnu.build-id') continue;
      const found = search(section.offset, section.size, 4);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** All sections, [] for a file without section headers or with damaged ones. */
  get sectionsIfSound(): readonly ElfSection[] {
    try {
      return this.sections;
    } catch (error) {
      if (error instanceof ElfError) return [];
      throw error;
    }
  }
}
