/**
 * Collects the code symbols of an ELF image into columns of plain numbers: no object and no string
 * per symbol, since there can be millions. Which symbols count as code, and how they rank among
 * aliases, is decided here; which one owns an address, in symbol-ranges.ts. Layout: System V gABI,
 * Elf64_Sym; mapping symbols: the AArch64 and RISC-V ELF supplements.
 */
import {
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHN_COMMON,
  SHN_LORESERVE,
  SHN_UNDEF,
  SHN_XINDEX,
  SHT_DYNSYM,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_GLOBAL,
  STB_GNU_UNIQUE,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  SYM_SIZE,
} from './elf/constants.ts';
import { readDynamicSymbols } from './elf/dynamic-symbols.ts';
import { ElfError } from './elf/error.ts';
import { viewOf } from './elf/headers.ts';
import type { ElfImage, ElfSection } from './elf/image.ts';
import type { PltStub } from './plt.ts';

/** Rank bits: functions above untyped labels, then GLOBAL > WEAK > LOCAL, then sized > unsized. */
export const RANK_COUNT = 12;
export const RANK_FIRST_FUNCTION = 6;

/** An address range that holds code: where a symbol without a size must end at the latest. */
export interface CodeRegion {
  readonly start: number;
  readonly end: number;
}

/** Symbols in the order of their tables, .symtab first. */
export interface SymbolColumns {
  readonly count: number;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly size: Uint32Array;
  /** Offsets into `names` laid end to end. */
  readonly name: Uint32Array;
  readonly rank: Uint8Array;
  readonly names: readonly Uint8Array[];
  /** Ascending by start. */
  readonly regions: readonly CodeRegion[];
}

/** Of all tables of an object together; a browser with everything in it has some three million. */
const MAX_SYMBOLS = 8_000_000;
/** Of all their names, which are in memory; a browser's are some 300 MB. */
const MAX_NAME_BYTES = 512 * 1024 * 1024;
/** Symbols read at once: a table is never held whole. */
const CHUNK = 32_768;
const DOLLAR = 0x24;
const DOT = 0x2e;

/** @throws `ElfError` when the section headers or a table are damaged */
export function readCodeSymbols(elf: ElfImage): SymbolColumns {
  // Asked for, because a collector makes do without them.
  void elf.sections;
  const collector = new SymbolCollector(elf);
  collector.addImage(elf);
  return collector.finish();
}

/**
 * Gathers symbols of one object from several files: itself, its debug file, its mini-debuginfo. Of
 * equal aliases the one added first is preferred. What was added before an error stays sound.
 */
export class SymbolCollector {
  readonly #regions: readonly CodeRegion[];
  readonly #names: Uint8Array[] = [];
  #nameBase = 0;
  #count = 0;
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  #size = new Uint32Array(1024);
  #name = new Uint32Array(1024);
  #rank = new Uint8Array(1024);

  /** @param elf the object that is mapped: its sections say where code is. */
  constructor(elf: ElfImage) {
    this.#regions = codeRegions(elf);
  }

  /**
   * The symbols of an image's .symtab and .dynsym; without section headers, those that its loader
   * knows.
   * @throws `ElfError` when one is damaged
   */
  addImage(elf: ElfImage): void {
    // At most one of each kind, as the gABI has it; more would only multiply a hostile file's cost.
    const sections = elf.sectionsIfSound;
    if (sections.length === 0) this.#addDynamic(elf);
    for (const type of [SHT_SYMTAB, SHT_DYNSYM]) {
      const table = sections.find((section) => section.type === type);
      if (table !== undefined) this.#addTable(elf, table);
    }
  }

  /** Functions that no symbol table has: stubs of the procedure linkage table, Go's own table. They rank last. */
  addFunctions(functions: readonly PltStub[]): void {
    const names = new Uint8Array(functions.reduce((sum, { name }) => sum + name.length + 1, 0));
    const base = this.#addNames(names);
    let at = 0;
    for (const { address, size, name } of functions) {
      names.set(name, at);
      const high = Math.floor(address / 0x1_0000_0000);
      if (high < 0x20_0000) this.#push(high, address >>> 0, size, base + at, RANK_FIRST_FUNCTION);
      at += name.length + 1;
    }
  }

  #addTable(elf: ElfImage, table: ElfSection): void {
    if (table.entsize !== SYM_SIZE) {
      throw new ElfError('malformed', `${table.name} has entries of ${table.entsize} bytes`);
    }
    const strings = elf.sections[table.link];
    if (strings?.type !== SHT_STRTAB) {
      throw new ElfError('malformed', `${table.name} names section ${table.link} as its strings`);
    }
    const total = Math.floor(table.size / SYM_SIZE);
    this.#expectRoom(elf, total, strings.size);
    const names = elf.readSection(strings);
    const base = this.#addNames(names);
    for (let from = 0; from < total; from += CHUNK) {
      const length = Math.min(CHUNK, total - from) * SYM_SIZE;
      this.#addChunk(elf, elf.readSection(table, from * SYM_SIZE, length), names, base);
    }
  }

  /** Before anything of a table is read. */
  #expectRoom(elf: ElfImage, symbols: number, nameBytes: number): void {
    const all = this.#count + symbols;
    const bytes = this.#nameBase + nameBytes;
    if (all <= MAX_SYMBOLS && bytes <= MAX_NAME_BYTES) return;
    const why = `${all} symbols with ${bytes} bytes of names; at most ${MAX_SYMBOLS} with ${MAX_NAME_BYTES} are read`;
    throw elf.budget?.refuse(why) ?? new ElfError('too-large', why);
  }

  #addDynamic(elf: ElfImage): void {
    const found = readDynamicSymbols(elf);
    if (found === undefined) return;
    const base = this.#addNames(found.strings);
    const whole = found.symbols.length - (found.symbols.length % SYM_SIZE);
    this.#addChunk(elf, found.symbols.subarray(0, whole), found.strings, base);
  }

  /** The offset at which these names stand in all names laid end to end. */
  #addNames(names: Uint8Array): number {
    const base = this.#nameBase;
    if (base + names.length > 0xffff_ffff) {
      throw new ElfError('malformed', 'the symbol names exceed 4 GiB');
    }
    this.#names.push(names);
    this.#nameBase += names.length;
    return base;
  }

  #addChunk(elf: ElfImage, chunk: Uint8Array, names: Uint8Array, base: number): void {
    const sections = elf.sectionsIfSound;
    const view = viewOf(chunk);
    for (let at = 0; at < chunk.length; at += SYM_SIZE) {
      const info = chunk[at + 4] as number;
      const type = info & 0xf;
      if (type !== STT_FUNC && type !== STT_GNU_IFUNC && type !== STT_NOTYPE) continue;
      const section = view.getUint16(at + 6, true);
      if (section === SHN_UNDEF || section === SHN_COMMON) continue;
      const name = view.getUint32(at, true);
      if (name >= names.length || names[name] === 0) continue;
      const high = view.getUint32(at + 12, true);
      // Beyond 2^53, or a function of 4 GiB: nothing that a lookup could mean.
      if (high >= 0x20_0000 || view.getUint32(at + 20, true) !== 0) continue;
      const low = view.getUint32(at + 8, true);
      const isFunction = type !== STT_NOTYPE;
      if (!isFunction) {
        if (isMarking(names, name) || !isCode(sections, section)) continue;
        if (regionAt(this.#regions, high * 0x1_0000_0000 + low) === undefined) continue;
      }
      const size = view.getUint32(at + 16, true);
      this.#push(high, low, size, name + base, rankOf(isFunction, info >>> 4, size));
    }
  }

  #push(high: number, low: number, size: number, name: number, rank: number): void {
    if (this.#count === this.#low.length) this.#grow();
    const at = this.#count++;
    this.#high[at] = high;
    this.#low[at] = low;
    this.#size[at] = size;
    this.#name[at] = name;
    this.#rank[at] = rank;
  }

  #grow(): void {
    const double = (column: Uint32Array<ArrayBuffer>) => {
      const larger = new Uint32Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.#high = double(this.#high);
    this.#low = double(this.#low);
    this.#size = double(this.#size);
    this.#name = double(this.#name);
    const rank = new Uint8Array(this.#rank.length * 2);
    rank.set(this.#rank);
    this.#rank = rank;
  }

  /** Symbols so far. */
  get size(): number {
    return this.#count;
  }

  finish(): SymbolColumns {
    const count = this.#count;
    return {
      count,
      high: this.#high.subarray(0, count),
      low: this.#low.subarray(0, count),
      size: this.#size.subarray(0, count),
      name: this.#name.subarray(0, count),
      rank: this.#rank.subarray(0, count),
      names: this.#names,
      regions: this.#regions,
    };
  }
}

/**
 * Whether an untyped symbol of this section names code: labels do, linker marks do not. Without
 * section headers the address alone says it.
 */
function isCode(sections: readonly ElfSection[], index: number): boolean {
  if (sections.length === 0) return index < SHN_LORESERVE;
  if (index >= SHN_LORESERVE) return index === SHN_XINDEX;
  return ((sections[index]?.flags ?? 0) & SHF_EXECINSTR) !== 0;
}

function rankOf(isFunction: boolean, binding: number, size: number): number {
  const isGlobal = binding === STB_GLOBAL || binding === STB_GNU_UNIQUE;
  const strength = isGlobal ? 2 : binding === STB_WEAK ? 1 : 0;
  return (isFunction ? RANK_FIRST_FUNCTION : 0) + strength * 2 + (size > 0 ? 1 : 0);
}

/**
 * Names that mark rather than name: `$x`, `$d`, `$a`, `$t`, alone or before a dot (ARM), `$xrv64…`
 * (RISC-V), and assembler-local `.L` labels, which RISC-V objects keep.
 */
function isMarking(names: Uint8Array, at: number): boolean {
  const first = names[at];
  const second = names[at + 1];
  const third = names[at + 2] ?? 0;
  if (first === DOT) return second === 0x4c;
  if (first !== DOLLAR) return false;
  if (second === 0x78 && third === 0x72 && names[at + 3] === 0x76) return true;
  const isLetter = second === 0x78 || second === 0x64 || second === 0x61 || second === 0x74;
  return isLetter && (third === 0 || third === DOT);
}

/** Executable sections; executable segments for a file that has no section saying so. */
function codeRegions(elf: ElfImage): CodeRegion[] {
  const wanted = SHF_ALLOC | SHF_EXECINSTR;
  const regions = elf.sectionsIfSound
    .filter((section) => (section.flags & wanted) === wanted && section.size > 0)
    .map((section) => ({ start: section.addr, end: section.addr + section.size }));
  if (regions.length === 0) {
    for (const load of elf.loads) {
      if (load.executable) regions.push({ start: load.vaddr, end: load.vaddr + load.memSize });
    }
  }
  return regions.sort((a, b) => a.start - b.start);
}

/** The region that holds `address`: of those that begin at or before it, the last one. */
export function regionAt(regions: readonly CodeRegion[], address: number): CodeRegion | undefined {
  let low = 0;
  let high = regions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((regions[middle] as CodeRegion).start <= address) low = middle + 1;
    else high = middle;
  }
  const region = regions[low - 1];
  return region !== undefined && address < region.end ? region : undefined;
}
