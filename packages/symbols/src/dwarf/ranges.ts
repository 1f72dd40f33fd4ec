/**
 * Which addresses an entry covers: from DW_AT_low_pc and DW_AT_high_pc, or from a list in
 * .debug_ranges (up to DWARF 4) or .debug_rnglists (DWARF 5). Ranges of code that the linker threw
 * away point at 0 or beyond all addresses, and are left out.
 * Source: DWARF 5, sections 2.17 and 7.25; DWARF 4, section 2.17.3.
 */
import { ElfError } from '../elf/error.ts';
import {
  DW_FORM_rnglistx,
  DW_RLE_base_address,
  DW_RLE_base_addressx,
  DW_RLE_end_of_list,
  DW_RLE_offset_pair,
  DW_RLE_start_end,
  DW_RLE_start_length,
  DW_RLE_startx_endx,
  DW_RLE_startx_length,
} from './constants.ts';
import { DwarfCursor } from './cursor.ts';
import type { FormValue } from './forms.ts';
import type { DebugSections } from './sections.ts';
import type { Unit } from './unit.ts';

export type RangeSink = (low: number, high: number) => void;

/** The attributes of an entry that say what it covers. */
export interface Coverage {
  readonly lowPc?: FormValue | undefined;
  readonly highPc?: FormValue | undefined;
  readonly ranges?: FormValue | undefined;
}

const PIECE = 4096;
/** The largest address, as a signed number: in .debug_ranges it means that a new base follows. */
const BASE_SELECTION = -1;

/** Reads ranges within a budget of entries, so that many entries cannot each name a huge list. */
export class RangeReader {
  readonly #sections: DebugSections;
  #budget: number;

  /** @param budget entries at most; never more than the sections could hold, were none shared. */
  constructor(sections: DebugSections, budget: number) {
    this.#sections = sections;
    const honest = sections.size('.debug_ranges') + sections.size('.debug_rnglists');
    this.#budget = Math.min(budget, honest);
  }

  /** Gives the ranges of an entry to `sink`. @throws `ElfError` when they are damaged */
  read(unit: Unit, { lowPc, highPc, ranges }: Coverage, sink: RangeSink): void {
    if (ranges !== undefined) {
      const checked: RangeSink = (low, high) => emit(low, high, sink);
      if (unit.version >= 5) this.#list5(unit, ranges, checked);
      else this.#list4(unit, ranges.value, checked);
      return;
    }
    const low = lowPc === undefined ? undefined : unit.address(lowPc);
    if (low === undefined || highPc === undefined) return;
    // An address, or since DWARF 4 mostly a length.
    emit(low, unit.address(highPc) ?? low + highPc.value, sink);
  }

  #spend(): void {
    if (--this.#budget < 0) throw new ElfError('malformed', 'too many address ranges');
  }

  #list4(unit: Unit, offset: number, sink: RangeSink): void {
    let base = baseOf(unit);
    for (let at = offset; ; at += PIECE) {
      const piece = this.#sections.readUpTo('.debug_ranges', at, PIECE);
      const cursor = new DwarfCursor(piece);
      while (cursor.at + 16 <= piece.length) {
        this.#spend();
        const low = cursor.i64();
        const high = cursor.i64();
        if (low === 0 && high === 0) return;
        if (low === BASE_SELECTION) base = high;
        else sink(base + low, base + high);
      }
      if (piece.length < PIECE) throw new ElfError('truncated', 'a list of ranges has no end');
    }
  }

  #list5(unit: Unit, ranges: FormValue, sink: RangeSink): void {
    let offset = ranges.value;
    if (ranges.form === DW_FORM_rnglistx) {
      const at = unit.rnglistsBase + ranges.value * unit.offsetSize;
      const entry = this.#sections.read('.debug_rnglists', at, unit.offsetSize);
      offset = unit.rnglistsBase + new DwarfCursor(entry).unsigned(unit.offsetSize);
    }
    // Entries have no fixed size: read more from the same place until the list ends in it.
    for (let length = PIECE; ; length *= 16) {
      const piece = this.#sections.readUpTo('.debug_rnglists', offset, length);
      const found: number[] = [];
      try {
        this.#parse5(unit, new DwarfCursor(piece), (low, high) => found.push(low, high));
      } catch (error) {
        const isShort = error instanceof ElfError && error.code === 'truncated';
        if (!isShort || piece.length < length) throw error;
        continue;
      }
      for (let i = 0; i < found.length; i += 2) sink(found[i] as number, found[i + 1] as number);
      return;
    }
  }

  #parse5(unit: Unit, cursor: DwarfCursor, sink: RangeSink): void {
    let base = baseOf(unit);
    for (;;) {
      this.#spend();
      const kind = cursor.u8();
      switch (kind) {
        case DW_RLE_end_of_list:
          return;
        case DW_RLE_base_addressx:
          base = unit.indexedAddress(cursor.uleb());
          break;
        case DW_RLE_startx_endx:
          sink(unit.indexedAddress(cursor.uleb()), unit.indexedAddress(cursor.uleb()));
          break;
        case DW_RLE_startx_length: {
          const start = unit.indexedAddress(cursor.uleb());
          sink(start, start + cursor.uleb());
          break;
        }
        case DW_RLE_offset_pair: {
          const low = cursor.wrappingUleb();
          sink(base + low, base + cursor.wrappingUleb());
          break;
        }
        case DW_RLE_base_address:
          base = cursor.u64();
          break;
        case DW_RLE_start_end: {
          const low = cursor.u64();
          sink(low, cursor.u64());
          break;
        }
        case DW_RLE_start_length: {
          const start = cursor.u64();
          sink(start, start + cursor.uleb());
          break;
        }
        default:
          throw new ElfError('malformed', `unknown kind of range ${kind}`);
      }
    }
  }
}

function baseOf(unit: Unit): number {
  const { lowPc } = unit.root;
  return lowPc === undefined ? 0 : (unit.address(lowPc) ?? 0);
}

function emit(low: number, high: number, sink: RangeSink): void {
  if (low > 0 && low < high && high <= Number.MAX_SAFE_INTEGER) sink(low, high);
}
