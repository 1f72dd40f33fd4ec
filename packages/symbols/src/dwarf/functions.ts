/**
 * The functions of one unit and what was inlined into them, by address. Every entry of the unit is
 * passed over once; kept are numbers for those that cover code. What is nested comes later in the
 * unit than what it is nested in, so that the later of overlapping ranges is the innermost.
 * Source: DWARF 5, sections 3.3 and 7.5.
 */
import { ElfError } from '../elf/error.ts';
import { type DisjointRanges, entryAt, resolveLatest } from '../latest-ranges.ts';
import type { Abbreviation, Abbreviations } from './abbreviations.ts';
import {
  DW_AT_call_file,
  DW_AT_call_line,
  DW_AT_high_pc,
  DW_AT_low_pc,
  DW_AT_ranges,
  DW_TAG_inlined_subroutine,
  DW_TAG_subprogram,
} from './constants.ts';
import { DwarfCursor } from './cursor.ts';
import { type FormValue, readForm } from './forms.ts';
import { RangeReader } from './ranges.ts';
import type { DebugSections } from './sections.ts';
import { abbreviationAt, type Unit } from './unit.ts';

/** A function, or one inlined copy of it. */
export interface FunctionEntry {
  /** Where its entry begins in .debug_info: what its name is found by. */
  readonly entry: number;
  /** What it is inlined into; undefined for code of its own. */
  readonly parent: FunctionEntry | undefined;
  /** Where in the parent it was called: file by the unit's line table, and line; 0 if unknown. */
  readonly callFile: number;
  readonly callLine: number;
}

/** Address ranges of one unit's entries, far above any real one. */
const MAX_RANGES = 2_000_000;
/** Entries within each other; compilers stop at some tens. */
const MAX_LEVELS = 1_000_000;
/** Between two looks at the clock. */
const ENTRIES_AT_ONCE = 65_536;
/** Attributes may take no bytes; this many per byte of the unit, and some, are honest. */
const ATTRIBUTES_PER_BYTE = 4;
const SPARE_ATTRIBUTES = 100_000;

export class UnitFunctions {
  readonly #functions: readonly FunctionEntry[];
  readonly #ranges: DisjointRanges;
  readonly #owners: Uint32Array;

  private constructor(walk: Walk) {
    this.#functions = walk.functions;
    this.#owners = Uint32Array.from(walk.owners);
    this.#ranges = resolveLatest(walk.starts, walk.ends, 0, walk.starts.length);
  }

  /** All of a unit's. @throws `ElfError` when the unit is damaged */
  static read(sections: DebugSections, unit: Unit): UnitFunctions {
    const walk = new Walk(sections, unit);
    walk.run();
    return new UnitFunctions(walk);
  }

  /** Memory held, in bytes, about. */
  get byteLength(): number {
    return this.#functions.length * 64 + this.#ranges.count * 20 + this.#owners.length * 4;
  }

  /** The innermost function at an address. */
  at(address: number): FunctionEntry | undefined {
    const range = entryAt(this.#ranges, address);
    return range < 0 ? undefined : this.#functions[this.#owners[range] as number];
  }
}

class Walk {
  readonly functions: FunctionEntry[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** The function that each range belongs to. */
  readonly owners: number[] = [];
  readonly #sections: DebugSections;
  readonly #unit: Unit;
  readonly #abbreviations: Abbreviations;
  readonly #cursor: DwarfCursor;
  readonly #ranges: RangeReader;
  #budget: number;

  readonly #scratch: FormValue = { form: 0, value: 0 };

  constructor(sections: DebugSections, unit: Unit) {
    const bytes = unit.bytes();
    this.#sections = sections;
    this.#unit = unit;
    this.#abbreviations = unit.abbreviations();
    this.#cursor = new DwarfCursor(bytes, unit.firstEntry);
    this.#ranges = new RangeReader(sections, MAX_RANGES);
    this.#budget = bytes.length * ATTRIBUTES_PER_BYTE + SPARE_ATTRIBUTES;
  }

  run(): void {
    const cursor = this.#cursor;
    /** The function around each open level of entries. */
    const around: (FunctionEntry | undefined)[] = [];
    for (let count = 1; count === 1 || (around.length > 0 && !cursor.done); count++) {
      if (count % ENTRIES_AT_ONCE === 0) this.#sections.checkTime();
      const entry = cursor.at;
      const abbreviation = abbreviationAt(cursor, this.#abbreviations);
      if (abbreviation === undefined) {
        around.pop();
        continue;
      }
      this.#budget -= abbreviation.attributes.length / 3;
      if (this.#budget < 0) throw new ElfError('malformed', 'a unit of too many attributes');
      const parent = around.at(-1);
      const { tag } = abbreviation;
      let here = parent;
      if (tag === DW_TAG_subprogram) here = this.#function(abbreviation, entry, undefined);
      else if (tag === DW_TAG_inlined_subroutine && parent !== undefined) {
        here = this.#function(abbreviation, entry, parent) ?? parent;
      } else this.#skip(abbreviation);
      if (abbreviation.hasChildren) around.push(here);
      if (around.length > MAX_LEVELS) throw new ElfError('malformed', 'a unit of too many levels');
    }
  }

  #skip({ attributes }: Abbreviation): void {
    for (let i = 0; i < attributes.length; i += 3) this.#read(attributes, i, this.#scratch);
  }

  #read(attributes: Int32Array, i: number, into: FormValue): void {
    const form = attributes[i + 1] as number;
    readForm(this.#cursor, form, attributes[i + 2] as number, this.#unit, into);
  }

  /** Reads a function's attributes; undefined when it covers no code. */
  #function(
    { attributes }: Abbreviation,
    entry: number,
    parent: FunctionEntry | undefined,
  ): FunctionEntry | undefined {
    let lowPc: FormValue | undefined;
    let highPc: FormValue | undefined;
    let ranges: FormValue | undefined;
    let callFile = 0;
    let callLine = 0;
    for (let i = 0; i < attributes.length; i += 3) {
      const into = this.#scratch;
      this.#read(attributes, i, into);
      switch (attributes[i]) {
        case DW_AT_low_pc:
          lowPc = { ...into };
          break;
        case DW_AT_high_pc:
          highPc = { ...into };
          break;
        case DW_AT_ranges:
          ranges = { ...into };
          break;
        case DW_AT_call_file:
          callFile = into.value;
          break;
        case DW_AT_call_line:
          callLine = into.value;
          break;
      }
    }
    if (lowPc === undefined && ranges === undefined) return undefined;
    const owner = this.functions.length;
    const before = this.starts.length;
    this.#ranges.read(this.#unit, { lowPc, highPc, ranges }, (low, high) => {
      this.starts.push(low);
      this.ends.push(high);
      this.owners.push(owner);
    });
    if (this.starts.length === before) return undefined;
    if (this.starts.length > MAX_RANGES)
      throw new ElfError('malformed', 'a unit of too many functions');
    const found = { entry: this.#unit.offset + entry, parent, callFile, callLine };
    this.functions.push(found);
    return found;
  }
}
