/**
 * The code symbols of one object, by address. Made once per object and kept: numbers in sorted
 * typed arrays and the raw string tables, with a name decoded only when it is asked for. Addresses
 * are the object's own (link-time) virtual addresses; `ElfImage.vaddrOfFileOffset` gives them.
 */
import { ET_DYN, ET_EXEC } from './elf/constants.ts';
import type { ElfImage } from './elf/image.ts';
import { bytesAt, utf8 } from './elf/string-table.ts';
import { resolveRanges, type SymbolRanges } from './symbol-ranges.ts';
import { readCodeSymbols, type SymbolColumns } from './symbol-reader.ts';

export interface SymbolHit {
  /** As the object has it: mangled if it is C++ or Rust. */
  readonly name: string;
  /** Where the symbol begins, a virtual address of the object. */
  readonly start: number;
  /** Bytes, as recorded; 0 when the object does not say. */
  readonly size: number;
}

/** Longer names are cut. The longest mangled names seen in the wild are some ten thousand bytes. */
export const MAX_NAME = 65_536;

/** What answers for the addresses of one object. */
export interface NameTable {
  /** Disjoint address ranges that have a name. */
  readonly size: number;
  /** Memory held, in bytes. */
  readonly byteLength: number;
  lookup(vaddr: number): SymbolHit | undefined;
  /** Of one that reads what it is asked for. */
  close?(): void;
}

export class SymbolTable implements NameTable {
  /** What the table is made of, for those that store it. */
  readonly ranges: SymbolRanges;
  /** Tables of NUL-terminated names; `ranges.name` counts through them laid end to end. */
  readonly names: readonly Uint8Array[];

  private constructor(ranges: SymbolRanges, names: readonly Uint8Array[]) {
    this.ranges = ranges;
    this.names = names;
  }

  /**
   * Functions (and indirect functions) from .symtab and .dynsym together, and untyped labels in
   * executable sections for addresses that no function covers. Only linked images have addresses:
   * any other type of file gives an empty table. The image may be closed afterwards.
   * @throws `ElfError` when the section headers or a symbol table are damaged; a damaged symbol
   *   inside a sound table is skipped
   */
  static fromElf(elf: ElfImage): SymbolTable {
    return hasAddresses(elf) ? SymbolTable.fromColumns(readCodeSymbols(elf)) : SymbolTable.empty();
  }

  /** A table of symbols gathered from several files of one object. */
  static fromColumns(symbols: SymbolColumns): SymbolTable {
    if (symbols.count === 0) return SymbolTable.empty();
    return new SymbolTable(resolveRanges(symbols), symbols.names);
  }

  /** A table of ranges made before, ascending and disjoint. */
  static fromRanges(ranges: SymbolRanges, names: readonly Uint8Array[]): SymbolTable {
    return new SymbolTable(ranges, names);
  }

  static empty(): SymbolTable {
    const none = new Uint32Array(0);
    const start = new Float64Array(0);
    return new SymbolTable(
      { count: 0, start, length: none, lead: none, size: none, name: none },
      [],
    );
  }

  /** Disjoint address ranges that have a name: about the number of distinct functions. */
  get size(): number {
    return this.ranges.count;
  }

  /** Memory held, in bytes. */
  get byteLength(): number {
    const { start, length, lead, size, name } = this.ranges;
    let total = 0;
    for (const column of [start, length, lead, size, name, ...this.names]) {
      total += column.byteLength;
    }
    return total;
  }

  /**
   * The symbol that covers `vaddr`. A symbol with a size answers inside [start, start + size), one
   * without up to the next symbol or the end of its section. Of nested symbols the innermost
   * answers; of aliases the global one, then weak, then local, then the longest, then the one with
   * the fewest leading underscores.
   */
  lookup(vaddr: number): SymbolHit | undefined {
    const { count, start, length, lead, size, name } = this.ranges;
    const at = lastNotAfter(start, count, vaddr);
    if (at < 0) return undefined;
    const from = start[at] as number;
    if (!(vaddr - from < (length[at] as number))) return undefined;
    return {
      name: utf8.decode(this.nameBytes(name[at] as number)),
      start: from - (lead[at] as number),
      size: size[at] as number,
    };
  }

  /** The name at an offset of `ranges.name`, as it stands in the object; empty when outside. */
  nameBytes(offset: number): Uint8Array {
    let within = offset;
    for (const names of this.names) {
      if (within < names.length) return bytesAt(names, within, MAX_NAME);
      within -= names.length;
    }
    return new Uint8Array(0);
  }
}

/** The index of the last of `count` ascending numbers that is not above one; -1 where all are. */
export function lastNotAfter(ascending: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whether symbols of this file are addresses: it is an executable or a shared object. */
export function hasAddresses(elf: ElfImage): boolean {
  return elf.type === ET_EXEC || elf.type === ET_DYN;
}
