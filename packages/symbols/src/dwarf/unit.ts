/**
 * The units of .debug_info: their headers and root entries, which say what code a unit covers,
 * where its line table is, and the bases that its indexed forms count from. A unit's other entries
 * are read only when an address in it is asked for. Source: DWARF 5, sections 7.5.1 and 3.1.
 */
import { ElfError } from '../elf/error.ts';
import { stringAt } from '../elf/string-table.ts';
import { type Abbreviation, type Abbreviations, AbbreviationTables } from './abbreviations.ts';
import {
  DW_AT_addr_base,
  DW_AT_comp_dir,
  DW_AT_high_pc,
  DW_AT_low_pc,
  DW_AT_ranges,
  DW_AT_rnglists_base,
  DW_AT_stmt_list,
  DW_AT_str_offsets_base,
  DW_FORM_addr,
  DW_FORM_addrx,
  DW_FORM_addrx1,
  DW_FORM_addrx2,
  DW_FORM_addrx3,
  DW_FORM_addrx4,
  DW_FORM_GNU_addr_index,
  DW_FORM_GNU_str_index,
  DW_FORM_line_strp,
  DW_FORM_string,
  DW_FORM_strp,
  DW_FORM_strx,
  DW_FORM_strx1,
  DW_FORM_strx2,
  DW_FORM_strx3,
  DW_FORM_strx4,
  DW_TAG_compile_unit,
  DW_TAG_partial_unit,
  DW_TAG_skeleton_unit,
  DW_UT_compile,
  DW_UT_skeleton,
  DW_UT_split_compile,
  DW_UT_split_type,
  DW_UT_type,
} from './constants.ts';
import { DwarfCursor } from './cursor.ts';
import { type Encoding, type FormValue, readForm } from './forms.ts';
import type { DebugSections } from './sections.ts';

/** Chromium has some ten thousand. */
const MAX_UNITS = 262_144;
const MAX_UNIT_SIZE = 256 * 1024 * 1024;
const ROOT_PIECE = 2048;
const MAX_NAME = 16_384;
const ADDRESS_SIZE = 8;
const NO_BYTES = new Uint8Array(0);
const UNIT_TAGS = [DW_TAG_compile_unit, DW_TAG_partial_unit, DW_TAG_skeleton_unit];

/** The attributes of a root entry that are of use, as they were read. */
export interface RootValues {
  /** The text itself where it stands in the entry. */
  readonly compDir?: FormValue | string | undefined;
  readonly stmtList?: number | undefined;
  readonly lowPc?: FormValue | undefined;
  readonly highPc?: FormValue | undefined;
  readonly ranges?: FormValue | undefined;
}

export class Unit implements Encoding {
  /** Where the unit's header begins in .debug_info, and where the next unit's does. */
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: number;
  readonly addressSize = ADDRESS_SIZE;
  /** Where the root entry begins, from `offset`. */
  readonly firstEntry: number;
  root: RootValues = {};
  strOffsetsBase: number;
  addrBase = 0;
  rnglistsBase = 0;

  readonly #sections: DebugSections;
  readonly #tables: AbbreviationTables;
  readonly #abbreviationsAt: number;

  constructor(sections: DebugSections, header: UnitHeader, tables: AbbreviationTables) {
    this.#sections = sections;
    this.#tables = tables;
    this.#abbreviationsAt = header.abbreviations;
    this.offset = header.offset;
    this.end = header.end;
    this.version = header.version;
    this.offsetSize = header.offsetSize;
    this.firstEntry = header.firstEntry;
    // Behind the header of the one contribution there is, unless the unit says otherwise.
    this.strOffsetsBase = header.version >= 5 ? (header.offsetSize === 8 ? 16 : 8) : 0;
  }

  /** The directory that relative names count from; '' when it is not known. */
  get compDir(): string {
    const { compDir = '' } = this.root;
    return typeof compDir === 'string' ? compDir : (this.text(compDir, NO_BYTES) ?? '');
  }

  /** The unit from its header to its end. */
  bytes(): Uint8Array {
    if (this.end - this.offset > MAX_UNIT_SIZE) {
      throw new ElfError('malformed', 'a unit of debug information is too large');
    }
    return this.#sections.read('.debug_info', this.offset, this.end - this.offset);
  }

  /** Callers that read many entries should keep it: each call may read it anew. @throws ElfError */
  abbreviations(): Abbreviations {
    return this.#tables.at(this.#abbreviationsAt);
  }

  /** The text of a value read from `bytes`; undefined for what is no string, or not in this file. */
  text({ form, value }: FormValue, bytes: Uint8Array): string | undefined {
    switch (form) {
      case DW_FORM_string:
        return stringAt(bytes, value, MAX_NAME);
      case DW_FORM_strp:
        return this.#sections.string('.debug_str', value);
      case DW_FORM_line_strp:
        return this.#sections.string('.debug_line_str', value);
      case DW_FORM_strx:
      case DW_FORM_strx1:
      case DW_FORM_strx2:
      case DW_FORM_strx3:
      case DW_FORM_strx4:
      case DW_FORM_GNU_str_index: {
        const at = this.strOffsetsBase + value * this.offsetSize;
        const bytesThere = this.#sections.read('.debug_str_offsets', at, this.offsetSize);
        return this.#sections.string(
          '.debug_str',
          new DwarfCursor(bytesThere).unsigned(this.offsetSize),
        );
      }
    }
    return undefined;
  }

  /** The address that a value stands for; undefined when it is a constant. */
  address({ form, value }: FormValue): number | undefined {
    switch (form) {
      case DW_FORM_addr:
        return value;
      case DW_FORM_addrx:
      case DW_FORM_addrx1:
      case DW_FORM_addrx2:
      case DW_FORM_addrx3:
      case DW_FORM_addrx4:
      case DW_FORM_GNU_addr_index:
        return this.indexedAddress(value);
    }
    return undefined;
  }

  indexedAddress(index: number): number {
    const at = this.addrBase + index * ADDRESS_SIZE;
    return new DwarfCursor(this.#sections.read('.debug_addr', at, ADDRESS_SIZE)).u64();
  }
}

interface UnitHeader {
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: number;
  readonly abbreviations: number;
  readonly firstEntry: number;
}

/**
 * The compile units of .debug_info in order, type and split units left out; those before a damage.
 * A unit whose root entry is damaged is left out as well.
 */
export function readUnits(sections: DebugSections): Unit[] {
  const size = sections.size('.debug_info');
  const tables = new AbbreviationTables(sections);
  const units: Unit[] = [];
  for (let offset = 0; offset < size && units.length < MAX_UNITS; ) {
    let end = size;
    try {
      const piece = sections.readUpTo('.debug_info', offset, ROOT_PIECE);
      end = offset + unitLength(piece).end;
      const header = readHeader(piece, offset, Math.min(end, size));
      if (header !== undefined) {
        const unit = new Unit(sections, header, tables);
        if (readRoot(unit, sections)) units.push(unit);
      }
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
    offset = end;
  }
  return units;
}

/** The length field: the format it announces, and where the unit ends from its beginning. */
function unitLength(bytes: Uint8Array): { offsetSize: number; end: number; at: number } {
  const cursor = new DwarfCursor(bytes);
  const short = cursor.u32();
  if (short !== 0xffff_ffff) return { offsetSize: 4, end: 4 + short, at: cursor.at };
  const long = cursor.u64();
  return { offsetSize: 8, end: 12 + long, at: cursor.at };
}

function readHeader(bytes: Uint8Array, offset: number, end: number): UnitHeader | undefined {
  const { offsetSize, at } = unitLength(bytes);
  const cursor = new DwarfCursor(bytes, at);
  const version = cursor.u16();
  if (version < 2 || version > 5) return undefined;
  let type = DW_UT_compile;
  let abbreviations: number;
  let addressSize: number;
  if (version >= 5) {
    type = cursor.u8();
    addressSize = cursor.u8();
    abbreviations = cursor.unsigned(offsetSize);
  } else {
    abbreviations = cursor.unsigned(offsetSize);
    addressSize = cursor.u8();
  }
  if (type === DW_UT_type || type === DW_UT_split_type) return undefined;
  if (type === DW_UT_skeleton || type === DW_UT_split_compile) cursor.skip(8);
  if (addressSize !== ADDRESS_SIZE) return undefined;
  return { offset, end, version, offsetSize, abbreviations, firstEntry: cursor.at };
}

/** Fills in what the root entry says; false for one that is no compile unit's. */
function readRoot(unit: Unit, sections: DebugSections): boolean {
  const length = unit.end - unit.offset;
  for (let piece = ROOT_PIECE; ; piece *= 32) {
    const size = Math.min(piece, length);
    try {
      return parseRoot(unit, sections.read('.debug_info', unit.offset, size));
    } catch (error) {
      const isShort = error instanceof ElfError && error.code === 'truncated';
      if (!isShort || size === length || piece > MAX_UNIT_SIZE) throw error;
    }
  }
}

function parseRoot(unit: Unit, bytes: Uint8Array): boolean {
  const cursor = new DwarfCursor(bytes, unit.firstEntry);
  const abbreviation = abbreviationAt(cursor, unit.abbreviations());
  const tag = abbreviation?.tag;
  // Partial units cover nothing, but entries of others may refer to theirs.
  if (!UNIT_TAGS.includes(tag ?? 0)) return false;
  const values = new Map<number, FormValue>();
  const { attributes } = abbreviation as Abbreviation;
  for (let i = 0; i < attributes.length; i += 3) {
    const into: FormValue = { form: 0, value: 0 };
    readForm(cursor, attributes[i + 1] as number, attributes[i + 2] as number, unit, into);
    values.set(attributes[i] as number, into);
  }
  unit.strOffsetsBase = values.get(DW_AT_str_offsets_base)?.value ?? unit.strOffsetsBase;
  unit.addrBase = values.get(DW_AT_addr_base)?.value ?? 0;
  unit.rnglistsBase = values.get(DW_AT_rnglists_base)?.value ?? 0;
  const compDir = values.get(DW_AT_comp_dir);
  unit.root = {
    compDir: compDir && inlineText(compDir, bytes),
    lowPc: values.get(DW_AT_low_pc),
    highPc: values.get(DW_AT_high_pc),
    ranges: values.get(DW_AT_ranges),
    stmtList: values.get(DW_AT_stmt_list)?.value,
  };
  return true;
}

/**
 * The abbreviation of the entry at the cursor; undefined for the end of siblings.
 * @throws `ElfError`
 */
export function abbreviationAt(
  cursor: DwarfCursor,
  abbreviations: Abbreviations,
): Abbreviation | undefined {
  const code = cursor.uleb();
  if (code === 0) return undefined;
  const found = abbreviations.get(code);
  if (found === undefined) throw new ElfError('malformed', 'an entry of unknown abbreviation');
  return found;
}

function inlineText(value: FormValue, bytes: Uint8Array): FormValue | string {
  return value.form === DW_FORM_string ? stringAt(bytes, value.value, MAX_NAME) : value;
}
