/**
 * CPython 3.8 to 3.15: known by the symbols that every build exports, since extensions need them, be it a program or a
 * library. What was stripped does not matter.
 */

import { interpreter, interpreterBounds, interpreterKind } from '@waggle/bpf';
import { type ElfImage, type FoundSymbol, findSymbols } from '@waggle/symbols';
import type {
  CodeRange,
  Interpreter,
  InterpreterDescription,
  UnknownInterpreter,
} from '../interpreter.ts';
import { DEBUG_OFFSETS_BYTES, layoutOfDebugOffsets } from './debug-offsets.ts';
import { evaluationRanges } from './evaluation-ranges.ts';
import { type CpythonLayout, LAYOUTS } from './layouts.ts';

const RUNTIME = '_PyRuntime';
const LOOP = '_PyEval_EvalFrameDefault';
const CODE_TYPE = 'PyCode_Type';
/** Since 3.11: PY_VERSION_HEX. */
const VERSION = 'Py_Version';
/** What only versions before do not have, the newest first. */
const SINCE: readonly (readonly [symbol: string, minor: number])[] = [
  ['Py_NewRef', 10],
  ['PyFrame_GetBack', 9],
  ['PyCode_NewWithPosOnlyArgs', 8],
];
/** The first that says its offsets itself. */
const FIRST_WITH_OFFSETS = 13;

export const cpython: Interpreter = {
  name: 'CPython',
  fileNames: /^(?:lib)?python[\d.]*[a-z]*(?:\.so[\d.]*)?$/,
  recognise,
};

function recognise(elf: ElfImage): InterpreterDescription | UnknownInterpreter | undefined {
  if (findSymbols(elf, [RUNTIME]).size === 0) return undefined;
  const names = [RUNTIME, LOOP, CODE_TYPE, VERSION, ...SINCE.map(([symbol]) => symbol)];
  const symbols = findSymbols(elf, names);
  const only = (name: string) => symbols.get(name)?.[0];
  const [runtime, loop, codeType] = [only(RUNTIME), only(LOOP), only(CODE_TYPE)];
  if (runtime === undefined || loop === undefined || codeType === undefined) return undefined;
  const minor = minorOf(elf, symbols);
  if (minor === undefined) return { unknown: 'CPython before 3.8' };
  const name = `CPython 3.${minor}`;
  const layout = layoutOf(elf, runtime, minor);
  if ('why' in layout) return { unknown: `${name}: ${layout.why}` };
  const range = fileRange(elf, loop);
  const bias = range && loop.address - range.start;
  if (range === undefined || bias === undefined)
    return { unknown: `${name}: its evaluation loop is not in the file` };
  return {
    name,
    object: '[python]',
    evaluation: evaluationRanges(elf, range, interpreterBounds.EVALUATION_RANGES_MAX),
    bytes: encoded(runtime.address - bias, codeType.address - bias, layout),
    lineTable: lineTableOf(minor),
  };
}

function minorOf(
  elf: ElfImage,
  symbols: ReadonlyMap<string, readonly FoundSymbol[]>,
): number | undefined {
  const version = symbols.get(VERSION)?.[0];
  if (version !== undefined) {
    const bytes = elf.readMapped(version.address, 4);
    if (bytes.length === 4 && bytes[3] === 3) return bytes[2];
  }
  return SINCE.find(([symbol]) => symbols.has(symbol))?.[1];
}

function layoutOf(
  elf: ElfImage,
  runtime: FoundSymbol,
  minor: number,
): CpythonLayout | { readonly why: string } {
  if (minor >= FIRST_WITH_OFFSETS)
    return layoutOfDebugOffsets(elf.readMapped(runtime.address, DEBUG_OFFSETS_BYTES));
  return LAYOUTS[minor] ?? { why: 'not known' };
}

function lineTableOf(minor: number): string {
  if (minor >= 11) return 'cpython-locations';
  return minor === 10 ? 'cpython-linetable' : 'cpython-lnotab';
}

function fileRange(elf: ElfImage, { address, size }: FoundSymbol): CodeRange | undefined {
  const load = elf.loads.find(
    ({ executable, vaddr, fileSize }) =>
      executable && address >= vaddr && address + size <= vaddr + fileSize,
  );
  if (load === undefined || size === 0) return undefined;
  const start = address - load.vaddr + load.fileOffset;
  return { start, end: start + size };
}

/** @param runtime and @param codeType from where the file's first byte is mapped, or would be */
function encoded(runtime: number, codeType: number, layout: CpythonLayout): Uint8Array {
  const bytes = new Uint8Array(interpreter.size);
  const view = new DataView(bytes.buffer);
  const { offset } = interpreter;
  view.setUint32(offset.kind, interpreterKind.INTERPRETER_CPYTHON, true);
  view.setBigInt64(offset.runtime, BigInt(runtime), true);
  view.setBigInt64(offset.code_type, BigInt(codeType), true);
  for (const [field, value] of Object.entries(layout))
    view.setUint32(offset[`cpython.${field as keyof CpythonLayout}`], value, true);
  return bytes;
}
