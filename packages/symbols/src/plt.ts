/**
 * Names for the stubs of the procedure linkage table: `read@plt` for the few instructions that jump
 * to `read` through the global offset table. The symbol tables do not have them. Each stub is
 * decoded far enough to see which slot it jumps through; the relocation of that slot has the name.
 * Sources: the System V psABI for x86-64 (with its IBT variants) and for AArch64.
 */
import {
  EM_AARCH64,
  EM_X86_64,
  R_AARCH64_GLOB_DAT,
  R_AARCH64_JUMP_SLOT,
  R_X86_64_GLOB_DAT,
  R_X86_64_JUMP_SLOT,
  RELA_SIZE,
  SHT_DYNSYM,
  SHT_NOBITS,
  SHT_RELA,
  SHT_STRTAB,
  SYM_SIZE,
} from './elf/constants.ts';
import { viewOf } from './elf/headers.ts';
import type { ElfImage, ElfSection } from './elf/image.ts';
import { decodeAarch64Stubs, decodeX86Stubs, type StubSink } from './plt-stubs.ts';

/** One stub: `[address, address + size)`, bytes, and the name with its `@plt`, UTF-8. */
export interface PltStub {
  readonly address: number;
  readonly size: number;
  readonly name: Uint8Array;
}

/** Where stubs are. */
export const STUB_SECTIONS: readonly string[] = ['.plt', '.plt.sec', '.plt.got'];
/** Linked files have a few thousand stubs; these bound what a section header may claim. */
const MAX_STUB_BYTES = 16 * 1024 * 1024;
const MAX_NAME_BYTES = 32 * 1024 * 1024;
const MAX_NAME = 65_536;
const CHUNK = 32_768;
const SUFFIX = new TextEncoder().encode('@plt');

/**
 * The stubs of an x86-64 or AArch64 image, [] for any other.
 * @throws `ElfError` when a section that they need lies outside the file; what is merely
 *   inconsistent has no name
 */
export function readPltStubs(elf: ElfImage): PltStub[] {
  const isX86 = elf.machine === EM_X86_64;
  if (!isX86 && elf.machine !== EM_AARCH64) return [];
  const sections = elf.sections.filter(
    (section) => STUB_SECTIONS.includes(section.name) && section.type !== SHT_NOBITS,
  );
  const bytes = sections.reduce((sum, section) => sum + section.size, 0);
  if (bytes === 0 || bytes > MAX_STUB_BYTES) return [];
  const slots = readSlots(elf);
  if (slots === undefined) return [];
  const names = new NameReader(elf, slots.symbols);
  const stubs: PltStub[] = [];
  const sink: StubSink = {
    slot: (address, size, slot) => add(address, size, slots.bySlot.get(slot)),
    index: (address, size, index) => add(address, size, slots.byIndex[index]),
  };
  const add = (address: number, size: number, symbol: number | undefined) => {
    const name = symbol === undefined ? undefined : names.read(symbol);
    if (name !== undefined) stubs.push({ address, size, name });
  };
  const decode = isX86 ? decodeX86Stubs : decodeAarch64Stubs;
  for (const section of sections) decode(elf.readSection(section), section, sink);
  return stubs;
}

/** The relocations that say what stubs lead to. */
export function slotSections(sections: readonly ElfSection[]): readonly ElfSection[] {
  const named = (name: string) => sections.find((section) => section.name === name);
  // .rela.dyn can be long, and only .plt.got goes by it.
  const wanted = named('.plt.got') ? ['.rela.plt', '.rela.dyn'] : ['.rela.plt'];
  return wanted.map(named).filter((section) => section?.type === SHT_RELA) as ElfSection[];
}

interface Slots {
  readonly symbols: ElfSection;
  /** Address of a slot in the global offset table → index of its symbol. */
  readonly bySlot: ReadonlyMap<number, number>;
  /** The symbols of .rela.plt in order: lazy stubs push their place in it. */
  readonly byIndex: readonly number[];
}

function readSlots(elf: ElfImage): Slots | undefined {
  const bySlot = new Map<number, number>();
  const byIndex: number[] = [];
  let symbols: ElfSection | undefined;
  const isX86 = elf.machine === EM_X86_64;
  const jump = isX86 ? R_X86_64_JUMP_SLOT : R_AARCH64_JUMP_SLOT;
  const data = isX86 ? R_X86_64_GLOB_DAT : R_AARCH64_GLOB_DAT;
  for (const section of slotSections(elf.sections)) {
    const { name } = section;
    const table = elf.sections[section.link];
    if (table?.type !== SHT_DYNSYM) continue;
    symbols = table;
    const count = Math.floor(section.size / RELA_SIZE);
    for (let from = 0; from < count; from += CHUNK) {
      const length = Math.min(CHUNK, count - from) * RELA_SIZE;
      const view = viewOf(elf.readSection(section, from * RELA_SIZE, length));
      for (let at = 0; at < length; at += RELA_SIZE) {
        const type = view.getUint32(at + 8, true);
        const symbol = view.getUint32(at + 12, true);
        if (name === '.rela.plt') byIndex.push(symbol);
        if (type !== jump && type !== data) continue;
        const slot = view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
        if (bySlot.size * 8 < MAX_STUB_BYTES) bySlot.set(slot, symbol);
      }
      if (byIndex.length * 8 > MAX_STUB_BYTES) return undefined;
    }
  }
  return symbols === undefined ? undefined : { symbols, bySlot, byIndex };
}

class NameReader {
  readonly #symbols: Uint8Array;
  readonly #strings: Uint8Array;
  #budget = MAX_NAME_BYTES;

  constructor(elf: ElfImage, symbols: ElfSection) {
    const strings = elf.sections[symbols.link];
    const usable = strings?.type === SHT_STRTAB && symbols.entsize === SYM_SIZE;
    this.#symbols = usable ? elf.readSection(symbols) : new Uint8Array(0);
    this.#strings = usable ? elf.readSection(strings) : new Uint8Array(0);
  }

  /** `name@plt`, or undefined for a symbol without a name. */
  read(symbol: number): Uint8Array | undefined {
    const at = symbol * SYM_SIZE;
    if (symbol === 0 || at + SYM_SIZE > this.#symbols.length) return undefined;
    const from = viewOf(this.#symbols).getUint32(at, true);
    const end = this.#strings.indexOf(0, from);
    if (end <= from || end - from > MAX_NAME) return undefined;
    this.#budget -= end - from + SUFFIX.length;
    if (this.#budget < 0) return undefined;
    const name = new Uint8Array(end - from + SUFFIX.length);
    name.set(this.#strings.subarray(from, end));
    name.set(SUFFIX, end - from);
    return name;
  }
}
