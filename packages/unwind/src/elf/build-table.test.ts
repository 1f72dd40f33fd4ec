import { describe, expect, test } from 'bun:test';
import { deflateSync } from 'node:zlib';
import { ElfImage } from '@waggle/symbols';
import { addressOf, BASE, buildElf, elfWithFrames, TEXT_OFFSET } from '../../test/build-elf.ts';
import { type CfaInstruction, FrameAssembler, little } from '../../test/frame-assembler.ts';
import { EM_AARCH64 } from '../architecture.ts';
import { buildUnwindTable } from './build-table.ts';

const START = BASE + TEXT_OFFSET;

function frameOf(functions: readonly (readonly [number, number, number])[]): Uint8Array {
  const frames = new FrameAssembler();
  const cie = frames.cie();
  for (const [at, size, offset] of functions) {
    frames.function(cie, START + at, size, [['def_cfa_offset', offset]]);
  }
  return frames.bytes();
}

function rowsOf(elf: ElfImage): (readonly [number, string, number])[] {
  const { table } = buildUnwindTable(elf);
  return [...table.rows()].map(({ offset, rule }) => {
    const { cfa, cfaOffset } = table.rule(rule);
    return [offset - TEXT_OFFSET, cfa, cfaOffset];
  });
}

describe('functions', () => {
  test('are sorted, equal neighbours are merged and gaps are marked', () => {
    const elf = elfWithFrames(
      frameOf([
        [0x200, 0x40, 32],
        [0x100, 0x20, 16],
        [0x120, 0x20, 16],
        [0x240, 0x10, 48],
      ]),
    );
    expect(rowsOf(elf)).toEqual([
      [0x100, 'sp', 16],
      [0x140, 'none', 0],
      [0x200, 'sp', 32],
      [0x240, 'sp', 48],
    ]);
  });

  test('the padding before an aligned function needs no row', () => {
    const padded = elfWithFrames(
      frameOf([
        [0x100, 0x11, 16],
        [0x120, 0x10, 24],
      ]),
    );
    expect(rowsOf(padded)).toEqual([
      [0x100, 'sp', 16],
      [0x120, 'sp', 24],
    ]);
    const gap = elfWithFrames(
      frameOf([
        [0x100, 0x10, 16],
        [0x120, 0x10, 24],
      ]),
    );
    expect(rowsOf(gap)[1]).toEqual([0x110, 'none', 0]);
  });

  test('that overlap: the later start wins, of equal starts the first', () => {
    const elf = elfWithFrames(
      frameOf([
        [0x100, 0x80, 16],
        [0x140, 0x80, 24],
        [0x140, 0x10, 32],
      ]),
    );
    expect(rowsOf(elf)).toEqual([
      [0x100, 'sp', 16],
      [0x140, 'sp', 24],
    ]);
    expect(buildUnwindTable(elf).stats).toMatchObject({ functions: 2, overlapping: 2 });
  });

  test('outside of the code, and empty ones, are left out and counted', () => {
    const elf = elfWithFrames(
      frameOf([
        [0x100, 0x10, 16],
        [0x200, 0, 16],
        [0x100_0000, 0x10, 16],
        [-0x40_0000, 0x10, 16],
      ]),
    );
    expect(buildUnwindTable(elf).stats).toMatchObject({ functions: 1, outside: 3 });
  });

  test('a function without a row for 64 KiB and more is found to its end', () => {
    const elf = elfWithFrames(
      frameOf([
        [0, 0x5_0000, 16],
        [0x5_0000, 0x10, 24],
      ]),
      { textSize: 0x6_0000 },
    );
    const { table } = buildUnwindTable(elf);
    expect(table.lookup(TEXT_OFFSET + 0x4_ffff).cfaOffset).toBe(16);
    expect(table.lookup(TEXT_OFFSET + 0x5_0000).cfaOffset).toBe(24);
  });
});

describe('where the information is', () => {
  const debugFrame = () => {
    const frames = new FrameAssembler('debug_frame');
    const cie = frames.cie({ augmentation: '', version: 3 });
    frames.function(cie, START + 0x100, 0x10, [['def_cfa_offset', 48]]);
    frames.function(cie, START + 0x300, 0x10, [['def_cfa_offset', 48]]);
    return frames.bytes();
  };

  test('.debug_frame adds the functions that .eh_frame does not have', () => {
    const sections = [{ name: '.debug_frame', bytes: debugFrame(), flags: 0 }];
    const elf = elfWithFrames(frameOf([[0x100, 0x10, 16]]), { sections });
    expect(rowsOf(elf)).toEqual([
      [0x100, 'sp', 16],
      [0x110, 'none', 0],
      [0x300, 'sp', 48],
    ]);
  });

  test('.debug_frame may be compressed', () => {
    const plain = debugFrame();
    const header = [...little(1, 4), ...little(0, 4), ...little(plain.length, 8), ...little(8, 8)];
    const bytes = Uint8Array.from([...header, ...deflateSync(plain)]);
    const sections = [{ name: '.debug_frame', bytes, flags: 0x800 }];
    const elf = ElfImage.parse(buildElf({ sections }));
    expect(rowsOf(elf)).toContainEqual([0x300, 'sp', 48]);
  });

  test('a damaged .debug_frame is counted, and spoils nothing', () => {
    const sections = [{ name: '.debug_frame', bytes: debugFrame().subarray(0, 30), flags: 0 }];
    const elf = elfWithFrames(frameOf([[0x100, 0x10, 16]]), { sections });
    expect(rowsOf(elf)).toEqual([[0x100, 'sp', 16]]);
    expect(buildUnwindTable(elf).stats.damaged).toBe(1);
  });

  test('without section headers, .eh_frame_hdr leads to .eh_frame', () => {
    const sections = [
      { name: '.eh_frame_hdr', bytes: new Uint8Array(8) },
      { name: '.eh_frame', bytes: frameOf([[0x100, 0x10, 16]]) },
    ];
    const whole = buildElf({ sections });
    const from = addressOf(whole, '.eh_frame_hdr') + 4;
    const distance = little(addressOf(whole, '.eh_frame') - from, 4);
    const header = Uint8Array.from([1, 0x1b, 0xff, 0xff, ...distance]);
    const stripped = buildElf({
      sections: [{ name: '.eh_frame_hdr', bytes: header }, ...sections.slice(1)],
      stripped: true,
    });
    const elf = ElfImage.parse(stripped);
    expect(elf.sections).toEqual([]);
    expect(rowsOf(elf)).toEqual([[0x100, 'sp', 16]]);
  });

  test('a file without any gives a table without rows', () => {
    const { table, stats } = buildUnwindTable(ElfImage.parse(buildElf({})));
    expect(stats.functions).toBe(0);
    expect([table.rowCount, table.start, table.end]).toEqual([0, 0, 0]);
    expect(table.lookup(TEXT_OFFSET).cfa).toBe('none');
  });

  test('another machine is refused', () => {
    const elf = ElfImage.parse(buildElf({ machine: 243 }));
    expect(() => buildUnwindTable(elf)).toThrow('neither x86-64 nor AArch64');
  });
});

describe('linkage tables without information', () => {
  const pushMemory = [0xff, 0x35, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0];
  const stub = [0xff, 0x25, 0, 0, 0, 0, 0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0];
  const landing = [0xf3, 0x0f, 0x1e, 0xfa, 0x68, 0, 0, 0, 0, 0xf2, 0xe9, 0, 0, 0, 0, 0x90];

  function ruleIn(name: string, bytes: readonly number[], at: number, machine = 62) {
    const plt = { name, bytes: Uint8Array.from(bytes), flags: 6 };
    const elf = ElfImage.parse(buildElf({ sections: [plt], machine }));
    return buildUnwindTable(elf).table.lookup((elf.section(name)?.offset ?? 0) + at);
  }

  test('lazy stubs of x86-64', () => {
    const lazy = [...pushMemory, ...stub, ...stub];
    expect(ruleIn('.plt', lazy, 0)).toMatchObject({ cfa: 'sp', cfaOffset: 16 });
    expect(ruleIn('.plt', lazy, 6)).toMatchObject({ cfa: 'sp', cfaOffset: 24 });
    const rule = { cfa: 'plt', cfaOffset: 8, cfaArgument: 11 } as const;
    expect(ruleIn('.plt', lazy, 16)).toMatchObject(rule);
    expect(ruleIn('.plt', lazy, 47)).toMatchObject(rule);
    const landed = ruleIn('.plt', [...pushMemory, ...landing], 20);
    expect(landed).toMatchObject({ cfa: 'plt', cfaArgument: 9 });
  });

  test('stubs that only jump', () => {
    expect(ruleIn('.plt.sec', stub, 8)).toMatchObject({ cfa: 'sp', cfaOffset: 8 });
    expect(ruleIn('.iplt', stub, 3)).toMatchObject({ cfa: 'plt', cfaArgument: 11 });
  });

  test('AArch64 keeps the return address in its register', () => {
    const save = little(0xa9bf_7bf0, 4);
    const plt = [...save, ...new Array(60).fill(0)];
    const leaf = { cfa: 'sp', cfaOffset: 0, returnAddress: { kind: 'same', offset: 0 } } as const;
    const saved = {
      cfa: 'sp',
      cfaOffset: 16,
      returnAddress: { kind: 'at-cfa', offset: -8 },
    } as const;
    expect(ruleIn('.plt', plt, 0, EM_AARCH64)).toMatchObject(leaf);
    expect(ruleIn('.plt', plt, 4, EM_AARCH64)).toMatchObject(saved);
    expect(ruleIn('.plt', plt, 32, EM_AARCH64)).toMatchObject(leaf);
  });
});

describe('the system call of clone3', () => {
  const clone3 = [
    0xb8, 0xb3, 0x01, 0, 0, 0x0f, 0x05, 0x48, 0x85, 0xc0, 0x7c, 0x18, 0x74, 0x01, 0xc3,
  ];

  function rowsWith(code: readonly number[], behind: number) {
    const frames = frameOf([
      [0x100, 5, 8],
      [behind, 0x10, 24],
    ]);
    const file = buildElf({ sections: [{ name: '.eh_frame', bytes: frames }] });
    file.set(code, TEXT_OFFSET + 0x100);
    return rowsOf(ElfImage.parse(file));
  }

  test('goes by the rule before it, to where the child goes on', () => {
    const end = 0x100 + clone3.length;
    expect(rowsWith(clone3, end)).toEqual([
      [0x100, 'sp', 8],
      [end, 'sp', 24],
    ]);
  });

  test('is no other system call, and no padding', () => {
    const clone = [0xb8, 56, ...clone3.slice(2)];
    const end = 0x100 + clone.length;
    const unknown = [
      [0x100, 'sp', 8],
      [0x105, 'none', 0],
      [end, 'sp', 24],
    ] as const;
    expect(rowsWith(clone, end)).toEqual([...unknown]);
    expect(rowsWith([], end)).toEqual([...unknown]);
  });
});

describe('AArch64', () => {
  const initial: readonly CfaInstruction[] = [['def_cfa', 31, 0]];
  const cieOf = (frames: FrameAssembler) =>
    frames.cie({ returnAddress: 30, codeAlignment: 4, program: initial });

  test('a function with a frame record, and with signed return addresses', () => {
    const frames = new FrameAssembler();
    frames.function(cieOf(frames), START, 0x40, [
      ['advance', 1, 0],
      ['negate_ra_state'],
      ['advance', 1, 0],
      ['def_cfa_offset', 48],
      ['offset', 29, 6],
      ['offset', 30, 5],
      ['advance', 1, 0],
      ['def_cfa_register', 29],
    ]);
    const elf = elfWithFrames(frames.bytes(), { machine: EM_AARCH64 });
    const { table } = buildUnwindTable(elf);
    const saved = {
      framePointer: { kind: 'at-cfa', offset: -48 },
      returnAddress: { kind: 'at-cfa', offset: -40 },
    } as const;
    expect(table.lookup(TEXT_OFFSET + 4)).toMatchObject({
      cfa: 'sp',
      cfaOffset: 0,
      returnAddress: { kind: 'same' },
    });
    expect(table.lookup(TEXT_OFFSET + 8)).toMatchObject({ cfa: 'sp', cfaOffset: 48, ...saved });
    expect(table.lookup(TEXT_OFFSET + 12)).toMatchObject({ cfa: 'fp', cfaOffset: 48, ...saved });
  });

  test("the vDSO's signal trampoline is found by its instructions", () => {
    const file = buildElf({ machine: EM_AARCH64, textSize: 0x100 });
    const at = TEXT_OFFSET + 0x40;
    file.set([...little(0xd280_1168, 4), ...little(0xd400_0001, 4)], at);
    const { table } = buildUnwindTable(ElfImage.parse(file));
    // The handler returns to the first byte, and the byte before it is what is looked up.
    for (const offset of [at - 1, at, at + 7]) {
      expect(table.lookup(offset)).toMatchObject({
        isSignalFrame: true,
        cfa: 'deref-sp',
        cfaArgument: 560,
        framePointer: { kind: 'at-sp', offset: 544 },
        third: { kind: 'at-sp', offset: 552 },
        returnAddress: { kind: 'at-sp', offset: 568 },
      });
    }
    expect(table.lookup(at + 8).cfa).toBe('none');
  });
});
