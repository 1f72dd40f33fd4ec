/**
 * Names of function entries: the linkage name if there is one, else the plain one, found through
 * DW_AT_abstract_origin and DW_AT_specification, which may lead into other units.
 * Source: DWARF 5, sections 2.13.2 and 3.3.8.
 */
import { ElfError } from '../elf/error.ts';
import {
  DW_AT_abstract_origin,
  DW_AT_linkage_name,
  DW_AT_MIPS_linkage_name,
  DW_AT_name,
  DW_AT_specification,
  DW_FORM_ref_addr,
  DW_FORM_ref_udata,
  DW_FORM_ref1,
  DW_FORM_ref2,
  DW_FORM_ref4,
  DW_FORM_ref8,
} from './constants.ts';
import { DwarfCursor } from './cursor.ts';
import { type FormValue, readForm } from './forms.ts';
import type { DebugSections } from './sections.ts';
import { abbreviationAt, type Unit } from './unit.ts';

/** Sound chains have three links at most; a damaged one may be a ring. */
const MAX_LINKS = 8;
const ENTRY_PIECE = 512;
const MAX_ENTRY = 1024 * 1024;
/** Characters of the names that are remembered. */
const MAX_CACHED = 8 * 1024 * 1024;

interface EntryNames {
  readonly linkage?: string | undefined;
  readonly plain?: string | undefined;
  /** The entry that this one is a copy or the body of. */
  readonly origin?: number | undefined;
}

export class FunctionNames {
  readonly #sections: DebugSections;
  readonly #units: readonly Unit[];
  readonly #cache = new Map<number, string | undefined>();
  #cached = 0;

  /** @param units in order of their offsets. */
  constructor(sections: DebugSections, units: readonly Unit[]) {
    this.#sections = sections;
    this.#units = units;
  }

  /** The name of the function whose entry begins at `entry` of .debug_info, mangled as it may be. */
  name(entry: number): string | undefined {
    if (this.#cache.has(entry)) return this.#cache.get(entry);
    const name = this.#find(entry);
    this.#cached += 16 + (name?.length ?? 0);
    if (this.#cached > MAX_CACHED) {
      this.#cache.clear();
      this.#cached = 0;
    }
    this.#cache.set(entry, name);
    return name;
  }

  #find(first: number): string | undefined {
    let plain: string | undefined;
    let entry: number | undefined = first;
    for (let links = 0; entry !== undefined && links < MAX_LINKS; links++) {
      const names = this.#read(entry);
      if (names.linkage !== undefined) return names.linkage;
      plain ??= names.plain;
      entry = names.origin;
    }
    return plain;
  }

  #read(entry: number): EntryNames {
    const unit = this.#unitAt(entry);
    if (unit === undefined) return {};
    for (let length = ENTRY_PIECE; ; length *= 16) {
      const size = Math.min(length, unit.end - entry);
      try {
        return this.#parse(unit, this.#sections.read('.debug_info', entry, size));
      } catch (error) {
        if (!(error instanceof ElfError)) throw error;
        const isShort = error.code === 'truncated' && size === length && length < MAX_ENTRY;
        if (!isShort) return {};
      }
    }
  }

  #parse(unit: Unit, bytes: Uint8Array): EntryNames {
    const cursor = new DwarfCursor(bytes);
    const attributes =
      abbreviationAt(cursor, unit.abbreviations())?.attributes ?? new Int32Array(0);
    let linkage: string | undefined;
    let plain: string | undefined;
    let origin: number | undefined;
    const into: FormValue = { form: 0, value: 0 };
    for (let i = 0; i < attributes.length; i += 3) {
      readForm(cursor, attributes[i + 1] as number, attributes[i + 2] as number, unit, into);
      switch (attributes[i]) {
        case DW_AT_linkage_name:
        case DW_AT_MIPS_linkage_name:
          linkage = unit.text(into, bytes);
          break;
        case DW_AT_name:
          plain = unit.text(into, bytes);
          break;
        case DW_AT_abstract_origin:
        case DW_AT_specification:
          origin = referenceOf(unit, into);
          break;
      }
    }
    return { linkage, plain, origin };
  }

  #unitAt(entry: number): Unit | undefined {
    let low = 0;
    let high = this.#units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#units[middle] as Unit).offset <= entry) low = middle + 1;
      else high = middle;
    }
    const unit = this.#units[low - 1];
    return unit !== undefined && entry < unit.end ? unit : undefined;
  }
}

/** Where a reference leads, in .debug_info of this file; undefined for any other place. */
function referenceOf(unit: Unit, { form, value }: FormValue): number | undefined {
  switch (form) {
    case DW_FORM_ref1:
    case DW_FORM_ref2:
    case DW_FORM_ref4:
    case DW_FORM_ref8:
    case DW_FORM_ref_udata:
      return unit.offset + value;
    case DW_FORM_ref_addr:
      return value;
  }
  return undefined;
}
