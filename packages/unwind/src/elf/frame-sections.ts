/**
 * Finds the call frame information of an ELF file: .eh_frame by its section header, else through
 * PT_GNU_EH_FRAME; and .debug_frame, inflated where it is compressed. Layouts: System V gABI.
 */
import { type ElfImage, type ElfSection, zlib } from '@waggle/symbols';
import type { FrameSection } from '../dwarf/call-frame-info.ts';
import { readEhFrameHeader } from '../dwarf/eh-frame-hdr.ts';
import { UnwindError } from '../error.ts';

const SHT_PROGBITS = 1;
const SHT_NOBITS = 8;
const SHF_COMPRESSED = 0x800;
const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
const CHDR_SIZE = 24;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const PT_GNU_EH_FRAME = 0x6474_e550;

/** More than twice the largest in the field. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
/** The header of a stripped file may claim no more program headers than linkers write. */
const MAX_PROGRAM_HEADERS = 1024;

/** .eh_frame, or undefined when the file has none. @throws `ElfError` or `UnwindError` */
export function ehFrameOf(elf: ElfImage): FrameSection | undefined {
  const section = elf.section('.eh_frame');
  if (section === undefined) return elf.sections.length === 0 ? ehFrameBySegment(elf) : undefined;
  if (section.type === SHT_NOBITS) return undefined;
  const bytes = elf.readSection(checkedSize(section));
  return { kind: 'eh_frame', bytes, bases: basesOf(elf, section.addr) };
}

/** .debug_frame, or undefined when the file has none. @throws `ElfError` or `UnwindError` */
export function debugFrameOf(elf: ElfImage): FrameSection | undefined {
  const section = elf.section('.debug_frame');
  if (section === undefined || section.type === SHT_NOBITS) return undefined;
  const stored = elf.readSection(checkedSize(section));
  const bytes = (section.flags & SHF_COMPRESSED) === 0 ? stored : inflate(stored, elf);
  return { kind: 'debug_frame', bytes, bases: basesOf(elf, section.addr) };
}

function checkedSize(section: ElfSection): ElfSection {
  if (section.size <= MAX_FRAME_BYTES) return section;
  throw new UnwindError('too-large', `${section.name} of ${section.size} bytes`);
}

function basesOf(elf: ElfImage, section: number): FrameSection['bases'] {
  const data = elf.section('.got.plt') ?? elf.section('.got');
  return { section, text: elf.section('.text')?.addr, data: data?.addr };
}

function inflate(stored: Uint8Array, { budget }: ElfImage): Uint8Array {
  if (stored.length < CHDR_SIZE) throw new UnwindError('truncated', 'a compressed section');
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const type = view.getUint32(0, true);
  const size = Number(view.getBigUint64(8, true));
  if (size > MAX_FRAME_BYTES) throw new UnwindError('too-large', `${size} bytes, inflated`);
  budget?.inflate(size);
  const options = { maxOutputLength: Math.max(size, 1) };
  const body = stored.subarray(CHDR_SIZE);
  let bytes: Uint8Array;
  try {
    if (type === ELFCOMPRESS_ZLIB) bytes = zlib().inflateSync(body, options);
    else if (type === ELFCOMPRESS_ZSTD && typeof zlib().zstdDecompressSync === 'function') {
      bytes = zlib().zstdDecompressSync(body, options);
    } else throw new UnwindError('unsupported', `compression ${type}`);
  } catch (error) {
    if (error instanceof UnwindError) throw error;
    throw new UnwindError('malformed', `a compressed section: ${String(error)}`);
  }
  if (bytes.length !== size) throw new UnwindError('malformed', 'a compressed section is short');
  return bytes;
}

/** A stripped file: the program header leads to .eh_frame_hdr, and that to .eh_frame. */
function ehFrameBySegment(elf: ElfImage): FrameSection | undefined {
  const header = viewOf(elf.readSection(range('ELF header', 0, EHDR_SIZE)));
  const phoff = Number(header.getBigUint64(32, true));
  const phnum = header.getUint16(56, true);
  if (phnum > MAX_PROGRAM_HEADERS) throw new UnwindError('too-large', `${phnum} program headers`);
  const headers = viewOf(elf.readSection(range('program headers', phoff, phnum * PHDR_SIZE)));
  for (let at = 0; at < headers.byteLength; at += PHDR_SIZE) {
    if (headers.getUint32(at, true) !== PT_GNU_EH_FRAME) continue;
    const offset = Number(headers.getBigUint64(at + 8, true));
    const address = Number(headers.getBigUint64(at + 16, true));
    const size = Number(headers.getBigUint64(at + 32, true));
    const bytes = elf.readSection(checkedSize(range('.eh_frame_hdr', offset, size)));
    return ehFrameAt(elf, readEhFrameHeader(bytes, address).ehFrame);
  }
  return undefined;
}

/** Everything up to the end of the segment, since nothing tells where .eh_frame ends. */
function ehFrameAt(elf: ElfImage, address: number): FrameSection {
  for (const load of elf.loads) {
    const within = address - load.vaddr;
    if (!(within >= 0 && within < load.fileSize)) continue;
    const size = Math.min(load.fileSize - within, MAX_FRAME_BYTES);
    const bytes = elf.readSection(range('.eh_frame', load.fileOffset + within, size));
    return { kind: 'eh_frame', bytes, bases: { section: address }, endsAtTerminator: true };
  }
  throw new UnwindError('malformed', '.eh_frame_hdr leads outside the file');
}

function range(name: string, offset: number, size: number): ElfSection {
  return { name, type: SHT_PROGBITS, flags: 0, addr: 0, offset, size, link: 0, entsize: 0 };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
