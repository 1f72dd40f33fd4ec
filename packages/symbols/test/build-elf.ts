/**
 * Writes small ELF64 files byte by byte, so that tests can state exactly what is in them, sane or
 * not. Sections come after the header in the order given; one .shstrtab is appended.
 */
export interface SectionSpec {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly addr?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entsize?: number;
  readonly data?: Uint8Array;
  /** Claimed size and offset where they shall differ from `data`'s. */
  readonly size?: number | bigint;
  readonly offset?: number | bigint;
}

export interface SegmentSpec {
  readonly type: number;
  readonly flags?: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly fileSize: number;
  readonly memSize?: number;
  readonly align?: number;
}

export interface SymbolSpec {
  readonly name: string;
  readonly value: number | bigint;
  readonly size?: number | bigint;
  readonly type?: number;
  readonly binding?: number;
  readonly section?: number;
  /** Claimed name offset, where it shall not be the name's. */
  readonly nameOffset?: number;
}

export function buildElf(spec: {
  readonly machine?: number;
  readonly type?: number;
  readonly sections?: readonly SectionSpec[];
  readonly segments?: readonly SegmentSpec[];
}): Uint8Array {
  const segments = spec.segments ?? [];
  const sections: SectionSpec[] = [{ name: '', type: 0 }, ...(spec.sections ?? [])];
  const shstrtab = strings([...sections.map((s) => s.name), '.shstrtab']);
  sections.push({ name: '.shstrtab', type: 3, data: shstrtab.bytes });
  let end = 64 + segments.length * 56;
  const offsets = sections.map((section) => {
    const at = end;
    end += Math.ceil((section.data?.length ?? 0) / 8) * 8;
    return at;
  });
  const shoff = end;
  const bytes = new Uint8Array(shoff + sections.length * 64);
  const view = new DataView(bytes.buffer);
  const put64 = (at: number, value: number | bigint) => view.setBigUint64(at, BigInt(value), true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, spec.type ?? 3, true);
  view.setUint16(18, spec.machine ?? 62, true);
  view.setUint32(20, 1, true);
  put64(32, 64);
  put64(40, shoff);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, sections.length, true);
  view.setUint16(62, sections.length - 1, true);
  segments.forEach((segment, i) => {
    const at = 64 + i * 56;
    view.setUint32(at, segment.type, true);
    view.setUint32(at + 4, segment.flags ?? 5, true);
    put64(at + 8, segment.offset);
    put64(at + 16, segment.vaddr);
    put64(at + 32, segment.fileSize);
    put64(at + 40, segment.memSize ?? segment.fileSize);
    put64(at + 48, segment.align ?? 4096);
  });
  sections.forEach((section, i) => {
    if (section.data) bytes.set(section.data, offsets[i]);
    const at = shoff + i * 64;
    view.setUint32(at, shstrtab.offsets.get(section.name) ?? 0, true);
    view.setUint32(at + 4, section.type, true);
    put64(at + 8, section.flags ?? 0);
    put64(at + 16, section.addr ?? 0);
    put64(at + 24, section.type === 0 ? 0 : (section.offset ?? offsets[i] ?? 0));
    put64(at + 32, section.size ?? section.data?.length ?? 0);
    view.setUint32(at + 40, section.link ?? 0, true);
    view.setUint32(at + 44, section.info ?? 0, true);
    put64(at + 56, section.entsize ?? 0);
  });
  return bytes;
}

/** Two sections, the symbol table (first) and its strings; `link` is the strings' index. */
export function symbolSections(
  symbols: readonly SymbolSpec[],
  link: number,
  names: readonly [string, string] = ['.symtab', '.strtab'],
): [SectionSpec, SectionSpec] {
  const table = strings(symbols.map((symbol) => symbol.name));
  const data = new Uint8Array((symbols.length + 1) * 24);
  const view = new DataView(data.buffer);
  symbols.forEach((symbol, i) => {
    const at = (i + 1) * 24;
    view.setUint32(at, symbol.nameOffset ?? table.offsets.get(symbol.name) ?? 0, true);
    view.setUint8(at + 4, ((symbol.binding ?? 1) << 4) | (symbol.type ?? 2));
    view.setUint16(at + 6, symbol.section ?? 1, true);
    view.setBigUint64(at + 8, BigInt(symbol.value), true);
    view.setBigUint64(at + 16, BigInt(symbol.size ?? 0), true);
  });
  const type = names[0] === '.dynsym' ? 11 : 2;
  return [
    { name: names[0], type, link, entsize: 24, data },
    { name: names[1], type: 3, data: table.bytes },
  ];
}

/** Section 1: .text at 0x1000 up to 0x9000; section 2: .data at 0x10000. */
export const TEXT: SectionSpec = {
  name: '.text',
  type: 1,
  flags: 6,
  addr: 0x1000,
  data: new Uint8Array(0),
  size: 0x8000,
};
export const DATA: SectionSpec = {
  name: '.data',
  type: 1,
  flags: 3,
  addr: 0x1_0000,
  data: new Uint8Array(0),
  size: 0x1000,
};

/** An ET_DYN file with TEXT, DATA and these symbols. */
export function elfWithSymbols(symbols: readonly SymbolSpec[], type = 3): Uint8Array {
  return buildElf({ type, sections: [TEXT, DATA, ...symbolSections(symbols, 4)] });
}

/** A note as it stands in a file, padded to 4. */
export function note(name: string, type: number, desc: Uint8Array): Uint8Array {
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const nameEnd = 12 + Math.ceil(nameBytes.length / 4) * 4;
  const bytes = new Uint8Array(nameEnd + Math.ceil(desc.length / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nameBytes.length, true);
  view.setUint32(4, desc.length, true);
  view.setUint32(8, type, true);
  bytes.set(nameBytes, 12);
  bytes.set(desc, nameEnd);
  return bytes;
}

/** A small seeded generator (mulberry32): numbers in [0, 1), the same on every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function strings(names: readonly string[]): { bytes: Uint8Array; offsets: Map<string, number> } {
  const offsets = new Map<string, number>([['', 0]]);
  const encoder = new TextEncoder();
  const parts = [new Uint8Array(1)];
  let length = 1;
  for (const name of names) {
    if (offsets.has(name)) continue;
    const part = encoder.encode(`${name}\0`);
    offsets.set(name, length);
    parts.push(part);
    length += part.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, offsets };
}
