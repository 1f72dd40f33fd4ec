/**
 * Abbreviation tables: what kinds of entries a unit has, and which attributes in which form each
 * kind carries. Source: DWARF 5, section 7.5.3.
 */
import { LRUCache } from 'lru-cache';
import { ElfError } from '../elf/error.ts';
import { DW_FORM_implicit_const } from './constants.ts';
import { DwarfCursor } from './cursor.ts';
import type { DebugSections } from './sections.ts';

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Attribute, form and implicit value, three numbers for each. */
  readonly attributes: Int32Array;
}

export type Abbreviations = ReadonlyMap<number, Abbreviation>;

const FIRST_PIECE = 16 * 1024;
/** One unit's table; real ones have some thousand bytes. */
const MAX_PIECE = 4 * 1024 * 1024;
const MAX_ATTRIBUTES = 1024;
const MAX_NUMBER = 0xffff;
/**
 * Numbers of the tables that are kept, where each abbreviation counts for as much memory as so many take: some 200 MB
 * at most. A thousand units of real programs have a tenth of that.
 */
const MAX_KEPT = 16_000_000;
const NUMBERS_OF_ENTRY = 32;

/**
 * Tables by offset. Within a budget of what is parsed, since units may share a table, but not each tail of a long
 * one; and of what is kept, the longest unused go.
 */
export class AbbreviationTables {
  readonly #sections: DebugSections;
  readonly #tables = new LRUCache<number, Abbreviations>({
    maxSize: MAX_KEPT,
    // One that is larger is kept alone.
    sizeCalculation: (table) => Math.min(MAX_KEPT, sizeOf(table)),
  });
  /** What came of those that were charged for: sound ones may be read again, damaged ones are not. */
  readonly #charged = new Map<number, ElfError | 'sound'>();
  #budget: number;

  constructor(sections: DebugSections) {
    this.#sections = sections;
    this.#budget = 100_000 + sections.size('.debug_abbrev');
  }

  /** The table at `offset` of .debug_abbrev. @throws `ElfError` */
  at(offset: number): Abbreviations {
    const known = this.#tables.get(offset);
    if (known !== undefined) return known;
    const before = this.#charged.get(offset);
    if (before instanceof ElfError) throw before;
    const table =
      before === undefined ? this.#charge(offset) : readAbbreviations(this.#sections, offset);
    this.#tables.set(offset, table);
    return table;
  }

  #charge(offset: number): Abbreviations {
    if (this.#budget < 0) throw new ElfError('malformed', 'abbreviation tables overlap');
    // Until it is known to end, a table is charged with all that it may have made us read.
    const rest = Math.max(0, this.#sections.size('.debug_abbrev') - offset);
    this.#budget -= rest;
    let table: Abbreviations;
    try {
      table = readAbbreviations(this.#sections, offset);
    } catch (error) {
      if (error instanceof ElfError && error.code !== 'too-large') this.#charged.set(offset, error);
      throw error;
    }
    this.#budget += rest;
    // Each attribute takes two bytes at least, so honest tables cost less than the section's size.
    for (const { attributes } of table.values()) this.#budget -= 1 + attributes.length / 3;
    this.#charged.set(offset, 'sound');
    return table;
  }
}

function sizeOf(table: Abbreviations): number {
  let size = 1;
  for (const { attributes } of table.values()) size += NUMBERS_OF_ENTRY + attributes.length;
  return size;
}

/** The table at `offset` of .debug_abbrev. @throws `ElfError` */
function readAbbreviations(sections: DebugSections, offset: number): Abbreviations {
  for (let length = FIRST_PIECE; ; length *= 8) {
    const piece = sections.readUpTo('.debug_abbrev', offset, length);
    try {
      return parse(piece);
    } catch (error) {
      // The piece may have been too short; the section itself may be as well.
      const isShort = error instanceof ElfError && error.code === 'truncated';
      if (!isShort || piece.length < length || length >= MAX_PIECE) throw error;
    }
  }
}

function parse(bytes: Uint8Array): Abbreviations {
  const cursor = new DwarfCursor(bytes);
  const table = new Map<number, Abbreviation>();
  for (;;) {
    const code = cursor.uleb();
    if (code === 0) return table;
    const tag = cursor.uleb();
    const hasChildren = cursor.u8() !== 0;
    const attributes: number[] = [];
    for (;;) {
      const attribute = cursor.uleb();
      const form = cursor.uleb();
      const value = form === DW_FORM_implicit_const ? cursor.sleb() : 0;
      if (attribute === 0 && form === 0) break;
      // Zero is neither, and asked for by nobody.
      attributes.push(small(attribute), small(form), value);
      if (attributes.length > 3 * MAX_ATTRIBUTES) {
        throw new ElfError('malformed', 'an abbreviation without end');
      }
    }
    if (!table.has(code)) {
      table.set(code, { tag, hasChildren, attributes: Int32Array.from(attributes) });
    }
  }
}

function small(value: number): number {
  return value > MAX_NUMBER ? 0 : value;
}
