/**
 * A table against readelf, row by row: agreement, or the reason why a row is unsupported. Anything
 * else is a difference, and no test accepts one.
 */
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '../src/elf/build-table.ts';
import type { UnwindRule, ValueRule } from '../src/table/rule.ts';
import type { UnwindTable } from '../src/table/unwind-table.ts';
import { type ReadelfRow, readelfExpressions, readelfRows } from './readelf-rows.ts';

export interface Comparison {
  rows: number;
  functions: number;
  agreed: number;
  /** Rows that a table cannot express, by readelf's text for what they need. */
  readonly unsupported: Map<string, number>;
  readonly differences: string[];
}

type Texts = (column: string) => readonly string[];

export function compareWithReadelf(path: string): Comparison {
  using elf = ElfImage.open(path);
  const { table } = buildUnwindTable(elf);
  const expressions = readelfExpressions(path);
  const result: Comparison = {
    rows: 0,
    functions: 0,
    agreed: 0,
    unsupported: new Map(),
    differences: [],
  };
  let fde = '';
  for (const row of readelfRows(path)) {
    const load = elf.loads.find(
      (l) => l.executable && row.from >= l.vaddr && row.to <= l.vaddr + l.fileSize,
    );
    if (load === undefined) throw new Error(`${row.fde} of ${path} lies in no code`);
    const bias = load.fileOffset - load.vaddr;
    const texts: Texts = (column) =>
      (expressions.get(row.fde) ?? []).filter(([name]) => name === column).map(([, text]) => text);
    if (row.fde !== fde) result.functions++;
    fde = row.fde;
    compareRow(result, table, row, bias, texts);
  }
  return result;
}

function compareRow(
  result: Comparison,
  table: UnwindTable,
  row: ReadelfRow,
  bias: number,
  texts: Texts,
): void {
  result.rows++;
  // The first and the last byte: the row begins and ends where it should.
  const index = table.ruleIndexAt(row.from + bias);
  const last = table.ruleIndexAt(row.to - 1 + bias);
  const rule = table.rule(index);
  const reason = whyUnsupported(row, texts);
  if (index !== last) {
    result.differences.push(`${row.from.toString(16)}: another rule at its end`);
  } else if (rule.cfa === 'unsupported' && reason !== undefined) {
    result.unsupported.set(reason, (result.unsupported.get(reason) ?? 0) + 1);
  } else if (reason === undefined && agrees(rule, row, texts)) {
    result.agreed++;
  } else {
    const said = [...row.columns].map(([name, text]) => `${name}=${text}`).join(' ');
    result.differences.push(`${row.from.toString(16)}: ${said}, not ${JSON.stringify(rule)}`);
  }
}

const PLT =
  /^DW_OP_breg7 \(rsp\): (\d+); DW_OP_breg16 \(rip\): 0; DW_OP_lit15; DW_OP_and; DW_OP_lit(\d+); DW_OP_ge; DW_OP_lit3; DW_OP_shl; DW_OP_plus$/;
const DEREF = /^DW_OP_breg\d+ \((\w+)\): (-?\d+); DW_OP_deref(?:; DW_OP_plus_uconst: (\d+))?$/;
const PLAIN = /^DW_OP_breg\d+ \((\w+)\): (-?\d+)$/;

/** The text of what a table has no rule for, or undefined when the row must be in the table. */
function whyUnsupported(row: ReadelfRow, texts: Texts): string | undefined {
  if (row.columns.get('CFA') === 'exp') {
    const known = texts('CFA').some((text) => PLT.test(text) || /\(r[sb]p\)/.test(text));
    const simple = texts('CFA').some((text) => PLT.test(text) || DEREF.test(text));
    if (!known || !simple) return `CFA ${texts('CFA').join(' | ')}`;
  }
  const rsp = row.columns.get('rsp');
  if (rsp !== undefined && rsp !== 'u' && rsp !== 'exp') return `sp not the CFA but ${rsp}`;
  return undefined;
}

function agrees(rule: UnwindRule, row: ReadelfRow, texts: Texts): boolean {
  const { columns } = row;
  return (
    cfaAgrees(rule, columns.get('CFA') ?? '', texts('CFA')) &&
    valueAgrees(rule.returnAddress, columns.get('ra') ?? 'absent', texts('ra'), true) &&
    valueAgrees(rule.framePointer, columns.get('rbp') ?? 'absent', texts('rbp'), false) &&
    valueAgrees(rule.third, columns.get('rbx') ?? 'absent', texts('rbx'), false)
  );
}

function cfaAgrees(rule: UnwindRule, said: string, texts: readonly string[]): boolean {
  if (said === 'exp') return texts.some((text) => expressionAgrees(rule, text));
  const [, register, offset] = /^(\w+)([+-]\d+)$/.exec(said) ?? [];
  if (Number(offset) !== rule.cfaOffset) return false;
  const kinds: Record<string, string> = { rsp: 'sp', rbp: 'fp', rbx: 'third' };
  if (register !== undefined && register in kinds) return rule.cfa === kinds[register];
  return rule.cfa === 'register' && NUMBERS[rule.cfaArgument] === register;
}

function expressionAgrees(rule: UnwindRule, text: string): boolean {
  const plt = PLT.exec(text);
  if (plt !== null) {
    const sizes = rule.cfaOffset === Number(plt[1]) && rule.cfaArgument === Number(plt[2]);
    return rule.cfa === 'plt' && sizes;
  }
  const [, register, inner, outer] = DEREF.exec(text) ?? [];
  return (
    rule.cfa === (register === 'rsp' ? 'deref-sp' : 'deref-fp') &&
    rule.cfaArgument === Number(inner) &&
    rule.cfaOffset === Number(outer ?? 0)
  );
}

/** `u` is said of registers without a rule as well, which keep their values by convention. */
function valueAgrees(
  rule: ValueRule,
  said: string,
  texts: readonly string[],
  isReturnAddress: boolean,
): boolean {
  if (said === 'absent' || said === 's') return rule.kind === 'same';
  if (said === 'u') return rule.kind === (isReturnAddress ? 'undefined' : 'same');
  const saved = /^c([+-]\d+)$/.exec(said);
  if (saved !== null) return rule.kind === 'at-cfa' && rule.offset === Number(saved[1]);
  const computed = /^v([+-]\d+)$/.exec(said);
  if (computed !== null) return rule.kind === 'cfa' && rule.offset === Number(computed[1]);
  if (said === 'exp') {
    return texts.some((text) => {
      const [, register, offset] = PLAIN.exec(text) ?? [];
      const kind = register === 'rsp' ? 'at-sp' : 'at-fp';
      return rule.kind === kind && rule.offset === Number(offset);
    });
  }
  return rule.kind === 'register' && NUMBERS[rule.offset] === said;
}

/** DWARF register numbers of x86-64, System V ABI figure 3.36. */
const NUMBERS = [
  ...['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'],
];
