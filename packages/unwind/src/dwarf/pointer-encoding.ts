/**
 * Pointers as .eh_frame writes them: one byte says the format (low half) and what the value is
 * relative to (high half). Source: Linux Standard Base Core, "DWARF Exception Header Encoding".
 */
import { UnwindError } from '../error.ts';
import type { FrameCursor } from './frame-cursor.ts';

export const DW_EH_PE_absptr = 0x00;
export const DW_EH_PE_omit = 0xff;

const DW_EH_PE_uleb128 = 0x01;
const DW_EH_PE_udata2 = 0x02;
const DW_EH_PE_udata4 = 0x03;
const DW_EH_PE_udata8 = 0x04;
const DW_EH_PE_sleb128 = 0x09;
const DW_EH_PE_sdata2 = 0x0a;
const DW_EH_PE_sdata4 = 0x0b;
const DW_EH_PE_sdata8 = 0x0c;

const DW_EH_PE_pcrel = 0x10;
const DW_EH_PE_textrel = 0x20;
const DW_EH_PE_datarel = 0x30;
const DW_EH_PE_funcrel = 0x40;
const DW_EH_PE_aligned = 0x50;
const DW_EH_PE_indirect = 0x80;
export const PCREL_SDATA4 = DW_EH_PE_pcrel | DW_EH_PE_sdata4;

/** Virtual addresses that encoded pointers are relative to; one that is absent cannot be used. */
export interface PointerBases {
  /** Address of the first byte of the section that is read. */
  readonly section: number;
  readonly text?: number | undefined;
  readonly data?: number | undefined;
}

/** The stored value without its base: how lengths of FDEs are written. */
export function readPointerValue(reader: FrameCursor, encoding: number): number {
  switch (encoding & 0x0f) {
    case DW_EH_PE_absptr:
    case DW_EH_PE_udata8:
      return reader.u64();
    case DW_EH_PE_uleb128:
      return reader.uleb();
    case DW_EH_PE_udata2:
      return reader.u16();
    case DW_EH_PE_udata4:
      return reader.u32();
    case DW_EH_PE_sleb128:
      return reader.sleb();
    case DW_EH_PE_sdata2:
      return reader.i16();
    case DW_EH_PE_sdata4:
      return reader.i32();
    case DW_EH_PE_sdata8:
      return reader.i64();
    default:
      throw new UnwindError('unsupported', `pointer encoding 0x${encoding.toString(16)}`);
  }
}

/**
 * The virtual address that an encoded pointer stands for, as the file is linked. `functionStart` is
 * what funcrel is relative to.
 * @throws `UnwindError`: `unsupported` for indirect pointers (only a running process knows what they
 *   point at) and missing bases, `malformed` for values outside 0..2^53
 */
export function readPointer(
  reader: FrameCursor,
  encoding: number,
  bases: PointerBases,
  functionStart = 0,
): number {
  // What nearly every file uses: four signed bytes from here.
  if (encoding === PCREL_SDATA4) {
    const address = bases.section + reader.at + reader.i32();
    if (address >= 0) return address;
    throw new UnwindError('malformed', 'a pointer leads outside the address space');
  }
  if ((encoding & DW_EH_PE_indirect) !== 0) {
    throw new UnwindError('unsupported', 'an indirect pointer where an address is needed');
  }
  const application = encoding & 0x70;
  if (application === DW_EH_PE_aligned) alignTo8(reader, bases);
  const here = bases.section + reader.at;
  const base = baseOf(application, here, bases, functionStart);
  // A full-width distance wraps around: unsigned to the eye, it may well lead backwards.
  const wraps = application !== 0 && isFullWidth(encoding);
  const address = base + (wraps ? reader.i64() : readPointerValue(reader, encoding));
  if (!(address >= 0 && address <= Number.MAX_SAFE_INTEGER)) {
    throw new UnwindError('malformed', `a pointer at ${here} leads outside the address space`);
  }
  return address;
}

/** Passes over a pointer, of any encoding. */
export function skipPointer(reader: FrameCursor, encoding: number, bases: PointerBases): void {
  if (encoding === DW_EH_PE_omit) return;
  if ((encoding & 0x70) === DW_EH_PE_aligned) alignTo8(reader, bases);
  readPointerValue(reader, encoding);
}

function isFullWidth(encoding: number): boolean {
  return (encoding & 0x0f) === DW_EH_PE_absptr || (encoding & 0x0f) === DW_EH_PE_udata8;
}

function baseOf(application: number, here: number, bases: PointerBases, start: number): number {
  switch (application) {
    case 0:
    case DW_EH_PE_aligned:
      return 0;
    case DW_EH_PE_pcrel:
      return here;
    case DW_EH_PE_funcrel:
      return start;
    case DW_EH_PE_textrel:
      if (bases.text !== undefined) return bases.text;
      break;
    case DW_EH_PE_datarel:
      if (bases.data !== undefined) return bases.data;
      break;
  }
  throw new UnwindError(
    'unsupported',
    `nothing is known for pointers 0x${application.toString(16)}`,
  );
}

function alignTo8(reader: FrameCursor, bases: PointerBases): void {
  const over = (bases.section + reader.at) % 8;
  if (over !== 0) reader.skip(8 - over);
}
