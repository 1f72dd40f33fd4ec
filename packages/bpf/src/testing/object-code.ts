/**
 * The functions of a compiled object, as its tests look at them: instructions, and who calls whom. BPF's instruction set
 * is RFC 9669; what a relocation stands for is in the kernel's Documentation/bpf/llvm_reloc.rst.
 */

import { readFileSync } from 'node:fs';
import * as skeletons from '../generated/skeletons.ts';
import { objectPath } from '../object.ts';

export interface Code {
  readonly name: string;
  /** Of its section. */
  readonly section: number;
  readonly begin: number;
  /** Its instructions, eight bytes each. */
  readonly bytes: Buffer;
}

export interface ObjectCode {
  readonly functions: readonly Code[];
  /** Functions whose address an instruction has, called there or handed on: who, and whom. */
  readonly calls: ReadonlyMap<Code, readonly Code[]>;
}

export const LOAD_OF_16_BYTES = 0x18;
export const GOTO = 0x05;
export const CALL = 0x85;
export const EXIT = 0x95;
const PSEUDO_CALL = 1;
const SYMBOLS = 2;
const RELOCATIONS = 9;
const STT_FUNC = 2;

export const ARCHITECTURES = ['x64', 'arm64'] as const;
export const OBJECTS = Object.values(skeletons).map(({ name }) => name);

export function objectCode(name: string, architecture: string): ObjectCode {
  return codeOf(readFileSync(objectPath(name, architecture)));
}

/** BPF_JMP and BPF_JMP32. */
export const isJump = (code: number) => [5, 6].includes(code & 7) && code !== CALL && code !== EXIT;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

interface ElfSymbol {
  readonly name: string;
  readonly kind: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** Of an ELF64 object. */
function codeOf(file: Buffer): ObjectCode {
  const sections = sectionsOf(file);
  const symbols = symbolsOf(file, sections);
  const functions = symbols
    .filter(({ kind }) => kind === STT_FUNC)
    .map(({ name, section, value: begin, size }) => {
      const at = (sections[section]?.offset ?? 0) + begin;
      return { name, section, begin, bytes: file.subarray(at, at + size) };
    });
  const at = (section: number, offset: number) =>
    functions.find((code) => code.section === section && code.begin === offset);
  const around = (section: number, offset: number) =>
    functions.find(
      (code) =>
        code.section === section && code.begin <= offset && offset < code.begin + code.bytes.length,
    );
  const calls = new Map<Code, Code[]>();
  const note = (from: Code | undefined, to: Code | undefined) => {
    if (from && to) calls.set(from, [...(calls.get(from) ?? []), to]);
  };
  const relocated = new Set<number>();
  for (const { type, offset, size, info } of sections) {
    if (type !== RELOCATIONS) continue;
    for (let entry = offset; entry < offset + size; entry += 16) {
      const place = Number(file.readBigUInt64LE(entry));
      const symbol = symbols[file.readUInt32LE(entry + 12)];
      const from = around(info, place);
      if (from === undefined || symbol === undefined) continue;
      const isCall = from.bytes.readUInt8(place - from.begin) === CALL;
      const immediate = from.bytes.readInt32LE(place - from.begin + 4);
      relocated.add((sections[info]?.offset ?? 0) + place);
      // Of a section: where in it is in the instruction, for a call in instructions from the next one on.
      const inSection = isCall ? 8 * (immediate + 1) : immediate;
      note(from, at(symbol.section, symbol.kind === STT_FUNC ? symbol.value : inSection));
    }
  }
  for (const from of functions)
    for (let offset = 0; offset < from.bytes.length; offset += 8) {
      const place = from.begin + offset;
      const isOwnCall =
        from.bytes.readUInt8(offset) === CALL &&
        from.bytes.readUInt8(offset + 1) >> 4 === PSEUDO_CALL &&
        !relocated.has((sections[from.section]?.offset ?? 0) + place);
      if (isOwnCall)
        note(from, at(from.section, place + 8 * (from.bytes.readInt32LE(offset + 4) + 1)));
    }
  return { functions, calls };
}

function sectionsOf(file: Buffer): Section[] {
  const sectionsAt = Number(file.readBigUInt64LE(40));
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const at = sectionsAt + 64 * index;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
      link: file.readUInt32LE(at + 40),
      info: file.readUInt32LE(at + 44),
    };
  });
}

function symbolsOf(file: Buffer, sections: readonly Section[]): ElfSymbol[] {
  const table = sections.find(({ type }) => type === SYMBOLS);
  const names = sections[table?.link ?? -1];
  if (table === undefined || names === undefined) return [];
  return Array.from({ length: table.size / 24 }, (_, index) => {
    const at = table.offset + 24 * index;
    const nameAt = names.offset + file.readUInt32LE(at);
    return {
      name: file.toString('latin1', nameAt, file.indexOf(0, nameAt)),
      kind: file.readUInt8(at + 4) & 0xf,
      section: file.readUInt16LE(at + 6),
      value: Number(file.readBigUInt64LE(at + 8)),
      size: Number(file.readBigUInt64LE(at + 16)),
    };
  });
}
