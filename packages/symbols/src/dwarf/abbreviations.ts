/**
 * Abbreviation tables: what kinds of entries a unit has, and which attributes in which form each
 * kind carries. Source: DWARF 5, section 7.5.3.
 */
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

/** Tables by offset, within a budget: units may share a table, but not each tail of a long one. */
export class AbbreviationTables {
  readonly #sections: DebugSections;
  readonly #tables = new Map<number, Abbreviations>();
  #budget: number;

  constructor(sections: DebugSections) {
    this.#sections = sections;
    this.#budget = 100_000 + sections.size('.debug_abbrev');
  }

  /** The table at `offset` of .debug_abbrev. Throws `ElfError`. */
  at(offset: number): Abbreviations {
    const known = this.#tables.get(offset);
    if (known !== undefined) return known;
    if (this.#budget < 0) throw new ElfError('malformed', 'abbreviation tables overlap');
    // Until it is known to end, a table is charged with all that it may have made us read.
    const rest = Math.max(0, this.#sections.size('.debug_abbrev') - offset);
    this.#budget -= rest;
    const table = readAbbreviations(this.#sections, offset);
    this.#budget += rest;
    // Each attribute takes two bytes at least, so honest tables cost less than the section's size.
    for (const { attributes } of table.values()) this.#budget -= 1 + attributes.length / 3;
    this.#tables.set(offset, table);
    return table;
  }
}

/** The table at `offset` of .debug_abbrev. Throws `ElfError`. */
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
