import { describe, expect, test } from 'bun:test';
import { BASE, elfWithFrames, TEXT_OFFSET } from '../../test/build-elf.ts';
import { type CfaInstruction, FrameAssembler } from '../../test/frame-assembler.ts';
import { EM_AARCH64, EM_X86_64 } from '../architecture.ts';
import { buildUnwindTable } from '../elf/build-table.ts';
import { type FrameRegisters, type UnwoundStack, unwind } from './unwinder.ts';

const STACK = 0x7000_0000;
/** Each function of the image is 0x100 bytes; number N lies at N * 0x100 of its code. */
const FUNCTION = 0x100;
const pcOf = (number: number, within = 0x10) => BigInt(0x10_0000 + number * FUNCTION + within);

interface Program {
  readonly program: readonly CfaInstruction[];
  readonly signal?: boolean;
}

function run(
  functions: readonly (Program | undefined)[],
  words: readonly (bigint | number)[],
  registers: Partial<FrameRegisters> = {},
  options: { machine?: number; maxFrames?: number } = {},
): UnwoundStack {
  const machine = options.machine ?? EM_X86_64;
  const arm = machine === EM_AARCH64;
  const numbers = arm ? { returnAddress: 30, program: [['def_cfa', 31, 0] as const] } : {};
  const frames = new FrameAssembler();
  functions.forEach((shape, number) => {
    if (shape === undefined) return;
    const augmentation = shape.signal ? 'zRS' : 'zR';
    const cie = frames.cie({ augmentation, augmentationData: [0], ...numbers });
    const start = BASE + TEXT_OFFSET + number * FUNCTION;
    frames.function(cie, start, FUNCTION, shape.program);
  });
  const { table } = buildUnwindTable(elfWithFrames(frames.bytes(), { machine }));
  return unwind({
    machine,
    registers: { pc: pcOf(0), sp: BigInt(STACK), fp: 0n, third: undefined, ...registers },
    read: (address) => {
      const word = words[Number(address - BigInt(STACK)) / 8];
      return word === undefined ? undefined : BigInt(word);
    },
    find: (address) => {
      const within = Number(address) - 0x10_0000;
      if (within < 0 || within >= functions.length * FUNCTION) return undefined;
      return { table, fileOffset: TEXT_OFFSET + within };
    },
    maxFrames: options.maxFrames,
  });
}

const END: Program = { program: [['undefined', 16]] };
const LEAF: Program = { program: [] };

describe('stops', () => {
  test('end: the return address is undefined', () => {
    const stack = run([LEAF, END], [pcOf(1)]);
    expect(stack).toEqual({
      pcs: [pcOf(0), pcOf(1)],
      interrupted: [],
      methods: ['table'],
      stop: 'end',
    });
  });

  test('end: the return address is zero', () => {
    expect(run([LEAF], [0]).stop).toBe('end');
  });

  test('a call as the last instruction belongs to the function that it is in', () => {
    // The return address is the first byte of function 2, which has no rule that would end.
    const stack = run([LEAF, END, undefined], [pcOf(2, 0)]);
    expect(stack.stop).toBe('end');
  });

  test('no-mapping, unreadable, too-deep', () => {
    expect(run([LEAF], [0x666])).toMatchObject({ stop: 'no-mapping', pcs: [pcOf(0)] });
    expect(run([LEAF], []).stop).toBe('unreadable');
    const recursion = run([LEAF], new Array(50).fill(pcOf(0)), {}, { maxFrames: 20 });
    expect(recursion.stop).toBe('too-deep');
    expect(recursion.pcs.length).toBe(20);
  });

  test('unsupported: the rule is in the table as such', () => {
    const odd: Program = { program: [['def_cfa_expression', [0x77, 0, 0x06, 0x06]]] };
    expect(run([LEAF, odd], [pcOf(1)]).stop).toBe('unsupported');
  });

  test('unknown-register: what a frame further out does not know', () => {
    const r10: Program = { program: [['def_cfa', 10, 8]] };
    const all = Array.from({ length: 17 }, (_, i) => (i === 10 ? BigInt(STACK) + 8n : 0n));
    expect(run([r10, END], [0, pcOf(1)], { all }).stop).toBe('end');
    expect(run([LEAF, r10], [pcOf(1)], { all }).stop).toBe('unknown-register');
  });

  test('a return address in a register, and nothing on the stack: vfork', () => {
    const vfork: Program = {
      program: [
        ['def_cfa', 7, 0],
        ['register', 16, 5],
      ],
    };
    const all = Array.from({ length: 17 }, (_, i) => (i === 5 ? pcOf(1) : 0n));
    expect(run([vfork, END], [], { all })).toMatchObject({ stop: 'end', pcs: [pcOf(0), pcOf(1)] });
  });

  test('no-progress: a stack that would not grow', () => {
    const back: Program = { program: [['def_cfa', 6, 0]] };
    const stack = run([back], [pcOf(0), pcOf(0)], {
      fp: BigInt(STACK) + 8n,
      sp: BigInt(STACK) + 8n,
    });
    expect(stack.stop).toBe('no-progress');
  });
});

describe('code without rows', () => {
  test('goes by the frame pointer, and back to rows', () => {
    const words = [7, BigInt(STACK + 40), pcOf(1), pcOf(2), 9, 0, 0];
    const stack = run([undefined, LEAF, END], words, { fp: BigInt(STACK + 8) });
    expect(stack.pcs).toEqual([pcOf(0), pcOf(1), pcOf(2)]);
    expect(stack.methods).toEqual(['frame-pointer', 'table']);
    expect(stack.stop).toBe('end');
  });

  test('ends where the chain does', () => {
    const words = [BigInt(STACK + 16), pcOf(0), 0, pcOf(0)];
    const stack = run([undefined], words, { fp: BigInt(STACK) });
    expect(stack.pcs.length).toBe(3);
    expect(stack.stop).toBe('end');
  });

  test('stops at a frame pointer that is none', () => {
    for (const fp of [BigInt(STACK) - 8n, BigInt(STACK) + 3n, undefined]) {
      expect(run([undefined], [0, 0], { fp }).stop).toBe('no-frame-pointer');
    }
    expect(run([undefined], [], { fp: BigInt(STACK) + 8n }).stop).toBe('unreadable');
  });
});

test('above a signal frame the pc is exact, and the stack may be another one', () => {
  // The frame of the handler's caller holds sp, pc and rbp of what was interrupted.
  const signal: Program = {
    signal: true,
    program: [
      ['def_cfa_expression', [0x77, 16, 0x06]],
      ['expression', 16, [0x77, 24]],
      ['expression', 6, [0x77, 32]],
    ],
  };
  // Interrupted at the first byte of function 2, on a stack below.
  const words = [pcOf(3), pcOf(1), 0, 0, BigInt(STACK), pcOf(2, 0), 0x1234];
  const stack = run([LEAF, signal, LEAF, END], words, { sp: BigInt(STACK) + 8n });
  expect(stack).toEqual({
    pcs: [pcOf(0), pcOf(1), pcOf(2, 0), pcOf(3)],
    interrupted: [2],
    methods: ['table', 'table', 'table'],
    stop: 'end',
  });
});

describe('AArch64', () => {
  const end: Program = { program: [['undefined', 30]] };
  const record: Program = {
    program: [
      ['def_cfa_offset', 16],
      ['offset', 29, 2],
      ['offset', 30, 1],
    ],
  };

  test('a leaf returns by its register, the others by their frame records', () => {
    const words = [0, pcOf(2)];
    const registers = { third: pcOf(1), fp: BigInt(STACK) };
    const stack = run([LEAF, record, end], words, registers, { machine: EM_AARCH64 });
    expect(stack.pcs).toEqual([pcOf(0), pcOf(1), pcOf(2)]);
    expect(stack.stop).toBe('end');
  });

  test('signatures of return addresses are no part of them', () => {
    const signed = pcOf(1) | (0x7fn << 48n);
    const stack = run([record, end], [0, signed], {}, { machine: EM_AARCH64 });
    expect(stack.pcs[1]).toBe(pcOf(1));
  });

  test('a register that a call has overwritten is unknown', () => {
    const registers = { third: pcOf(1) };
    const stack = run([LEAF, LEAF], [], registers, { machine: EM_AARCH64 });
    expect(stack.stop).toBe('unknown-register');
  });
});
