/**
 * What libjvm.so says of its own classes: tables of their names, fields and sizes, for the serviceability agent
 * (src/hotspot/share/runtime/vmStructs.hpp). Names, sizes and the places of static fields stand in the file. Offsets of
 * fields are filled in when it is loaded, so here it is where each of them will be.
 */

import { Buffer } from 'node:buffer';
import { type ElfImage, findSymbols } from '@waggle/symbols';

/** A field of a class, by virtual addresses. */
interface VmField {
  /** Where its offset is; undefined for a static one. */
  readonly offsetAt: number | undefined;
  /** Of a static field. */
  readonly address: number | undefined;
}

export interface VmStructs {
  /** By class and name, as `CodeBlob._name`. */
  readonly fields: ReadonlyMap<string, VmField>;
  /** By class, in bytes. */
  readonly sizes: ReadonlyMap<string, number>;
}

const STRUCTS = 'gHotSpotVMStructs';
const TYPES = 'gHotSpotVMTypes';
const TABLES = [STRUCTS, TYPES] as const;

/** struct VMStructEntry. Its sizes are told as well, by variables that are not filled in here either. */
const FIELD_ENTRY = { bytes: 48, className: 0, name: 8, isStatic: 24, offset: 32, address: 40 };
/** struct VMTypeEntry. */
const TYPE_ENTRY = { bytes: 40, className: 0, size: 32 };
/** There are under two thousand. */
const MAX_ENTRIES = 16_384;
const MAX_NAME = 128;

/** R_X86_64_RELATIVE, with its addend in the table. */
const RELATIVE = 8;
const RELA_BYTES = 24;
/** libjvm.so has some hundred thousand. */
const MAX_RELOCATIONS = 2_000_000;
const SHT_RELA = 4;

const PAGE = 65_536;

/** Undefined for a file that has no such tables. @throws ElfError for a damaged one. */
export function readVmStructs(elf: ElfImage): VmStructs | undefined {
  const symbols = findSymbols(elf, TABLES);
  const [structs, types] = TABLES.map((name) => symbols.get(name)?.[0]?.address);
  if (structs === undefined || types === undefined) return undefined;
  const data = new LoadedData(elf);
  const fields = new Map<string, VmField>();
  for (const entry of data.entries(structs, FIELD_ENTRY.bytes)) {
    const isStatic = data.word(entry + FIELD_ENTRY.isStatic) % 2 ** 32 !== 0;
    const name = `${data.text(entry + FIELD_ENTRY.className)}.${data.text(entry + FIELD_ENTRY.name)}`;
    if (fields.has(name)) continue;
    fields.set(name, {
      offsetAt: isStatic ? undefined : entry + FIELD_ENTRY.offset,
      address: isStatic ? data.word(entry + FIELD_ENTRY.address) : undefined,
    });
  }
  const sizes = new Map<string, number>();
  for (const entry of data.entries(types, TYPE_ENTRY.bytes))
    sizes.set(data.text(entry + TYPE_ENTRY.className), data.word(entry + TYPE_ENTRY.size));
  return { fields, sizes };
}

/** The value of a static field of four bytes, as far as the file has one. */
export function staticInt(elf: ElfImage, { fields }: VmStructs, name: string): number | undefined {
  const address = fields.get(name)?.address;
  if (address === undefined) return undefined;
  const bytes = elf.readMapped(address, 4);
  return bytes.length === 4 ? Buffer.from(bytes).readInt32LE(0) : undefined;
}

/** Data of a file as the loader leaves it, but for where it is loaded. */
class LoadedData {
  readonly #elf: ElfImage;
  readonly #relocated: ReadonlyMap<number, number>;
  readonly #pages = new Map<number, Buffer>();

  constructor(elf: ElfImage) {
    this.#elf = elf;
    this.#relocated = relativeRelocations(elf);
  }

  /** Addresses of the entries of a table, which ends by one without a name. @param pointer to it */
  *entries(pointer: number, bytes: number): Generator<number> {
    const start = this.word(pointer);
    if (start === 0) return;
    for (let index = 0; index < MAX_ENTRIES; index++) {
      const entry = start + index * bytes;
      if (this.word(entry) === 0) return;
      yield entry;
    }
  }

  word(address: number): number {
    const relocated = this.#relocated.get(address);
    if (relocated !== undefined) return relocated;
    const bytes = this.#read(address, 8);
    return bytes.length < 8 ? 0 : Number(bytes.readBigUInt64LE(0));
  }

  /** What a pointer there leads to. */
  text(pointer: number): string {
    const bytes = this.#read(this.word(pointer), MAX_NAME);
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  }

  #read(address: number, length: number): Buffer {
    const page = address - (address % PAGE);
    const within = address - page;
    const bytes = this.#page(page).subarray(within, within + length);
    if (bytes.length === length || within + length <= PAGE) return bytes;
    return Buffer.concat([bytes, this.#page(page + PAGE).subarray(0, length - bytes.length)]);
  }

  /** What is mapped there; a segment's first page may have nothing at its beginning. */
  #page(start: number): Buffer {
    const known = this.#pages.get(start);
    if (known !== undefined) return known;
    const page = Buffer.alloc(PAGE);
    for (const { vaddr, fileSize } of this.#elf.loads) {
      const from = Math.max(start, vaddr);
      const to = Math.min(start + PAGE, vaddr + fileSize);
      if (from < to) page.set(this.#elf.readMapped(from, to - from), from - start);
    }
    this.#pages.set(start, page);
    return page;
  }
}

/** What the loader puts where, less where the file is loaded. Others than those of x86-64 are none. */
function relativeRelocations(elf: ElfImage): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const section of elf.sectionsIfSound) {
    if (section.type !== SHT_RELA || section.name !== '.rela.dyn') continue;
    const count = Math.min(Math.floor(section.size / RELA_BYTES), MAX_RELOCATIONS);
    const bytes = elf.readSection(section, 0, count * RELA_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += RELA_BYTES) {
      if (view.getUint32(at + 8, true) !== RELATIVE) continue;
      found.set(Number(view.getBigUint64(at, true)), Number(view.getBigInt64(at + 16, true)));
    }
  }
  return found;
}
