/**
 * Decoders of the ELF64 file header, program headers and section headers. They read fixed-size
 * records from bytes that are already there; where the tables lie and how far they may reach is
 * decided in image.ts. Layouts: System V gABI, Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr.
 */
import {
  EHDR_SIZE,
  EI_CLASS,
  EI_DATA,
  ELFCLASS64,
  ELFDATA2LSB,
  PF_X,
  PHDR_SIZE,
  SHDR_SIZE,
} from './constants.ts';
import { ElfError } from './error.ts';

export interface FileHeader {
  readonly type: number;
  readonly machine: number;
  readonly entry: number;
  readonly phoff: number;
  readonly phnum: number;
  readonly shoff: number;
  readonly shnum: number;
  readonly shstrndx: number;
}

/** One PT_LOAD: what part of the file is mapped where. Bytes. */
export interface LoadSegment {
  readonly fileOffset: number;
  readonly vaddr: number;
  readonly fileSize: number;
  readonly memSize: number;
  readonly executable: boolean;
  /** p_align: what address and file offset are equal modulo; 0 and 1 mean nothing. */
  readonly align: number;
}

export interface ProgramHeader extends LoadSegment {
  readonly type: number;
}

export interface SectionHeader {
  /** Offset of the name in the section name string table. */
  readonly nameOffset: number;
  readonly type: number;
  readonly flags: number;
  readonly addr: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entsize: number;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A u64 as a number; values that a double cannot hold exactly occur in no sane file. */
export function u64(view: DataView, at: number, field: string): number {
  const high = view.getUint32(at + 4, true);
  if (high >= 0x20_0000) throw new ElfError('malformed', `${field} is beyond 2^53`);
  return high * 0x1_0000_0000 + view.getUint32(at, true);
}

/** Decodes the first bytes of a file: at least EHDR_SIZE of them, or all there are. */
export function decodeFileHeader(bytes: Uint8Array): FileHeader {
  const magic = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  if (!magic) throw new ElfError('not-elf', 'the file does not begin with the ELF magic');
  if (bytes.length > EI_CLASS && bytes[EI_CLASS] !== ELFCLASS64) {
    throw new ElfError('unsupported-class', `ELF class ${bytes[EI_CLASS]}: only ELF64 is read`);
  }
  if (bytes.length > EI_DATA && bytes[EI_DATA] !== ELFDATA2LSB) {
    throw new ElfError(
      'unsupported-endianness',
      `ELF data encoding ${bytes[EI_DATA]}: only little-endian is read`,
    );
  }
  if (bytes.length < EHDR_SIZE) throw new ElfError('truncated', 'the ELF header is cut off');
  const view = viewOf(bytes);
  const phnum = view.getUint16(56, true);
  const shoff = u64(view, 40, 'e_shoff');
  if (phnum > 0 && view.getUint16(54, true) !== PHDR_SIZE) {
    throw new ElfError('malformed', `e_phentsize ${view.getUint16(54, true)} is not ${PHDR_SIZE}`);
  }
  if (shoff > 0 && view.getUint16(58, true) !== SHDR_SIZE) {
    throw new ElfError('malformed', `e_shentsize ${view.getUint16(58, true)} is not ${SHDR_SIZE}`);
  }
  return {
    type: view.getUint16(16, true),
    machine: view.getUint16(18, true),
    entry: u64(view, 24, 'e_entry'),
    phoff: u64(view, 32, 'e_phoff'),
    phnum,
    shoff,
    shnum: view.getUint16(60, true),
    shstrndx: view.getUint16(62, true),
  };
}

export function decodeProgramHeader(view: DataView, at: number): ProgramHeader {
  return {
    type: view.getUint32(at, true),
    executable: (view.getUint32(at + 4, true) & PF_X) !== 0,
    fileOffset: u64(view, at + 8, 'p_offset'),
    vaddr: u64(view, at + 16, 'p_vaddr'),
    fileSize: u64(view, at + 32, 'p_filesz'),
    memSize: u64(view, at + 40, 'p_memsz'),
    align: u64(view, at + 48, 'p_align'),
  };
}

export function decodeSectionHeader(view: DataView, at: number): SectionHeader {
  return {
    nameOffset: view.getUint32(at, true),
    type: view.getUint32(at + 4, true),
    flags: view.getUint32(at + 8, true), // the upper half holds no flag that is looked at
    addr: u64(view, at + 16, 'sh_addr'),
    offset: u64(view, at + 24, 'sh_offset'),
    size: u64(view, at + 32, 'sh_size'),
    link: view.getUint32(at + 40, true),
    info: view.getUint32(at + 44, true),
    entsize: u64(view, at + 56, 'sh_entsize'),
  };
}

export function loadOf(header: ProgramHeader): LoadSegment {
  const { type: _, ...load } = header;
  return load;
}

/** @throws `ElfError('malformed')` when the segment's numbers contradict each other */
export function checkLoad(load: LoadSegment): void {
  if (load.fileSize > load.memSize) {
    throw new ElfError('malformed', 'a segment has more bytes in the file than in memory');
  }
  const end = Math.max(load.vaddr + load.memSize, load.fileOffset + load.fileSize);
  if (!Number.isSafeInteger(end)) throw new ElfError('malformed', 'a segment ends beyond 2^53');
}
