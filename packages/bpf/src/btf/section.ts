// Finds one named section in a BPF object file. Objects are little-endian ELF64 files that we
// built ourselves; a general ELF reader is the symbols package's work.

import { BtfError } from './btf.ts';

/** The bytes of section `name`. @throws BtfError when the file has no such section. */
export function elfSection(file: Uint8Array, name: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const decoder = new TextDecoder();
  if (file.byteLength < 64 || view.getUint32(0, false) !== 0x7f454c46)
    throw new BtfError('not an ELF file');
  const headersAt = Number(view.getBigUint64(0x28, true));
  const headerSize = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  const namesIndex = view.getUint16(0x3e, true);
  const header = (index: number) => {
    const at = headersAt + index * headerSize;
    return {
      nameAt: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      size: Number(view.getBigUint64(at + 0x20, true)),
    };
  };
  const names = header(namesIndex);
  for (let index = 0; index < count; index++) {
    const section = header(index);
    const start = names.offset + section.nameAt;
    if (decoder.decode(file.subarray(start, file.indexOf(0, start))) === name)
      return file.subarray(section.offset, section.offset + section.size);
  }
  throw new BtfError(`the object has no ${name} section`);
}

/** Where each named symbol lies in its section: Elf64_Sym.st_value by st_name (elf(5)). */
export function symbolOffsets(file: Uint8Array): ReadonlyMap<string, number> {
  const SYMBOL_BYTES = 24;
  const symbols = elfSection(file, '.symtab');
  const names = elfSection(file, '.strtab');
  const view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
  const decoder = new TextDecoder();
  const offsets = new Map<string, number>();
  for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
    const start = view.getUint32(at, true);
    const name = decoder.decode(names.subarray(start, names.indexOf(0, start)));
    offsets.set(name, Number(view.getBigUint64(at + 8, true)));
  }
  return offsets;
}
