/**
 * The dynamic symbols of a file as a loader finds them, by PT_DYNAMIC: for files whose section headers
 * were cut off, or cannot be read. How many there are stands in a hash table only. Layouts: System V
 * gABI, "Dynamic Section" and "Hash Table"; glibc's elf/dl-lookup.c for DT_GNU_HASH.
 */
import {
  DT_GNU_HASH,
  DT_HASH,
  DT_STRSZ,
  DT_STRTAB,
  DT_SYMENT,
  DT_SYMTAB,
  SYM_SIZE,
} from './constants.ts';
import { u64, viewOf } from './headers.ts';
import type { ElfImage } from './image.ts';

export interface DynamicSymbols {
  /** Elf64_Sym each, as far as they are in the file. */
  readonly symbols: Uint8Array;
  readonly strings: Uint8Array;
}

const ENTRY_BYTES = 16;
/** Browsers export under a million. */
const MAX_SYMBOLS = 4_000_000;
const MAX_STRING_BYTES = 256 * 1024 * 1024;
const GNU_HASH_HEADER = 16;
/** The chain's last symbol has it. */
const GNU_HASH_END = 1;

/**
 * undefined for a file that says nothing of them.
 * @throws `ElfError` for what lies outside the file
 */
export function readDynamicSymbols(elf: ElfImage): DynamicSymbols | undefined {
  const dynamic = elf.dynamic;
  if (dynamic === undefined) return undefined;
  const tags = readTags(viewOf(dynamic));
  const [symtab, strtab] = [tags.get(DT_SYMTAB), tags.get(DT_STRTAB)];
  if (symtab === undefined || strtab === undefined) return undefined;
  if ((tags.get(DT_SYMENT) ?? SYM_SIZE) !== SYM_SIZE) return undefined;
  const count = Math.min(countOf(elf, tags, symtab, strtab), MAX_SYMBOLS);
  return {
    symbols: elf.readMapped(symtab, count * SYM_SIZE),
    strings: elf.readMapped(strtab, Math.min(tags.get(DT_STRSZ) ?? 0, MAX_STRING_BYTES)),
  };
}

/** The first of each: the others are lists of what is not looked at. */
function readTags(view: DataView): ReadonlyMap<number, number> {
  const tags = new Map<number, number>();
  for (let at = 0; at + ENTRY_BYTES <= view.byteLength; at += ENTRY_BYTES) {
    const high = view.getUint32(at + 4, true);
    const tag = view.getUint32(at, true);
    if (tag === 0 && high === 0) break;
    if (high !== 0 || tags.has(tag) || !WANTED.has(tag)) continue;
    tags.set(tag, u64(view, at + 8, 'd_val'));
  }
  return tags;
}

const WANTED: ReadonlySet<number> = new Set([
  DT_HASH,
  DT_GNU_HASH,
  DT_STRTAB,
  DT_SYMTAB,
  DT_STRSZ,
  DT_SYMENT,
]);

function countOf(
  elf: ElfImage,
  tags: ReadonlyMap<number, number>,
  symtab: number,
  strtab: number,
): number {
  const hash = tags.get(DT_HASH);
  if (hash !== undefined) {
    const header = viewOf(elf.readMapped(hash, 8));
    // nbucket, nchain: one chain entry for each symbol.
    if (header.byteLength === 8) return header.getUint32(4, true);
  }
  const gnuHash = tags.get(DT_GNU_HASH);
  const counted = gnuHash === undefined ? 0 : countByGnuHash(elf, gnuHash);
  if (counted > 0) return counted;
  // Linkers lay the names behind the symbols.
  return strtab > symtab ? Math.floor((strtab - symtab) / SYM_SIZE) : 0;
}

/** Behind the end of the last bucket's chain; 0 where there is none, and nothing exported. */
function countByGnuHash(elf: ElfImage, address: number): number {
  const header = viewOf(elf.readMapped(address, GNU_HASH_HEADER));
  if (header.byteLength < GNU_HASH_HEADER) return 0;
  const buckets = header.getUint32(0, true);
  const first = header.getUint32(4, true);
  const bloomWords = header.getUint32(8, true);
  if (buckets > MAX_SYMBOLS || bloomWords > MAX_SYMBOLS) return 0;
  const bucketsAt = address + GNU_HASH_HEADER + bloomWords * 8;
  const table = viewOf(elf.readMapped(bucketsAt, buckets * 4));
  let last = 0;
  for (let at = 0; at + 4 <= table.byteLength; at += 4)
    last = Math.max(last, table.getUint32(at, true));
  if (last < first || last > MAX_SYMBOLS) return 0;
  const chainsAt = bucketsAt + buckets * 4;
  const chain = viewOf(elf.readMapped(chainsAt + (last - first) * 4, (MAX_SYMBOLS - last) * 4));
  for (let at = 0; at + 4 <= chain.byteLength; at += 4)
    if ((chain.getUint32(at, true) & GNU_HASH_END) !== 0) return last + at / 4 + 1;
  return last + 1;
}
