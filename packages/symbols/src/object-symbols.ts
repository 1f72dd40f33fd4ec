/**
 * All names of one object from wherever they stand: its own tables, its mini-debuginfo, its
 * separate debug file, Go's own table, and its PLT. Opened by path or descriptor, from the cache when the same
 * object was seen before; afterwards it only answers. Demangling is left to who shows the names.
 */
import { realpathSync } from 'node:fs';
import type { BuiltSymbols, CachedSymbols, SymbolCache } from './cache/symbol-cache.ts';
import { readDebugdata } from './debug-files/debugdata.ts';
import {
  type DebugFileSearch,
  debugFilesFingerprint,
  findDebugFile,
} from './debug-files/separate.ts';
import { SourceLines, type SourceLocation } from './dwarf/source-lines.ts';
import { FileByteSource, type FileSource } from './elf/byte-source.ts';
import { SHT_DYNSYM, SHT_SYMTAB } from './elf/constants.ts';
import { ElfError } from './elf/error.ts';
import type { LoadSegment } from './elf/headers.ts';
import { ElfImage } from './elf/image.ts';
import { ReadBudget } from './elf/read-budget.ts';
import { readGoFunctions } from './go-functions.ts';
import { digestOfNames } from './names-digest.ts';
import { readPltStubs } from './plt.ts';
import { SymbolCollector } from './symbol-reader.ts';
import { hasAddresses, type NameTable, type SymbolHit, SymbolTable } from './symbol-table.ts';

export interface ObjectSymbolsOptions extends DebugFileSearch {
  /** Tables are taken from here and stored here; without it they are made anew. */
  readonly cache?: SymbolCache | undefined;
  /** Keep what `lines` needs open: the object, and its debug file where the DWARF is there. */
  readonly lines?: boolean | undefined;
  /** What reading takes from, now and for `lines`; one of its own unless given. */
  readonly budget?: ReadBudget | undefined;
}

/** Where names came from, best first. */
export type SymbolSource = 'symtab' | 'dynsym' | 'debugdata' | 'debug-file' | 'go' | 'plt';

export class ObjectSymbols implements Disposable {
  /** The GNU build-id in hex. */
  readonly buildId: string | undefined;
  /** What the names came from; empty when there are none. */
  readonly sources: readonly SymbolSource[];
  /** The separate debug file that was used, as a path below its root. */
  readonly debugFile: string | undefined;
  /** Why a source could not be used, in words; empty as a rule. */
  readonly problems: readonly string[];
  readonly table: NameTable;
  /** Whether names are missing because reading them would have cost more than the budget. */
  readonly isTooLarge: boolean;
  /** Virtual address of .text; undefined for a file without section headers. */
  readonly textStart: number | undefined;

  readonly #image: ElfImage;
  readonly #budget: ReadBudget;
  #lines: SourceLines | undefined;
  readonly #close: () => void;

  private constructor(
    image: ElfImage,
    budget: ReadBudget,
    isTooLarge: boolean,
    { table, description }: CachedSymbols,
    { lines, close }: OpenLines,
    textStart: number | undefined,
  ) {
    this.#image = image;
    this.#budget = budget;
    this.isTooLarge = isTooLarge;
    this.#lines = lines;
    this.#close = close;
    this.table = table;
    this.textStart = textStart;
    this.buildId = image.buildId;
    this.sources = description.sources as readonly SymbolSource[];
    this.debugFile = description.debugFile;
    this.problems = description.problems;
  }

  /**
   * Opens the object behind a path or a descriptor, which stays the caller's. Nothing is left open
   * unless `options.lines` is set; then a descriptor must stay open too, and `close` must be called.
   * `options.path` says where the object stands for its own process when `target` is a descriptor,
   * and `options.root` where that process's paths begin.
   *
   * An image with damaged tables has fewer names, and `problems`.
   * @throws `ElfError` for what is no ELF64 image at all, or NodeJS.ErrnoException when it cannot
   *   be opened or read
   */
  static open(target: string | number, options: ObjectSymbolsOptions = {}): ObjectSymbols {
    const search = withPath(target, options);
    const { budget = new ReadBudget() } = options;
    return ObjectSymbols.from(FileByteSource.open(target, budget), { ...search, budget });
  }

  /** As open(), of a file that is read in another way; takes the source over. */
  static from(source: FileSource, search: ObjectSymbolsOptions = {}): ObjectSymbols {
    const { budget = source.budget ?? new ReadBudget() } = search;
    try {
      const image = ElfImage.from(source);
      const key = keyOf(source, image, search);
      const build = () => buildSymbols(image, search, key);
      // Of a slow moment, or of this budget: another time there may be more.
      const isWhole = () => !budget.exceeded;
      const symbols = search.cache?.getOrBuild(key, build, isWhole) ?? build();
      const isTooLarge = budget.exceeded;
      const textStart = image.sectionsIfSound.find(({ name }) => name === '.text')?.addr;
      if (!search.lines) source.close();
      const lines = search.lines ? openLines(image, search) : NO_LINES;
      return new ObjectSymbols(image, budget, isTooLarge, symbols, lines, textStart);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Disjoint address ranges that have a name. */
  get size(): number {
    return this.table.size;
  }

  /** Memory held, in bytes; the table is shared with others that opened the same object. */
  get byteLength(): number {
    return this.table.byteLength + this.#budget.inflatedBytes;
  }

  /** As `ElfImage.vaddrOfFileOffset`. */
  vaddrOfFileOffset(offset: number): number | undefined {
    return this.#image.vaddrOfFileOffset(offset);
  }

  /** As `ElfImage.segmentOfFileOffset`. */
  segmentOfFileOffset(offset: number): LoadSegment | undefined {
    return this.#image.segmentOfFileOffset(offset);
  }

  /** The symbol that covers a virtual address of the object; see `SymbolTable.lookup`. */
  lookup(vaddr: number): SymbolHit | undefined {
    return this.table.lookup(vaddr);
  }

  /**
   * Source files and lines, and inlined functions, at a virtual address: undefined when there is no
   * DWARF for it, or the object was opened without `lines`, or is closed. The function itself has the
   * name that `lookup` gives, which unlike DWARF tells clones apart.
   */
  lines(vaddr: number): SourceLocation | undefined {
    const found = this.#lines?.find(vaddr);
    if (found === undefined) return undefined;
    return { ...found, function: this.lookup(vaddr)?.name ?? found.function };
  }

  /** Closes what was kept open for `lines`; names still answer, but of a table that is read by parts. */
  close(): void {
    this.#lines = undefined;
    this.#close();
    this.table.close?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

interface OpenLines {
  readonly lines: SourceLines | undefined;
  readonly close: () => void;
}

const NO_LINES: OpenLines = { lines: undefined, close: () => {} };

/** The DWARF of the object itself, or of its debug file. Takes the image over. */
function openLines(image: ElfImage, search: DebugFileSearch): OpenLines {
  try {
    const own = SourceLines.fromElf(image);
    if (own !== undefined) return { lines: own, close: () => image.close() };
    const file = findDebugFile(image, search);
    image.close();
    if (file === undefined) return NO_LINES;
    return { lines: SourceLines.fromElf(file.image), close: () => file.close() };
  } catch (error) {
    image.close();
    if (error instanceof ElfError) return NO_LINES;
    throw error;
  }
}

/** The options with the path that the target's process knows it by, where that can be told. */
function withPath(target: string | number, options: ObjectSymbolsOptions): ObjectSymbolsOptions {
  const { path, root = '/' } = options;
  if (path !== undefined || typeof target === 'number') return options;
  // Debug files stand beside the file, not beside a link to it.
  if (root === '/') return { ...options, path: realpathSync(target) };
  const prefix = root.endsWith('/') ? root : `${root}/`;
  if (!target.startsWith(prefix)) return options;
  return { ...options, path: target.slice(prefix.length - 1) };
}

/**
 * What the object is, together with the debug files there are for it. A build-id does not say it: GNU
 * ld makes it of what is loaded, so programs that differ in nothing but names have the same, and anybody
 * can write one into a file. Two files of equal headers, symbol tables and linkage tables are one object;
 * where names come from elsewhere, or that is too much to read, only one state of one file is.
 */
function keyOf(source: FileSource, image: ElfImage, search: DebugFileSearch): string {
  let debug = '';
  try {
    debug = debugFilesFingerprint(image, search);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  }
  const names = digestOfNames(source, image);
  if (names === undefined) return `file ${source.identity}\n${debug}`;
  return `content ${source.size} ${names}\n${debug}`;
}

function buildSymbols(image: ElfImage, search: DebugFileSearch, key: string): BuiltSymbols {
  const sources: SymbolSource[] = [];
  const problems: string[] = [];
  const told = new Set<ElfError>();
  let debugFile: string | undefined;
  const attempt = (what: string, run: () => void) => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
      // What they all need is told once.
      if (!told.has(error)) problems.push(`${what}: ${error.message}`);
      told.add(error);
    }
  };
  if (!hasAddresses(image))
    return { table: SymbolTable.empty(), description: { key, sources, problems } };
  // Without sound section headers, only what a loader goes by has names, and what follows finds nothing.
  attempt('sections', () => void image.sections);
  const collector = new SymbolCollector(image);
  const has = (type: number) => image.sectionsIfSound.some((section) => section.type === type);
  attempt('symbols', () => {
    collector.addImage(image);
    if (has(SHT_SYMTAB)) sources.push('symtab');
    if (has(SHT_DYNSYM) || (collector.size > 0 && sources.length === 0)) sources.push('dynsym');
  });
  attempt('mini-debuginfo', () => {
    const embedded = readDebugdata(image);
    if (embedded === undefined) return;
    collector.addImage(embedded);
    sources.push('debugdata');
  });
  attempt('debug file', () => {
    // With a .symtab of its own it has all that a debug file could add.
    const file = has(SHT_SYMTAB) ? undefined : findDebugFile(image, search);
    if (file === undefined) return;
    try {
      collector.addImage(file.image);
      sources.push('debug-file');
      debugFile = file.path;
    } finally {
      file.close();
    }
  });
  attempt('Go functions', () => {
    const functions = has(SHT_SYMTAB) ? [] : readGoFunctions(image);
    collector.addFunctions(functions);
    if (functions.length > 0) sources.push('go');
  });
  attempt('PLT', () => {
    const stubs = readPltStubs(image);
    collector.addFunctions(stubs);
    if (stubs.length > 0) sources.push('plt');
  });
  const table = SymbolTable.fromColumns(collector.finish());
  const description = { key, sources, problems, debugFile };
  return { table, description };
}
