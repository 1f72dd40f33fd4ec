/**
 * V8 of Node.js 18 to 24, in a program or a library: known by the version that it exports. Where the fields of its
 * objects are, and which types these have, it says itself by symbols for debuggers (`v8dbg_*`, layout.ts).
 */

import { interpreter, interpreterKind } from '@waggle/bpf';
import { type ElfImage, findSymbols } from '@waggle/symbols';
import type { Interpreter, InterpreterDescription, UnknownInterpreter } from '../interpreter.ts';
import { builtinsRange } from './builtins-range.ts';
import { layoutOf, POSTMORTEM_SYMBOLS, type V8Layout } from './layout.ts';

const MAJOR = '_ZN2v88internal7Version6major_E';
const MINOR = '_ZN2v88internal7Version6minor_E';
/** V8 of Node.js 18, and the last that was looked at: of Node.js 24. */
const FIRST = 10;
const LAST = 13;

export const v8: Interpreter = {
  name: 'V8',
  fileNames: /^(?:node|nodejs|libnode\.so[\d.]*)$/,
  recognise,
  generates: true,
};

function recognise(elf: ElfImage): InterpreterDescription | UnknownInterpreter | undefined {
  if (findSymbols(elf, [MAJOR]).size === 0) return undefined;
  const values = valuesOf(elf, [MAJOR, MINOR, ...POSTMORTEM_SYMBOLS]);
  const [major, minor] = [values.get(MAJOR), values.get(MINOR)];
  if (major === undefined || minor === undefined) return undefined;
  const name = `V8 ${major}.${minor}`;
  if (major < FIRST) return { unknown: `${name}: older than what is known` };
  if (major > LAST) return { unknown: `${name}: newer than what is known` };
  const found = layoutOf(values, { major, minor });
  if ('why' in found) return { unknown: `${name}: ${found.why}` };
  const builtins = builtinsRange(elf);
  if (builtins === undefined) return { unknown: `${name}: its builtins were not found` };
  return {
    name,
    object: '[v8]',
    evaluation: [builtins],
    bytes: encoded(found.layout, found.operations),
    lineTable: '',
  };
}

/** What integers that it exports are in the file; 0 where they are in none of it (.bss). */
function valuesOf(elf: ElfImage, names: readonly string[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const [name, [symbol]] of findSymbols(elf, names)) {
    if (symbol === undefined) continue;
    const bytes = elf.readMapped(symbol.address, 4);
    const isThere = bytes.length === 4;
    values.set(name, isThere ? new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true) : 0);
  }
  return values;
}

function encoded(layout: V8Layout, operations: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(interpreter.size);
  const view = new DataView(bytes.buffer);
  const { offset } = interpreter;
  view.setUint32(offset.kind, interpreterKind.INTERPRETER_V8, true);
  for (const [field, value] of Object.entries(layout))
    view.setUint32(offset[`v8.${field as keyof V8Layout}`], value, true);
  bytes.set(operations, offset['v8.operations']);
  return bytes;
}
