/**
 * From an address of an object to source files and lines, with the functions that were inlined
 * there, out of its DWARF 2 to 5. The units are listed when the first address is asked for; a
 * unit's line table and functions are read when an address lies in it, and kept within a bound.
 */
import { LRUCache } from 'lru-cache';
import { SHT_NOBITS } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import type { ElfImage } from '../elf/image.ts';
import { type DisjointRanges, entryAt, resolveLatest } from '../latest-ranges.ts';
import { FunctionNames } from './function-names.ts';
import { type FunctionEntry, UnitFunctions } from './functions.ts';
import { LineTable } from './line-program.ts';
import { RangeReader } from './ranges.ts';
import { DebugSections } from './sections.ts';
import { readUnits, type Unit } from './unit.ts';

/** A place in the source, and the function it is in. */
export interface SourcePlace {
  /** As DWARF has it: the linkage name (mangled) or the plain one. */
  readonly function: string | undefined;
  readonly file: string | undefined;
  /** 0 when the compiler gives none. */
  readonly line: number;
}

/**
 * The function that the code at an address belongs to, with the place in it; and the functions
 * that were inlined there, each called at the place before it: outermost first, as in a stack.
 */
export interface SourceLocation extends SourcePlace {
  readonly inlined: readonly SourcePlace[];
}

interface UnitDetail {
  readonly lines: LineTable | undefined;
  readonly functions: UnitFunctions | undefined;
  readonly byteLength: number;
}

interface UnitIndex {
  readonly units: readonly Unit[];
  readonly ranges: DisjointRanges;
  /** The unit of each entry of `ranges`. */
  readonly owners: readonly number[];
  readonly names: FunctionNames;
}

/** Ranges of all units together; far above any real object. */
const MAX_RANGES = 8_000_000;
/** Bytes of the units' tables held at once. */
const MAX_DETAILS = 256 * 1024 * 1024;
/** Inlined into one another; compilers stop at some tens. */
const MAX_DEPTH = 256;

export class SourceLines {
  readonly #sections: DebugSections;
  #index: UnitIndex | undefined;
  /** In order of use. */
  readonly #details = new LRUCache<Unit, UnitDetail>({
    maxSize: MAX_DETAILS,
    // One that is larger is kept alone.
    sizeCalculation: ({ byteLength }) => Math.min(byteLength, MAX_DETAILS),
  });

  private constructor(image: ElfImage) {
    this.#sections = new DebugSections(image);
  }

  /**
   * Lines of an image, or undefined when it has no DWARF. The image must stay open.
   * @throws `ElfError` when its section headers are damaged
   */
  static fromElf(image: ElfImage): SourceLines | undefined {
    return hasDwarf(image) ? new SourceLines(image) : undefined;
  }

  /**
   * What the DWARF says about a virtual address; undefined when nothing. Damaged units say nothing,
   * and throw nothing.
   */
  find(vaddr: number): SourceLocation | undefined {
    this.#index ??= this.#makeIndex();
    const { units, ranges, owners, names } = this.#index;
    const range = entryAt(ranges, vaddr);
    const unit = range < 0 ? undefined : units[owners[range] as number];
    if (unit === undefined) return undefined;
    const { lines, functions } = this.#detail(unit);
    const row = lines?.rows.find(vaddr);
    let entry: FunctionEntry | undefined = functions?.at(vaddr);
    if (row === undefined && entry === undefined) return undefined;
    const pathOf = (file: number) => answer(() => lines?.path(file));
    const nameOf = (at: number) => answer(() => names.name(at));
    let file = row === undefined ? undefined : pathOf(row.file);
    let line = row?.line ?? 0;
    const inlined: SourcePlace[] = [];
    while (entry?.parent !== undefined && inlined.length < MAX_DEPTH) {
      inlined.push({ function: nameOf(entry.entry), file, line });
      file = pathOf(entry.callFile);
      line = entry.callLine;
      entry = entry.parent;
    }
    const name = entry === undefined ? undefined : nameOf(entry.entry);
    return { function: name, file, line, inlined: inlined.reverse() };
  }

  /**
   * The addresses at which code of a source file begins, with their lines; of every file of that name, or
   * whose path ends so. Reads the line tables of all units.
   */
  *placesOf(file: string): Generator<{ readonly address: number; readonly line: number }> {
    for (const unit of answer(() => readUnits(this.#sections)) ?? []) {
      const table = answer(() => this.#lines(unit));
      if (table !== undefined) yield* table.placesOf(file);
    }
  }

  #makeIndex(): UnitIndex {
    const units = answer(() => readUnits(this.#sections)) ?? [];
    const reader = answer(() => new RangeReader(this.#sections, MAX_RANGES));
    const starts: number[] = [];
    const ends: number[] = [];
    const owners: number[] = [];
    units.forEach((unit, i) => {
      answer(() =>
        reader?.read(unit, unit.root, (low, high) => {
          starts.push(low);
          ends.push(high);
          owners.push(i);
        }),
      );
    });
    const ranges = resolveLatest(starts, ends, 0, starts.length);
    return { units, ranges, owners, names: new FunctionNames(this.#sections, units) };
  }

  #detail(unit: Unit): UnitDetail {
    const known = this.#details.get(unit);
    if (known !== undefined) return known;
    const lines = answer(() => this.#lines(unit));
    const functions = answer(() => UnitFunctions.read(this.#sections, unit));
    const byteLength = 256 + (lines?.rows.byteLength ?? 0) + (functions?.byteLength ?? 0);
    const detail = { lines, functions, byteLength };
    this.#details.set(unit, detail);
    return detail;
  }

  #lines(unit: Unit): LineTable | undefined {
    const { stmtList } = unit.root;
    if (stmtList === undefined) return undefined;
    return LineTable.read(this.#sections, unit, stmtList, unit.compDir);
  }
}

/** Whether an image has debug information of its own, and not in a separate file. */
function hasDwarf(image: ElfImage): boolean {
  const section = image.section('.debug_info');
  return section !== undefined && section.type !== SHT_NOBITS && section.size > 0;
}

/** What `run` gives, or undefined when the file's content makes it fail. */
function answer<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}
