/**
 * Sections and symbols of a BPF object file. Objects are little-endian ELF64 files that we
 * built ourselves; a general ELF reader is the symbols package's work.
 */

import { BtfError } from './btf.ts';

interface Section {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A named place in a section: Elf64_Sym (elf(5)). */
export interface ElfSymbol {
  readonly name: string;
  /** Bytes from the start of the section. */
  readonly offset: number;
  /** Of the section; empty for what is defined elsewhere. */
  readonly section: string;
  readonly isFunction: boolean;
}

function sectionsOf(file: Uint8Array): readonly Section[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 64 || view.getUint32(0, false) !== 0x7f454c46)
    throw new BtfError('not an ELF file');
  const headersAt = Number(view.getBigUint64(0x28, true));
  const headerSize = view.getUint16(0x3a, true);
  const namesIndex = view.getUint16(0x3e, true);
  const headers = Array.from({ length: view.getUint16(0x3c, true) }, (_, index) => {
    const at = headersAt + index * headerSize;
    const offset = Number(view.getBigUint64(at + 0x18, true));
    const size = Number(view.getBigUint64(at + 0x20, true));
    return { nameAt: view.getUint32(at, true), bytes: file.subarray(offset, offset + size) };
  });
  const names = headers[namesIndex]?.bytes ?? new Uint8Array();
  return headers.map(({ nameAt, bytes }) => ({ name: stringAt(names, nameAt), bytes }));
}

function stringAt(bytes: Uint8Array, start: number): string {
  return new TextDecoder().decode(bytes.subarray(start, bytes.indexOf(0, start)));
}

/** The bytes of section `name`. @throws BtfError when the file has no such section. */
export function elfSection(file: Uint8Array, name: string): Uint8Array {
  const section = sectionsOf(file).find((candidate) => candidate.name === name);
  if (section === undefined) throw new BtfError(`the object has no ${name} section`);
  return section.bytes;
}

/** All that have a name. @throws BtfError */
export function elfSymbols(file: Uint8Array): readonly ElfSymbol[] {
  const SYMBOL_BYTES = 24;
  const STT_FUNC = 2;
  const sections = sectionsOf(file);
  const symbols = elfSection(file, '.symtab');
  const names = elfSection(file, '.strtab');
  const view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
  const found: ElfSymbol[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
    const name = stringAt(names, view.getUint32(at, true));
    if (name === '') continue;
    found.push({
      name,
      offset: Number(view.getBigUint64(at + 8, true)),
      section: sections[view.getUint16(at + 6, true)]?.name ?? '',
      isFunction: (view.getUint8(at + 4) & 0xf) === STT_FUNC,
    });
  }
  return found;
}
