/**
 * Where the evaluation loop of CPython is in a file: the function, and the part of it that the compiler put elsewhere
 * because it is hardly ever run (`.cold`: of Debian's it has every `except`). That part has a symbol of its own only
 * where nothing was stripped. Elsewhere it is known by the jumps to it: where three or more of the loop's jumps lead
 * into the middle of one other piece of code, that is a piece of the loop.
 */

import { type ElfImage, EM_AARCH64 } from '@waggle/symbols';
import { readEhFrameHeader, UnwindError } from '@waggle/unwind';
import type { CodeRange } from '../interpreter.ts';

/** The largest that is known has 56 KB; debug builds have twice that. */
const MAX_LOOP_BYTES = 1024 * 1024;
const MIN_JUMPS = 3;

/** Version 1; .eh_frame by DW_EH_PE_pcrel|sdata4, the count by udata4, the table by datarel|sdata4. */
const USUAL_HEADER = 0x011b_033b;
const TABLE_AT = 12;
const ENTRY_BYTES = 8;

const JMP = 0xe9;
/** Before instructions of two bytes. */
const TWO = 0x0f;
const JCC = 0x80;

/** @param loop the function, in file offsets */
export function evaluationRanges(
  elf: ElfImage,
  loop: CodeRange,
  max: number,
): readonly CodeRange[] {
  if (loop.end - loop.start > MAX_LOOP_BYTES) return [loop];
  const address = elf.vaddrOfFileOffset(loop.start);
  if (address === undefined) return [loop];
  const code = elf.readMapped(address, loop.end - loop.start);
  const distances = elf.machine === EM_AARCH64 ? jumpsOfAarch64(code) : jumpsOfX86(code);
  const outside = distances.map((distance) => loop.start + distance);
  if (outside.length < MIN_JUMPS) return [loop];
  const starts = functionStarts(elf, loop.start - address);
  const parts = new Map<number, { readonly range: CodeRange; readonly jumps: Set<number> }>();
  for (const to of outside) {
    const range = starts && rangeOf(starts, to);
    if (range === undefined || range.start === to) continue;
    const part = parts.get(range.start) ?? { range, jumps: new Set<number>() };
    part.jumps.add(to);
    parts.set(range.start, part);
  }
  const others = [...parts.values()]
    .filter(({ jumps }) => jumps.size >= MIN_JUMPS)
    .sort((a, b) => b.jumps.size - a.jumps.size)
    .map(({ range }) => range);
  return [loop, ...others].slice(0, max);
}

/** Where functions begin, as file offsets, ascending. */
interface FunctionStarts {
  readonly size: number;
  readonly at: (index: number) => number;
}

/** Of a file without call frame information nothing is known but the function itself. */
function functionStarts(elf: ElfImage, toFile: number): FunctionStarts | undefined {
  const header = elf.section('.eh_frame_hdr');
  if (header === undefined) return undefined;
  const bytes = elf.readSection(header);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // As every linker writes it: it is searched as it lies there, for tens of thousands of functions of which a few are
  // asked for. LSB Core, "DWARF Exception Header".
  const size = bytes.length < TABLE_AT ? -1 : view.getUint32(TABLE_AT - 4, true);
  if (view.byteLength >= 4 && view.getUint32(0, false) === USUAL_HEADER && size >= 0)
    return {
      size: Math.min(size, Math.floor((bytes.length - TABLE_AT) / ENTRY_BYTES)),
      at: (index) => header.addr + view.getInt32(TABLE_AT + ENTRY_BYTES * index, true) + toFile,
    };
  try {
    const { functions } = readEhFrameHeader(bytes, header.addr);
    const ascending = functions.sort();
    return { size: ascending.length, at: (index) => (ascending[index] as number) + toFile };
  } catch (error) {
    if (error instanceof UnwindError) return undefined;
    throw error;
  }
}

/** From where one function begins to the beginning of the next. */
function rangeOf({ size, at }: FunctionStarts, offset: number): CodeRange | undefined {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(middle) <= offset) low = middle + 1;
    else high = middle;
  }
  return low === 0 || low >= size ? undefined : { start: at(low - 1), end: at(low) };
}

/**
 * How far from the beginning of the code `jmp rel32` and `jcc rel32` lead that leave it (Intel SDM vol. 2, JMP and
 * Jcc). Instructions are not told apart: bytes that only look like a jump lead anywhere, and hardly thrice into one
 * function.
 */
function jumpsOfX86(code: Uint8Array): number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: number[] = [];
  const note = (distance: number) => {
    if (distance < 0 || distance >= code.length) found.push(distance);
  };
  for (let at = code.indexOf(JMP); at >= 0 && at + 5 <= code.length; at = code.indexOf(JMP, at + 1))
    note(at + 5 + view.getInt32(at + 1, true));
  for (let at = code.indexOf(TWO); at >= 0 && at + 6 <= code.length; at = code.indexOf(TWO, at + 1))
    if (((code[at + 1] ?? 0) & 0xf0) === JCC) note(at + 6 + view.getInt32(at + 2, true));
  return found;
}

/** The same of B, B.cond, CBZ, CBNZ, TBZ and TBNZ (Arm ARM, C4.1.65). */
function jumpsOfAarch64(code: Uint8Array): number[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const found: number[] = [];
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const words = distanceOfAarch64(view.getUint32(at, true));
    const distance = at + 4 * words;
    if (distance < 0 || distance >= code.length) found.push(distance);
  }
  return found;
}

/** 0 for what is no jump. */
function distanceOfAarch64(word: number): number {
  if (word >>> 26 === 0b000101) return signed(word, 26);
  if (word >>> 24 === 0b01010100 || (word & 0x7e00_0000) === 0x3400_0000)
    return signed(word >>> 5, 19);
  return (word & 0x7e00_0000) === 0x3600_0000 ? signed(word >>> 5, 14) : 0;
}

/** The lowest bits as a signed number. */
function signed(word: number, bits: number): number {
  return (word << (32 - bits)) >> (32 - bits);
}
