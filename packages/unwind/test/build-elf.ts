/** Small ELF files for tests: one executable segment that maps the whole file, and sections in it. */
import { ElfImage } from '@waggle/symbols';

export interface SectionShape {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** SHF_ALLOC unless told; 6 for code. */
  readonly flags?: number;
}

export interface ElfShape {
  readonly machine?: number;
  /** Virtual address of file offset 0; 0x40_0000. */
  readonly base?: number;
  /** Bytes of code at `TEXT_OFFSET`; 64 KiB. */
  readonly textSize?: number;
  readonly sections?: readonly SectionShape[];
  /** Section headers are left out, and PT_GNU_EH_FRAME leads to .eh_frame_hdr. */
  readonly stripped?: boolean;
}

export const BASE = 0x40_0000;
/** File offset of .text in every image that is built here. */
export const TEXT_OFFSET = 0x1000;

const EHDR = 64;
const PHDR = 56;
const SHDR = 64;

export function buildElf(shape: ElfShape): Uint8Array {
  const base = shape.base ?? BASE;
  const text = { name: '.text', bytes: new Uint8Array(shape.textSize ?? 0x1_0000), flags: 6 };
  const contents = [text, ...(shape.sections ?? [])];
  const names = ['', ...contents.map(({ name }) => name), '.shstrtab'];
  const strings = new TextEncoder().encode(names.map((name) => `${name}\0`).join(''));
  const nameAt = (index: number) => names.slice(0, index).reduce((sum, n) => sum + n.length + 1, 0);

  let end = TEXT_OFFSET;
  const placed = [...contents, { name: '.shstrtab', bytes: strings, flags: 0 }].map((section) => {
    const offset = end;
    end = Math.ceil((offset + section.bytes.length) / 16) * 16;
    return { ...section, offset };
  });
  const shoff = end;
  const file = new Uint8Array(shoff + SHDR * (placed.length + 1));
  const view = new DataView(file.buffer);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true);
  view.setUint16(18, shape.machine ?? 62, true);
  view.setUint32(20, 1, true);
  u64(32, EHDR);
  view.setUint16(54, PHDR, true);
  view.setUint16(56, shape.stripped ? 2 : 1, true);
  if (!shape.stripped) {
    u64(40, shoff);
    view.setUint16(58, SHDR, true);
    view.setUint16(60, placed.length + 1, true);
    view.setUint16(62, placed.length, true);
  }
  const segment = (at: number, type: number, offset: number, size: number) => {
    view.setUint32(at, type, true);
    view.setUint32(at + 4, 5, true);
    u64(at + 8, offset);
    u64(at + 16, base + offset);
    u64(at + 32, size);
    u64(at + 40, size);
    u64(at + 48, 0x1000);
  };
  segment(EHDR, 1, 0, shoff);
  const header = placed.find(({ name }) => name === '.eh_frame_hdr');
  if (shape.stripped && header) {
    segment(EHDR + PHDR, 0x6474_e550, header.offset, header.bytes.length);
  }
  placed.forEach((section, i) => {
    file.set(section.bytes, section.offset);
    const at = shoff + SHDR * (i + 1);
    view.setUint32(at, nameAt(i + 1), true);
    view.setUint32(at + 4, 1, true);
    u64(at + 8, section.flags ?? 2);
    u64(at + 16, base + section.offset);
    u64(at + 24, section.offset);
    u64(at + 32, section.bytes.length);
  });
  return file;
}

/** Virtual address of a section that `buildElf` has placed. */
export function addressOf(file: Uint8Array, name: string): number {
  const section = ElfImage.parse(file).section(name);
  if (section === undefined) throw new Error(`no ${name}`);
  return section.addr;
}

/** An image whose .eh_frame is these bytes. */
export function elfWithFrames(ehFrame: Uint8Array, shape: ElfShape = {}): ElfImage {
  const sections = [{ name: '.eh_frame', bytes: ehFrame }, ...(shape.sections ?? [])];
  return ElfImage.parse(buildElf({ ...shape, sections }));
}
