import { describe, expect, test } from 'bun:test';
import { ElfError, ElfImage } from '@waggle/symbols';
import fc from 'fast-check';
import { BASE, buildElf, elfWithFrames, TEXT_OFFSET } from '../../test/build-elf.ts';
import { FrameAssembler, little, X86_64_INITIAL } from '../../test/frame-assembler.ts';
import { UnwindError } from '../error.ts';
import { UnwindTable } from '../table/unwind-table.ts';
import { buildUnwindTable } from './build-table.ts';

const START = BASE + TEXT_OFFSET;

function sample(kind: 'eh_frame' | 'debug_frame'): Uint8Array {
  const frames = new FrameAssembler(kind);
  const augmentation = kind === 'eh_frame' ? 'zR' : '';
  const cie = frames.cie({ augmentation, program: X86_64_INITIAL });
  for (let i = 0; i < 20; i++) {
    frames.function(cie, START + i * 0x80, 0x70, [
      ['advance', 1, 0],
      ['def_cfa_offset', 16],
      ['offset', 6, 2],
      ['remember_state'],
      ['advance', 20, 1],
      ['def_cfa_register', 6],
      ['expression', 3, [0x76, 0x70]],
      ['advance', 40, 2],
      ['restore_state'],
      ['def_cfa_expression', [0x77, 8, 0x06]],
    ]);
  }
  return frames.bytes();
}

/** A sound table, or one of the two documented errors; nothing else, whatever the bytes. */
function attempt(file: Uint8Array): void {
  try {
    const { table } = buildUnwindTable(ElfImage.parse(file));
    expect([...UnwindTable.fromBytes(table.bytes).rows()].length).toBe(table.rowCount);
  } catch (error) {
    if (!(error instanceof UnwindError) && !(error instanceof ElfError)) throw error;
  }
}

const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 12 });

describe('hostile bytes', () => {
  for (const name of ['.eh_frame', '.debug_frame'] as const) {
    test(`mutated ${name}`, () => {
      const original = sample(name === '.eh_frame' ? 'eh_frame' : 'debug_frame');
      fc.assert(
        fc.property(mutations, (changes) => {
          const bytes = original.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          attempt(buildElf({ sections: [{ name, bytes }] }));
        }),
        { numRuns: 3000 },
      );
    });

    test(`random ${name}`, () => {
      const property = fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
        attempt(buildElf({ sections: [{ name, bytes }] })),
      );
      fc.assert(property, { numRuns: 1500 });
    });
  }

  test('.eh_frame cut off anywhere', () => {
    const original = sample('eh_frame');
    for (let length = 0; length < original.length; length += 3) {
      attempt(buildElf({ sections: [{ name: '.eh_frame', bytes: original.slice(0, length) }] }));
    }
  });

  test('a compressed section that claims more than it holds, or any amount', () => {
    for (const size of [2 ** 40, 100, 0]) {
      const header = [...little(1, 4), ...little(0, 4), ...little(size, 8), ...little(8, 8)];
      const bytes = Uint8Array.from([...header, 0x78, 0x9c, 3, 0, 0, 0, 0, 1]);
      const elf = ElfImage.parse(
        buildElf({ sections: [{ name: '.debug_frame', bytes, flags: 0x800 }] }),
      );
      const { stats } = buildUnwindTable(elf);
      expect(stats.functions).toBe(0);
      expect(stats.damaged).toBe(size === 0 ? 0 : 1);
    }
  });
});

/** Milliseconds per byte must not grow with the size; a quadratic reader takes minutes here. */
describe('bounded time and memory', () => {
  const MEGABYTE = 1024 * 1024;

  function timed(bytes: Uint8Array): number {
    const elf = elfWithFrames(bytes, { textSize: MEGABYTE });
    const started = performance.now();
    try {
      expect(buildUnwindTable(elf).table.bytes.length).toBeLessThan(40 * MEGABYTE);
    } catch (error) {
      if (!(error instanceof UnwindError)) throw error;
    }
    return performance.now() - started;
  }

  test('a program of a million instructions', () => {
    const frames = new FrameAssembler();
    const cie = frames.cie();
    const program = new Array(500_000).fill([0x41, 0x0a]).flat();
    const body = [...little(START, 8), ...little(MEGABYTE, 8), 0];
    const length = 4 + body.length + program.length;
    const head = [...little(length, 4), ...little(frames.size + 4 - cie, 4), ...body];
    const bytes = new Uint8Array(frames.size + head.length + program.length);
    bytes.set(frames.bytes());
    bytes.set(head, frames.size);
    bytes.set(program, frames.size + head.length);
    expect(timed(bytes)).toBeLessThan(5000);
  });

  test('many functions that share one long CIE', () => {
    const frames = new FrameAssembler();
    const cie = frames.cie({ program: Array.from({ length: 50_000 }, () => ['args_size', 1]) });
    const head = frames.bytes();
    const record = (at: number, i: number) =>
      [
        ...little(20 + 1 + 7, 4),
        ...little(at + 4 - cie, 4),
        ...little(START + i * 16, 8),
        ...little(16, 8),
        ...new Array(8).fill(0),
      ] as number[];
    const bytes = new Uint8Array(head.length + 32 * 30_000);
    bytes.set(head);
    for (let i = 0; i < 30_000; i++) {
      bytes.set(record(head.length + i * 32, i), head.length + i * 32);
    }
    expect(timed(bytes)).toBeLessThan(5000);
  });

  test('functions that alternate between two long CIEs', () => {
    const frames = new FrameAssembler();
    const long = Array.from({ length: 50_000 }, () => ['args_size', 1] as const);
    const cies = [frames.cie({ program: long }), frames.cie({ program: long })];
    const head = frames.bytes();
    const bytes = new Uint8Array(head.length + 32 * 20_000);
    bytes.set(head);
    for (let i = 0; i < 20_000; i++) {
      const at = head.length + i * 32;
      const range = [...little(START + i * 16, 8), ...little(16, 8)];
      bytes.set([...little(28, 4), ...little(at + 4 - (cies[i % 2] ?? 0), 4), ...range], at);
    }
    expect(timed(bytes)).toBeLessThan(5000);
  });

  test('a row in every block', () => {
    const frames = new FrameAssembler();
    const cie = frames.cie();
    const steps = Array.from({ length: 10_000 }, (_, i) => [
      ['advance', 0x1_0000, 4] as const,
      ['def_cfa_offset', 8 + (i % 2) * 8] as const,
    ]).flat();
    frames.function(cie, START, 0xf000_0000, steps);
    expect(timed(frames.bytes())).toBeLessThan(5000);
  });
});
