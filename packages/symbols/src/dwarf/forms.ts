/**
 * Reads attribute values by their form. A value becomes one number: a constant, an address, an
 * offset, an index; what that number means is told by the form and resolved by the unit when
 * somebody asks. Source: DWARF 5, section 7.5.5 and 7.5.6.
 */
import { ElfError } from '../elf/error.ts';
import {
  DW_FORM_addr,
  DW_FORM_addrx,
  DW_FORM_addrx1,
  DW_FORM_addrx2,
  DW_FORM_addrx3,
  DW_FORM_addrx4,
  DW_FORM_block,
  DW_FORM_block1,
  DW_FORM_block2,
  DW_FORM_block4,
  DW_FORM_data1,
  DW_FORM_data2,
  DW_FORM_data4,
  DW_FORM_data8,
  DW_FORM_data16,
  DW_FORM_exprloc,
  DW_FORM_flag,
  DW_FORM_flag_present,
  DW_FORM_GNU_addr_index,
  DW_FORM_GNU_ref_alt,
  DW_FORM_GNU_str_index,
  DW_FORM_GNU_strp_alt,
  DW_FORM_implicit_const,
  DW_FORM_indirect,
  DW_FORM_line_strp,
  DW_FORM_loclistx,
  DW_FORM_ref_addr,
  DW_FORM_ref_sig8,
  DW_FORM_ref_sup4,
  DW_FORM_ref_sup8,
  DW_FORM_ref_udata,
  DW_FORM_ref1,
  DW_FORM_ref2,
  DW_FORM_ref4,
  DW_FORM_ref8,
  DW_FORM_rnglistx,
  DW_FORM_sdata,
  DW_FORM_sec_offset,
  DW_FORM_string,
  DW_FORM_strp,
  DW_FORM_strp_sup,
  DW_FORM_strx,
  DW_FORM_strx1,
  DW_FORM_strx2,
  DW_FORM_strx3,
  DW_FORM_strx4,
  DW_FORM_udata,
} from './constants.ts';
import type { DwarfCursor } from './cursor.ts';

/** What the sizes of some forms depend on. */
export interface Encoding {
  readonly version: number;
  /** 4, or 8 in the 64-bit format of DWARF. */
  readonly offsetSize: number;
  readonly addressSize: number;
}

/** A value that has been read, and how; DW_FORM_indirect is resolved. */
export interface FormValue {
  form: number;
  /** For DW_FORM_string, where the string begins in the cursor's bytes; 0 for blocks. */
  value: number;
}

/** Reads one value into `into`. @throws `ElfError` for forms that are unknown, or cut off */
export function readForm(
  cursor: DwarfCursor,
  form: number,
  implicit: number,
  encoding: Encoding,
  into: FormValue,
): void {
  into.form = form;
  into.value = readValue(cursor, form, implicit, encoding, into);
}

function readValue(
  cursor: DwarfCursor,
  form: number,
  implicit: number,
  encoding: Encoding,
  into: FormValue,
): number {
  switch (form) {
    case DW_FORM_addr:
      return cursor.unsigned(encoding.addressSize);
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      return cursor.u8();
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      return cursor.u16();
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
      return cursor.u24();
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_ref_sup4:
      return cursor.u32();
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
      return cursor.u64();
    case DW_FORM_data16:
      cursor.skip(16);
      return 0;
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
      return cursor.uleb();
    case DW_FORM_sdata:
      return cursor.sleb();
    case DW_FORM_flag_present:
      return 1;
    case DW_FORM_implicit_const:
      return implicit;
    case DW_FORM_ref_addr:
      // An address in DWARF 2, an offset ever since.
      return cursor.unsigned(encoding.version <= 2 ? encoding.addressSize : encoding.offsetSize);
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt:
      return cursor.unsigned(encoding.offsetSize);
    case DW_FORM_string:
      return cursor.skipString().from;
    case DW_FORM_block1:
      cursor.skip(cursor.u8());
      return 0;
    case DW_FORM_block2:
      cursor.skip(cursor.u16());
      return 0;
    case DW_FORM_block4:
      cursor.skip(cursor.u32());
      return 0;
    case DW_FORM_block:
    case DW_FORM_exprloc:
      cursor.skip(cursor.uleb());
      return 0;
    case DW_FORM_indirect: {
      const actual = cursor.uleb();
      // Of itself it would be endless, and an implicit value has no place to stand.
      if (actual === DW_FORM_indirect || actual === DW_FORM_implicit_const) break;
      into.form = actual;
      return readValue(cursor, actual, 0, encoding, into);
    }
  }
  throw new ElfError('malformed', `unknown form 0x${form.toString(16)} in debug information`);
}
