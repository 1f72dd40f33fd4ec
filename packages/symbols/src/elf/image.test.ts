import { describe, expect, test } from 'bun:test';
import { buildElf, elfWithSymbols, note, TEXT } from '../../test/build-elf.ts';
import { ElfError, ElfImage } from './index.ts';

const BUILD_ID = new Uint8Array(20).map((_, i) => i * 11);
const BUILD_ID_HEX = Buffer.from(BUILD_ID).toString('hex');

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ElfError) return error.code;
    throw error;
  }
  return 'no error';
}

function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

function sectionAt(bytes: Uint8Array, index: number): number {
  return Number(new DataView(bytes.buffer).getBigUint64(40, true)) + index * 64;
}

describe('file header', () => {
  const elf = elfWithSymbols([]);

  test('what is no ELF64 little-endian file is told apart', () => {
    expect(codeOf(() => ElfImage.parse(new Uint8Array(0)))).toBe('not-elf');
    expect(codeOf(() => ElfImage.parse(new TextEncoder().encode('#!/bin/sh\n')))).toBe('not-elf');
    expect(codeOf(() => ElfImage.parse(patched(elf, 4, 1)))).toBe('unsupported-class');
    expect(codeOf(() => ElfImage.parse(patched(elf, 5, 2)))).toBe('unsupported-endianness');
    expect(codeOf(() => ElfImage.parse(elf.subarray(0, 63)))).toBe('truncated');
  });

  test('header entries of another size are malformed', () => {
    expect(codeOf(() => ElfImage.parse(patched(elf, 58, 40)))).toBe('malformed');
    const withSegment = buildElf({
      segments: [{ type: 1, offset: 0, vaddr: 0, fileSize: 64 }],
    });
    expect(ElfImage.parse(withSegment).loads).toHaveLength(1);
    expect(codeOf(() => ElfImage.parse(patched(withSegment, 54, 32)))).toBe('malformed');
  });

  test('type and machine', () => {
    expect(ElfImage.parse(elf).type).toBe(3);
    expect(ElfImage.parse(elf).machine).toBe(62);
  });

  test('a view into a larger buffer is read where it stands', () => {
    const larger = new Uint8Array(elf.length + 200);
    larger.set(elf, 77);
    const image = ElfImage.parse(larger.subarray(77, 77 + elf.length));
    expect(image.section('.text')?.addr).toBe(0x1000);
  });
});

describe('sections', () => {
  test('name, place and content', () => {
    const data = new Uint8Array([1, 2, 3]);
    const image = ElfImage.parse(
      buildElf({ sections: [{ name: '.one', type: 1, data, link: 7, entsize: 9, addr: 0x77 }] }),
    );
    expect(image.sections.map((section) => section.name)).toEqual(['', '.one', '.shstrtab']);
    const one = image.section('.one');
    if (one === undefined) throw new Error('.one is missing');
    expect(one).toMatchObject({ type: 1, size: 3, link: 7, entsize: 9, addr: 0x77 });
    expect([...image.readSection(one)]).toEqual([1, 2, 3]);
    expect([...image.readSection(one, 1, 1)]).toEqual([2]);
    expect(codeOf(() => image.readSection(one, 2, 2))).toBe('truncated');
    expect(image.section('.two')).toBeUndefined();
  });

  test('none is no error', () => {
    const bytes = buildElf({});
    new DataView(bytes.buffer).setBigUint64(40, 0n, true);
    expect(ElfImage.parse(bytes).sections).toEqual([]);
  });

  test('NOBITS has no bytes whatever size it claims', () => {
    const image = ElfImage.parse(
      buildElf({ sections: [{ name: '.bss', type: 8, size: 2 ** 40 }] }),
    );
    const bss = image.section('.bss');
    expect(bss?.size).toBe(2 ** 40);
    expect(bss && image.readSection(bss)).toHaveLength(0);
  });

  test('a section that reaches past the end is truncated, a huge one is refused unread', () => {
    const image = ElfImage.parse(
      buildElf({
        sections: [
          { name: '.long', type: 1, data: new Uint8Array(8), size: 100_000 },
          { name: '.huge', type: 1, size: 2 ** 45 },
          { name: '.far', type: 1, offset: 2 ** 52, size: 1 },
        ],
      }),
    );
    const read = (name: string) => {
      const section = image.section(name);
      return section && image.readSection(section);
    };
    expect(codeOf(() => read('.long'))).toBe('truncated');
    expect(codeOf(() => read('.huge'))).toBe('too-large');
    expect(codeOf(() => read('.far'))).toBe('truncated');
  });

  test('the limit is an option', () => {
    const bytes = buildElf({ sections: [{ name: '.a', type: 1, data: new Uint8Array(100) }] });
    const image = ElfImage.parse(bytes, { maxSectionSize: 99 });
    const section = image.section('.a');
    expect(codeOf(() => section && image.readSection(section))).toBe('too-large');
  });

  test('a name off the end is empty, and a name without end is cut', () => {
    const bytes = buildElf({ sections: [{ name: '.named', type: 1 }] });
    new DataView(bytes.buffer).setUint32(sectionAt(bytes, 1), 0xffff_fff0, true);
    expect(ElfImage.parse(bytes).sections[1]?.name).toBe('');
    const long = buildElf({ sections: [{ name: `.${'x'.repeat(5000)}`, type: 1 }] });
    expect(ElfImage.parse(long).sections[1]?.name).toHaveLength(256);
  });

  test('values beyond 2^53 are malformed', () => {
    const bytes = buildElf({ sections: [{ name: '.a', type: 1, size: 1n << 60n }] });
    expect(codeOf(() => ElfImage.parse(bytes).sections)).toBe('malformed');
  });

  test('a name table out of range is malformed', () => {
    const bytes = buildElf({ sections: [TEXT] });
    expect(codeOf(() => ElfImage.parse(patched(bytes, 62, 200, 0)).sections)).toBe('malformed');
  });

  test('damage leaves segments and build-id readable, and throws every time', () => {
    const notes = note('GNU', 3, BUILD_ID);
    const offset = 64 + 56;
    const bytes = buildElf({
      segments: [{ type: 4, offset, vaddr: 0, fileSize: notes.length, align: 4 }],
      sections: [{ name: '.note.gnu.build-id', type: 7, data: notes }],
    });
    const cut = ElfImage.parse(bytes.subarray(0, bytes.length - 64));
    expect(cut.buildId).toBe(BUILD_ID_HEX);
    expect(codeOf(() => cut.sections)).toBe('truncated');
    expect(codeOf(() => cut.section('.text'))).toBe('truncated');
  });

  test('e_shnum 0 takes the count from section 0, bounded', () => {
    const bytes = patched(buildElf({ sections: [TEXT] }), 60, 0, 0);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(sectionAt(bytes, 0) + 32, 3n, true);
    expect(ElfImage.parse(bytes).sections).toHaveLength(3);
    view.setBigUint64(sectionAt(bytes, 0) + 32, 2n ** 40n, true);
    expect(codeOf(() => ElfImage.parse(bytes).sections)).toBe('malformed');
    view.setBigUint64(sectionAt(bytes, 0) + 32, 1000n, true);
    expect(codeOf(() => ElfImage.parse(bytes).sections)).toBe('truncated');
  });

  test('e_shstrndx 0xffff takes the index from section 0', () => {
    const bytes = patched(buildElf({ sections: [TEXT] }), 62, 0xff, 0xff);
    new DataView(bytes.buffer).setUint32(sectionAt(bytes, 0) + 40, 2, true);
    expect(ElfImage.parse(bytes).section('.text')?.addr).toBe(0x1000);
  });
});

describe('segments', () => {
  const segments = [
    { type: 1, flags: 4, offset: 0, vaddr: 0x40_0000, fileSize: 0x800 },
    { type: 1, flags: 5, offset: 0x800, vaddr: 0x40_1800, fileSize: 0x1000 },
    { type: 1, flags: 6, offset: 0x1800, vaddr: 0x40_3800, fileSize: 0x100, memSize: 0x9000 },
  ];

  test('file offsets become addresses, at the boundaries too', () => {
    const image = ElfImage.parse(buildElf({ segments }));
    expect(image.loads.map((load) => load.executable)).toEqual([false, true, false]);
    expect(image.vaddrOfFileOffset(0)).toBe(0x40_0000);
    expect(image.vaddrOfFileOffset(0x7ff)).toBe(0x40_07ff);
    expect(image.vaddrOfFileOffset(0x800)).toBe(0x40_1800);
    expect(image.vaddrOfFileOffset(0x17ff)).toBe(0x40_27ff);
    expect(image.vaddrOfFileOffset(0x18ff)).toBe(0x40_38ff);
    expect(image.vaddrOfFileOffset(0x1900)).toBeUndefined();
    expect(image.vaddrOfFileOffset(-1)).toBeUndefined();
    expect(image.vaddrOfFileOffset(Number.NaN)).toBeUndefined();
  });

  test('where two segments claim an offset the executable one answers', () => {
    const image = ElfImage.parse(
      buildElf({
        segments: [
          { type: 1, flags: 4, offset: 0, vaddr: 0x1000, fileSize: 0x100 },
          { type: 1, flags: 5, offset: 0, vaddr: 0x5000, fileSize: 0x100 },
        ],
      }),
    );
    expect(image.vaddrOfFileOffset(0x10)).toBe(0x5010);
  });

  test('contradictions are malformed', () => {
    const more = buildElf({
      segments: [{ type: 1, offset: 0, vaddr: 0, fileSize: 2, memSize: 1 }],
    });
    expect(codeOf(() => ElfImage.parse(more))).toBe('malformed');
    const wraps = buildElf({
      segments: [{ type: 1, offset: 0, vaddr: 2 ** 53 - 8, fileSize: 8, memSize: 64 }],
    });
    expect(codeOf(() => ElfImage.parse(wraps))).toBe('malformed');
  });

  test('e_phnum 0xffff takes the count from section 0, bounded', () => {
    const bytes = patched(buildElf({ segments }), 56, 0xff, 0xff);
    const view = new DataView(bytes.buffer);
    view.setUint32(sectionAt(bytes, 0) + 44, 3, true);
    expect(ElfImage.parse(bytes).loads).toHaveLength(3);
    view.setUint32(sectionAt(bytes, 0) + 44, 0xffff_ffff, true);
    expect(codeOf(() => ElfImage.parse(bytes))).toBe('malformed');
  });

  test('more loadable segments than any linked file has are malformed', () => {
    const many = Array.from({ length: 1025 }, () => segments[0] as (typeof segments)[0]);
    expect(codeOf(() => ElfImage.parse(buildElf({ segments: many })))).toBe('malformed');
    expect(ElfImage.parse(buildElf({ type: 4, segments: many })).loads).toHaveLength(1025);
  });
});

describe('build-id', () => {
  const withNotes = (notes: Uint8Array, align = 4) =>
    ElfImage.parse(
      buildElf({
        segments: [{ type: 4, offset: 120, vaddr: 0, fileSize: notes.length, align }],
        sections: [{ name: '.note', type: 7, data: notes }],
      }),
    ).buildId;
  const own = note('GNU', 3, BUILD_ID);

  test('is found behind other notes', () => {
    const other = note('stapsdt', 3, new Uint8Array(5));
    expect(withNotes(new Uint8Array([...other, ...own]))).toBe(BUILD_ID_HEX);
  });

  test('is found behind an 8-aligned property note', () => {
    const property = note('GNU', 5, new Uint8Array(16));
    expect(withNotes(new Uint8Array([...property, ...own]), 8)).toBe(BUILD_ID_HEX);
  });

  test('is found by section when no segment has it', () => {
    const image = ElfImage.parse(
      buildElf({ sections: [{ name: '.note.gnu.build-id', type: 7, data: own }] }),
    );
    expect(image.buildId).toBe(BUILD_ID_HEX);
  });

  test('damage gives undefined', () => {
    expect(withNotes(own.subarray(0, own.length - 1))).toBeUndefined();
    expect(withNotes(note('GNU', 3, new Uint8Array(0)))).toBeUndefined();
    expect(withNotes(note('GNU', 3, new Uint8Array(65)))).toBeUndefined();
    expect(withNotes(note('GNV', 3, BUILD_ID))).toBeUndefined();
    const endless = own.slice();
    new DataView(endless.buffer).setUint32(0, 0xffff_ffff, true);
    expect(withNotes(endless)).toBeUndefined();
  });

  test('many notes that point at the whole file are soon given up', () => {
    const bytes = buildElf({
      segments: Array.from({ length: 60_000 }, () => ({
        type: 4,
        offset: 0,
        vaddr: 0,
        fileSize: 1_000_000,
      })),
    });
    const started = performance.now();
    expect(ElfImage.parse(bytes).buildId).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
