import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BASE, elfWithFrames, TEXT_OFFSET } from '../../test/build-elf.ts';
import { type CfaInstruction, FrameAssembler, X86_64_INITIAL } from '../../test/frame-assembler.ts';
import { buildUnwindTable } from '../elf/build-table.ts';
import type { UnwindRule, ValueRule } from '../table/rule.ts';

const START = BASE + TEXT_OFFSET;
const SIZE = 0x400;
/** rbx, rbp, rsp and the return address are followed; r12 and r40 are bystanders. */
const REGISTERS = [3, 6, 7, 12, 16, 40];
const DATA_ALIGNMENT = -8;
const CODE_ALIGNMENT = 2;

type Cell = string;
interface State {
  cfa: readonly ['register', number, number] | readonly ['expression', string] | undefined;
  register: number;
  offset: number;
  cells: ReadonlyMap<number, Cell>;
}

/** The standard's words, one line each: immutable states, a list of remembered ones. */
function interpret(
  program: readonly CfaInstruction[],
  initial: State,
  remembered: State[],
  at: (location: number, state: State) => void,
): State {
  let state = initial;
  let location = 0;
  const cell = (register: number, text: Cell | undefined): State => {
    const cells = new Map(state.cells);
    if (text === undefined) cells.delete(register);
    else cells.set(register, text);
    return { ...state, cells };
  };
  const cfa = (register: number, offset: number): State => ({
    ...state,
    cfa: ['register', register, offset],
    register,
    offset,
  });
  for (const instruction of program) {
    const [kind, first, second] = instruction as readonly [string, number, number];
    const saved = (second ?? 0) * DATA_ALIGNMENT;
    if (kind === 'advance') {
      for (let i = 0; i < first * CODE_ALIGNMENT; i++) at(location + i, state);
      location += first * CODE_ALIGNMENT;
    } else if (kind === 'def_cfa') state = cfa(first, second);
    else if (kind === 'def_cfa_sf') state = cfa(first, saved);
    else if (kind === 'def_cfa_register') state = cfa(first, state.offset);
    else if (kind === 'def_cfa_offset') state = cfa(state.register, first);
    else if (kind === 'def_cfa_offset_sf') state = cfa(state.register, first * DATA_ALIGNMENT);
    else if (/^offset/.test(kind)) state = cell(first, `at-cfa ${saved}`);
    else if (kind === 'negative_offset') state = cell(first, `at-cfa ${-saved}`);
    else if (/^val_offset/.test(kind)) state = cell(first, `cfa ${saved}`);
    else if (kind === 'register') state = cell(first, `register ${second}`);
    else if (kind === 'undefined') state = cell(first, 'undefined');
    else if (kind === 'same_value') state = cell(first, 'same');
    else if (/^restore(_extended)?$/.test(kind)) state = cell(first, INITIAL.cells.get(first));
    else if (kind === 'remember_state') remembered.push(state);
    else if (kind === 'restore_state') state = remembered.pop() ?? state;
  }
  for (; location < SIZE; location++) at(location, state);
  return state;
}

const INITIAL: State = {
  cfa: ['register', 7, 8],
  register: 7,
  offset: 8,
  cells: new Map([[16, 'at-cfa -8']]),
};

/** What a table must say of a state, in words. */
function expected(state: State): string {
  const { cells } = state;
  const sp = cells.get(7) ?? 'same';
  const ra = cells.get(16);
  const raWorks = ra !== undefined && ra !== 'same' && !ra.startsWith('cfa');
  const spWorks = sp === 'same' || sp === 'cfa 0';
  const short = ra === undefined || inShort(ra);
  if (state.cfa?.[0] !== 'register' || !raWorks || !spWorks || !short) return 'unsupported';
  const names: Record<number, string> = { 7: 'sp', 6: 'fp', 3: 'third' };
  const [, register, offset] = state.cfa;
  const base = names[register] ?? `register ${register}`;
  const word = (number: number) => {
    const text = cells.get(number) ?? 'same';
    return inShort(text) ? text : 'undefined';
  };
  return `${base} ${offset} | ${ra} | ${word(6)} | ${word(3)}`;
}

function inShort(text: Cell): boolean {
  const offset = Number(text.split(' ')[1] ?? 0);
  return offset >= -0x8000 && offset <= 0x7fff;
}

function described(rule: UnwindRule): string {
  if (rule.cfa === 'unsupported') return 'unsupported';
  const base = rule.cfa === 'register' ? `register ${rule.cfaArgument}` : rule.cfa;
  const word = (value: ValueRule) =>
    value.kind === 'same' || value.kind === 'undefined'
      ? value.kind
      : `${value.kind} ${value.offset}`;
  const values = [rule.returnAddress, rule.framePointer, rule.third].map(word);
  return [`${base} ${rule.cfaOffset}`, ...values].join(' | ');
}

const register = fc.constantFrom(...REGISTERS);
const shortRegister = fc.constantFrom(...REGISTERS.filter((number) => number < 40));
const offset = fc.oneof(fc.nat(400), fc.nat(100_000));
const factored = fc.oneof(fc.integer({ min: -60, max: 60 }), fc.integer({ min: -9000, max: 9000 }));
const natural = factored.map(Math.abs);

const instruction: fc.Arbitrary<CfaInstruction> = fc.oneof(
  fc.tuple(fc.constant('advance'), fc.nat(40), fc.constantFrom(0, 1, 2, 4, 8)),
  fc.tuple(fc.constant('advance'), fc.nat(40), fc.constant(0)),
  fc.tuple(fc.constantFrom('def_cfa'), register, offset),
  fc.tuple(fc.constant('def_cfa_sf'), register, factored),
  fc.tuple(fc.constant('def_cfa_register'), register),
  fc.tuple(fc.constant('def_cfa_offset'), offset),
  fc.tuple(fc.constant('def_cfa_offset_sf'), factored),
  fc.tuple(fc.constant('offset'), shortRegister, natural),
  fc.tuple(fc.constantFrom('offset_extended', 'negative_offset', 'val_offset'), register, natural),
  fc.tuple(fc.constantFrom('offset_extended_sf', 'val_offset_sf'), register, factored),
  fc.tuple(fc.constant('register'), register, fc.nat(16)),
  fc.tuple(fc.constantFrom('undefined', 'same_value', 'restore_extended'), register),
  fc.tuple(fc.constant('restore'), shortRegister),
  fc.tuple(fc.constantFrom('remember_state', 'nop')),
  fc.tuple(fc.constant('args_size'), offset),
) as fc.Arbitrary<CfaInstruction>;

/** Programs in which every restore_state has its remember_state. */
const program = fc.array(fc.tuple(instruction, fc.boolean()), { maxLength: 60 }).map((steps) => {
  let depth = 0;
  const instructions: CfaInstruction[] = [];
  for (const [step, restore] of steps) {
    if (step[0] === 'remember_state') depth++;
    instructions.push(step);
    if (restore && depth > 0) {
      instructions.push(['restore_state']);
      depth--;
    }
  }
  return instructions;
});

function tableOf(instructions: readonly CfaInstruction[]) {
  const frames = new FrameAssembler();
  const cie = frames.cie({
    codeAlignment: CODE_ALIGNMENT,
    dataAlignment: DATA_ALIGNMENT,
    program: X86_64_INITIAL,
  });
  frames.function(cie, START, SIZE, instructions);
  using elf = elfWithFrames(frames.bytes());
  return buildUnwindTable(elf);
}

describe('call frame programs', () => {
  test('any program means the same as in a model that follows the standard word by word', () => {
    fc.assert(
      fc.property(program, (instructions) => {
        const { table, stats } = tableOf(instructions);
        expect(stats).toMatchObject({ functions: 1, damaged: 0, outside: 0 });
        interpret(instructions, INITIAL, [], (location, state) => {
          if (location >= SIZE) return;
          const rule = table.lookup(TEXT_OFFSET + location);
          if (described(rule) !== expected(state)) {
            throw new Error(`at ${location}: ${described(rule)}, not ${expected(state)}`);
          }
        });
        expect(table.ruleIndexAt(TEXT_OFFSET - 1)).toBe(0);
        expect(table.ruleIndexAt(TEXT_OFFSET + SIZE)).toBe(0);
      }),
      { numRuns: 3000 },
    );
  });

  const broken: Readonly<Record<string, readonly CfaInstruction[]>> = {
    'a state that was never remembered': [['advance', 4, 0], ['restore_state']],
    'a location that goes back': [
      ['advance', 4, 0],
      ['set_loc', START],
    ],
    'too many remembered states': Array.from({ length: 257 }, () => ['remember_state'] as const),
  };
  for (const [name, instructions] of Object.entries(broken)) {
    test(`${name} costs the rest of its function, and is counted`, () => {
      const { table, stats } = tableOf([['def_cfa_offset', 16], ...instructions]);
      expect(stats.damaged).toBe(1);
      expect(table.lookup(TEXT_OFFSET + SIZE - 1).cfa).toBe('unsupported');
    });
  }

  test('set_loc goes to an address', () => {
    const { table } = tableOf([
      ['set_loc', START + 10],
      ['def_cfa_offset', 24],
    ]);
    expect(table.lookup(TEXT_OFFSET + 9).cfaOffset).toBe(8);
    expect(table.lookup(TEXT_OFFSET + 10).cfaOffset).toBe(24);
  });

  test('the CFA stays an expression when only an offset is given, as in libgcc', () => {
    const { table } = tableOf([
      ['def_cfa_expression', [0x77, 8, 0x06]],
      ['def_cfa_offset', 24],
      ['advance', 1, 0],
      ['def_cfa_register', 6],
    ]);
    expect(table.lookup(TEXT_OFFSET)).toMatchObject({ cfa: 'deref-sp', cfaArgument: 8 });
    expect(table.lookup(TEXT_OFFSET + 2)).toMatchObject({ cfa: 'fp', cfaOffset: 24 });
  });

  test('expressions in use are recognised', () => {
    const cases: readonly (readonly [readonly number[], Partial<UnwindRule>])[] = [
      [[0x77, 0x10], { cfa: 'sp', cfaOffset: 16 }],
      [[0x76, 0x78, 0x06], { cfa: 'deref-fp', cfaArgument: -8, cfaOffset: 0 }],
      [[0x77, 0x28, 0x06, 0x23, 8], { cfa: 'deref-sp', cfaArgument: 40, cfaOffset: 8 }],
      [[0x77, 0, 0x38, 0x1c], { cfa: 'sp', cfaOffset: -8 }],
      [[0x38, 0x73, 0, 0x22], { cfa: 'third', cfaOffset: 8 }],
      [[0x92, 10, 0], { cfa: 'register', cfaArgument: 10, cfaOffset: 0 }],
      [
        [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22],
        { cfa: 'plt', cfaArgument: 11, cfaOffset: 8 },
      ],
      [[0x77, 8, 0x79, 0, 0x38, 0x1e, 0x22, 0x06], { cfa: 'unsupported' }],
      [[0x77, 0, 0x06, 0x06], { cfa: 'unsupported' }],
      [[0x77], { cfa: 'unsupported' }],
      [[], { cfa: 'unsupported' }],
    ];
    for (const [operations, rule] of cases) {
      const { table } = tableOf([['def_cfa_expression', operations]]);
      expect(table.lookup(TEXT_OFFSET)).toMatchObject(rule);
    }
  });

  test('a register can be saved where an expression says', () => {
    const { table } = tableOf([
      ['expression', 6, [0x76, 0]],
      ['expression', 3, [0x23, 8]],
      ['val_expression', 16, [0x77, 0x18, 0x06]],
    ]);
    expect(table.lookup(TEXT_OFFSET)).toMatchObject({
      framePointer: { kind: 'at-fp', offset: 0 },
      third: { kind: 'at-cfa', offset: 8 },
      returnAddress: { kind: 'at-sp', offset: 24 },
    });
  });
});
