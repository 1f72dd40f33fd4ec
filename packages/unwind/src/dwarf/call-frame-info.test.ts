import { describe, expect, test } from 'bun:test';
import { FrameAssembler, little, sleb, uleb } from '../../test/frame-assembler.ts';
import { UnwindError } from '../error.ts';
import { type FrameSection, readFrameDescriptions } from './call-frame-info.ts';
import { readEhFrameHeader } from './eh-frame-hdr.ts';

const SECTION = 0x9000;
const TEXT = 0x1_0000;
const DATA = 0x2_0000;
const START = 0x1_2340;

function sectionOf(frames: FrameAssembler, kind: FrameSection['kind'] = 'eh_frame'): FrameSection {
  return { kind, bytes: frames.bytes(), bases: { section: SECTION, text: TEXT, data: DATA } };
}

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error instanceof UnwindError ? error.code : error;
  }
  return 'no error';
}

describe('pointer encodings', () => {
  const formats: Readonly<Record<string, readonly [number, (value: number) => number[]]>> = {
    absptr: [0x00, (value) => little(value, 8)],
    uleb128: [0x01, uleb],
    udata2: [0x02, (value) => little(value, 2)],
    udata4: [0x03, (value) => little(value, 4)],
    udata8: [0x04, (value) => little(value, 8)],
    sleb128: [0x09, sleb],
    sdata2: [0x0a, (value) => little(value, 2)],
    sdata4: [0x0b, (value) => little(value, 4)],
    sdata8: [0x0c, (value) => little(value, 8)],
  };
  const bases: Readonly<Record<string, readonly [number, (at: number) => number]>> = {
    absolute: [0x00, () => 0],
    pcrel: [0x10, (at) => SECTION + at],
    textrel: [0x20, () => TEXT],
    datarel: [0x30, () => DATA],
  };
  for (const [format, [low, write]] of Object.entries(formats)) {
    for (const [base, [high, of]] of Object.entries(bases)) {
      test(`${base} ${format}`, () => {
        const frames = new FrameAssembler();
        const cie = frames.cie({ augmentationData: [low | high] });
        const from = of(frames.nextRange);
        const signed = low === 0 || low >= 8 || format === 'udata8';
        const narrow = format.endsWith('data2');
        // What the format can reach from the base.
        const start = narrow ? from + 0x1234 : signed || from <= START ? START : from + 0x10;
        frames.fde(cie, { range: [...write(start - from), ...write(0x20)] });
        const fdes = readFrameDescriptions(sectionOf(frames));
        expect(fdes.damaged).toBe(0);
        expect([...fdes.start]).toEqual([start]);
        expect([...fdes.size]).toEqual([0x20]);
      });
    }
  }

  test('aligned pointers are padded', () => {
    const frames = new FrameAssembler();
    const cie = frames.cie({ augmentationData: [0x50] });
    const padding = (8 - ((SECTION + frames.nextRange) % 8)) % 8;
    const range = [...new Array(padding).fill(0xee), ...little(START, 8), ...little(4, 8)];
    frames.fde(cie, { range });
    expect([...readFrameDescriptions(sectionOf(frames)).start]).toEqual([START]);
  });

  for (const [name, encoding] of [
    ['indirect', 0x9b],
    ['unknown format', 0x05],
    ['unknown base', 0x60],
    ['omitted', 0xff],
  ] as const) {
    test(`${name} addresses cost their FDE`, () => {
      const frames = new FrameAssembler();
      const cie = frames.cie({ augmentationData: [encoding] });
      frames.fde(cie, { range: [...little(8, 8), ...little(8, 8)] });
      expect(readFrameDescriptions(sectionOf(frames))).toMatchObject({ count: 0, damaged: 1 });
    });
  }
});

describe('CIEs', () => {
  test('zPLR with an indirect personality, and the letters without data', () => {
    const frames = new FrameAssembler();
    const personality = [0x9b, ...little(0x1234, 4)];
    for (const letters of ['zPLR', 'zPLRS', 'zPLRB', 'zPLRGS']) {
      const cie = frames.cie({
        augmentation: letters,
        augmentationData: [...personality, 0x1b, 0x00],
      });
      frames.fde(cie, {
        range: [...little(START, 8), ...little(16, 8)],
        augmentationData: little(7, 4),
      });
    }
    const fdes = readFrameDescriptions(sectionOf(frames));
    expect(fdes).toMatchObject({ count: 4, damaged: 0 });
    expect(fdes.common.map((cie) => cie.isSignalFrame)).toEqual([false, true, false, true]);
    // The FDE's augmentation data is not taken for its program.
    expect(fdes.programEnd[0]! - fdes.programStart[0]!).toBeLessThan(8);
  });

  test('of GCC 2, without a z', () => {
    const frames = new FrameAssembler('debug_frame');
    const at = frames.cie({ augmentation: '', version: 1 });
    frames.function(at, START, 8, []);
    expect(readFrameDescriptions(sectionOf(frames, 'debug_frame')).count).toBe(1);
  });

  for (const version of [1, 3, 4] as const) {
    for (const extended of [false, true]) {
      test(`.debug_frame, version ${version}${extended ? ', 64-bit' : ''}`, () => {
        const frames = new FrameAssembler('debug_frame', extended);
        const cie = frames.cie({ version, augmentation: '', returnAddress: 30, codeAlignment: 4 });
        frames.function(cie, START, 0x44, [['advance', 1, 0]]);
        const fdes = readFrameDescriptions(sectionOf(frames, 'debug_frame'));
        expect(fdes).toMatchObject({ count: 1, damaged: 0 });
        expect(fdes.common[0]).toMatchObject({ returnAddress: 30, codeAlignment: 4 });
        expect([fdes.start[0], fdes.size[0]]).toEqual([START, 0x44]);
      });
    }
  }

  test('.eh_frame with extended lengths', () => {
    const frames = new FrameAssembler('eh_frame', true);
    const cie = frames.cie();
    frames.function(cie, START, 8, []);
    expect(readFrameDescriptions(sectionOf(frames))).toMatchObject({ count: 1, damaged: 0 });
  });

  test('an unknown version, augmentation or address size costs its FDEs', () => {
    const frames = new FrameAssembler();
    for (const shape of [
      { augmentation: 'zQ', augmentationData: [0] },
      { augmentation: 'R' },
      { version: 2 as 1 },
      { augmentation: 'z'.padEnd(40, 'S') },
    ]) {
      frames.function(frames.cie(shape), START, 8, []);
    }
    expect(readFrameDescriptions(sectionOf(frames))).toMatchObject({ count: 0, damaged: 4 });
  });

  test('an FDE that refers into the middle of a record is damaged', () => {
    const frames = new FrameAssembler();
    const cie = frames.cie();
    frames.function(cie + 8, START, 8, []);
    frames.function(cie, START, 8, []);
    expect(readFrameDescriptions(sectionOf(frames))).toMatchObject({ count: 1, damaged: 1 });
  });
});

describe('sections', () => {
  test('a terminator in the middle is passed over, unless the length is a guess', () => {
    const frames = new FrameAssembler();
    const cie = frames.cie();
    frames.function(cie, START, 8, []);
    frames.raw(0, 0, 0, 0);
    frames.function(cie, START + 8, 8, []);
    const section = sectionOf(frames);
    expect(readFrameDescriptions(section).count).toBe(2);
    expect(readFrameDescriptions({ ...section, endsAtTerminator: true }).count).toBe(1);
  });

  test('a record that ends past its section is an error', () => {
    const frames = new FrameAssembler();
    frames.function(frames.cie(), START, 8, []);
    const section = sectionOf(frames);
    const cut = { ...section, bytes: section.bytes.subarray(0, section.bytes.length - 4) };
    expect(codeOf(() => readFrameDescriptions(cut))).toBe('truncated');
  });

  test('a record without room for its id is an error', () => {
    const bytes = Uint8Array.from([...little(2, 4), 0, 0, 0, 0]);
    const section = { kind: 'eh_frame', bytes, bases: { section: 0 } } as const;
    expect(codeOf(() => readFrameDescriptions(section))).toBe('malformed');
  });

  test('an empty section has nothing', () => {
    expect(readFrameDescriptions(sectionOf(new FrameAssembler())).count).toBe(0);
  });
});

describe('.eh_frame_hdr', () => {
  const header = (count: number, ...entries: number[]) =>
    Uint8Array.from([
      ...[1, 0x1b, 0x03, 0x3b],
      ...little(SECTION - 0x5004, 4),
      ...little(count, 4),
      ...entries.flatMap((value) => little(value - 0x5000, 4)),
    ]);

  test('leads to .eh_frame and lists its functions', () => {
    const read = readEhFrameHeader(header(2, START, SECTION + 8, START + 64, SECTION + 40), 0x5000);
    expect(read.ehFrame).toBe(SECTION);
    expect([...read.functions]).toEqual([START, START + 64]);
    expect([...read.descriptions]).toEqual([SECTION + 8, SECTION + 40]);
  });

  test('may have no table', () => {
    const bytes = Uint8Array.from([1, 0x1b, 0xff, 0xff, ...little(8, 4)]);
    expect(readEhFrameHeader(bytes, 0x5000)).toMatchObject({ ehFrame: 0x500c });
  });

  test('damage is an error', () => {
    expect(codeOf(() => readEhFrameHeader(Uint8Array.of(1, 0, 0), 0))).toBe('truncated');
    expect(codeOf(() => readEhFrameHeader(header(0xffff_ffff, START), 0x5000))).toBe('truncated');
    expect(codeOf(() => readEhFrameHeader(header(2, START, SECTION), 0x5000))).toBe('truncated');
    const version = header(0);
    version[0] = 2;
    expect(codeOf(() => readEhFrameHeader(version, 0x5000))).toBe('unsupported');
  });
});
