// Where the evaluation loop of CPython is in a file: the function, and the part of it that the compiler put elsewhere
// because it is hardly ever run (`.cold`: of Debian's it has every `except`). That part has a symbol of its own only
// where nothing was stripped. Elsewhere it is known by the jumps to it: where three or more of the loop's jumps lead
// into the middle of one other piece of code, that is a piece of the loop.

import { type ElfImage, EM_AARCH64 } from '@waggle/symbols';
import { readEhFrameHeader, UnwindError } from '@waggle/unwind';
import type { CodeRange } from '../interpreter.ts';

/** The largest that is known has 56 KB; debug builds have twice that. */
const MAX_LOOP_BYTES = 1024 * 1024;
const MIN_JUMPS = 3;

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
  const starts = functionStarts(elf, loop.start - address);
  const distances = elf.machine === EM_AARCH64 ? jumpsOfAarch64(code) : jumpsOfX86(code);
  const parts = new Map<number, { readonly range: CodeRange; readonly jumps: Set<number> }>();
  for (const distance of distances) {
    const to = loop.start + distance;
    if (to >= loop.start && to < loop.end) continue;
    const range = rangeOf(starts, to);
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

/** File offsets, ascending. Of a file without call frame information nothing is known but the function itself. */
function functionStarts(elf: ElfImage, toFile: number): Float64Array {
  const header = elf.section('.eh_frame_hdr');
  if (header === undefined) return new Float64Array(0);
  try {
    const { functions } = readEhFrameHeader(elf.readSection(header), header.addr);
    return functions.map((address) => address + toFile).sort();
  } catch (error) {
    if (error instanceof UnwindError) return new Float64Array(0);
    throw error;
  }
}

/** From where one function begins to the beginning of the next. */
function rangeOf(starts: Float64Array, offset: number): CodeRange | undefined {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= offset) low = middle + 1;
    else high = middle;
  }
  const [start, end] = [starts[low - 1], starts[low]];
  return start === undefined || end === undefined ? undefined : { start, end };
}

/**
 * Where `jmp rel32` and `jcc rel32` lead, from the beginning of the code (Intel SDM vol. 2, JMP and Jcc). Instructions
 * are not told apart: bytes that only look like a jump lead anywhere, and hardly thrice into one function.
 */
function* jumpsOfX86(code: Uint8Array): Generator<number> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + 5 <= code.length; at++) {
    if (code[at] === 0xe9) yield at + 5 + view.getInt32(at + 1, true);
    else if (code[at] === 0x0f && ((code[at + 1] ?? 0) & 0xf0) === 0x80 && at + 6 <= code.length)
      yield at + 6 + view.getInt32(at + 2, true);
  }
}

/** Of B, B.cond, CBZ, CBNZ, TBZ and TBNZ (Arm ARM, C4.1.65). */
function* jumpsOfAarch64(code: Uint8Array): Generator<number> {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const word = view.getUint32(at, true);
    if (word >>> 26 === 0b000101) yield at + 4 * signed(word, 26);
    else if (word >>> 24 === 0b01010100 || (word & 0x7e00_0000) === 0x3400_0000)
      yield at + 4 * signed(word >>> 5, 19);
    else if ((word & 0x7e00_0000) === 0x3600_0000) yield at + 4 * signed(word >>> 5, 14);
  }
}

/** The lowest bits as a signed number. */
function signed(word: number, bits: number): number {
  return (word << (32 - bits)) >> (32 - bits);
}
