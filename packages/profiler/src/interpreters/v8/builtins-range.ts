/**
 * Where V8's builtins are in a file: machine code that it generates when it is built, in one piece among the functions
 * of its text. Symbols say so where they are left; a stripped file has no call frame information there, and of nothing
 * else that is as large.
 */

import { type ElfImage, findSymbols } from '@waggle/symbols';
import { readEhFrameHeader, UnwindError } from '@waggle/unwind';
import type { CodeRange } from '../interpreter.ts';

/** V8 10.2 has a pointer of the first name, and code of the second. */
const STARTS = ['v8_Default_embedded_blob_code_data_', 'v8_Default_embedded_blob_code_'];
const SIZE = 'v8_Default_embedded_blob_code_size_';
/** Those that are known have 1.4 to 2.1 MB, and no function has half of that. */
const MIN_GAP = 1024 * 1024;
const MAX_BYTES = 16 * 1024 * 1024;

export function builtinsRange(elf: ElfImage): CodeRange | undefined {
  return bySymbols(elf) ?? byGap(elf);
}

function bySymbols(elf: ElfImage): CodeRange | undefined {
  const symbols = findSymbols(elf, [...STARTS, SIZE], 'all');
  const sizeAt = symbols.get(SIZE)?.[0]?.address;
  const bytes = sizeAt === undefined ? undefined : elf.readMapped(sizeAt, 4);
  if (bytes?.length !== 4) return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  for (const name of STARTS) {
    const address = symbols.get(name)?.[0]?.address;
    const range = address === undefined ? undefined : rangeInFile(elf, address, address + size);
    if (range !== undefined) return range;
  }
  return undefined;
}

/** The largest piece of the text that no function begins in. */
function byGap(elf: ElfImage): CodeRange | undefined {
  const header = elf.section('.eh_frame_hdr');
  if (header === undefined) return undefined;
  let starts: Float64Array;
  try {
    starts = readEhFrameHeader(elf.readSection(header), header.addr).functions.slice().sort();
  } catch (error) {
    if (error instanceof UnwindError) return undefined;
    throw error;
  }
  let found: CodeRange | undefined;
  for (let index = 1; index < starts.length; index++) {
    const [start, end] = [starts[index - 1] as number, starts[index] as number];
    if (end - start > (found === undefined ? MIN_GAP : found.end - found.start))
      found = rangeInFile(elf, start, end) ?? found;
  }
  return found;
}

/** In file offsets; undefined where it is no code of the file. */
function rangeInFile(elf: ElfImage, start: number, end: number): CodeRange | undefined {
  if (end <= start || end - start > MAX_BYTES) return undefined;
  const load = elf.loads.find(
    ({ executable, vaddr, fileSize }) => executable && start >= vaddr && end <= vaddr + fileSize,
  );
  if (load === undefined) return undefined;
  const toFile = load.fileOffset - load.vaddr;
  return { start: start + toFile, end: end + toFile };
}
