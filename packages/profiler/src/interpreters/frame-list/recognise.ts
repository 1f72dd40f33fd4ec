/** A described interpreter in a file: where its symbols are, what its offsets are, and all of it as the kernel has it. */

import {
  frameListBounds,
  frameListFlags,
  interpreter,
  interpreterBounds,
  interpreterKind,
} from '@waggle/bpf';
import {
  type ElfImage,
  EM_AARCH64,
  EM_X86_64,
  type FoundSymbol,
  findSymbols,
} from '@waggle/symbols';
import type {
  CodeRange,
  Interpreter,
  InterpreterDescription,
  UnknownInterpreter,
} from '../interpreter.ts';
import type { FieldOffset, FrameListInterpreter, PointerPath, TextPlace } from './description.ts';

/** Of a thread, in front of what it has of a program's variables: x86-64 has them below. */
const AARCH64_HEAD = 16;

/** Why a file that holds one is not walked. */
class Refusal extends Error {}

export function frameListInterpreter(described: FrameListInterpreter): Interpreter {
  return {
    name: described.name,
    fileNames: described.fileNames,
    recognise: (elf) => recognise(elf, described),
  };
}

function recognise(
  elf: ElfImage,
  described: FrameListInterpreter,
): InterpreterDescription | UnknownInterpreter | undefined {
  const { innermost, name } = described;
  if (findSymbols(elf, [innermost.symbol], 'all').size === 0) return undefined;
  try {
    const file = new DescribedFile(elf, symbolsOf(described));
    return {
      name,
      object: `[${name}]`,
      evaluation: file.ranges(described.loop),
      bytes: encoded(file, described),
      lineTable: '',
    };
  } catch (error) {
    if (error instanceof Refusal) return { unknown: `${name}: ${error.message}` };
    throw error;
  }
}

/** All that the description names. */
function symbolsOf(described: FrameListInterpreter): string[] {
  const { innermost, frame, code, loop } = described;
  const texts = [code.name, ...(code.file ? [code.file] : [])];
  const offsets: (FieldOffset | undefined)[] = [
    ...[...innermost.path, frame.previous, ...frame.code, code.proof.at, code.firstLine],
    ...(frame.begins === 'each' ? [] : [frame.begins.at]),
    ...texts.flatMap(({ path, start, length }) => [...path, start, length?.at]),
  ];
  return [
    ...[innermost.symbol, ...loop, ...loop.map(coldPart)],
    ...('symbol' in code.proof ? [code.proof.symbol] : []),
    ...offsets.flatMap((offset) => (typeof offset === 'object' ? [offset.symbol] : [])),
  ];
}

/** GCC's, of what a function rarely runs. */
const coldPart = (name: string) => `${name}.cold`;

/** The file that holds one. Each of its methods throws a Refusal for what it has not. */
class DescribedFile {
  readonly #elf: ElfImage;
  readonly #symbols: ReadonlyMap<string, readonly FoundSymbol[]>;

  constructor(elf: ElfImage, names: readonly string[]) {
    this.#elf = elf;
    this.#symbols = findSymbols(elf, names, 'all');
  }

  /** The address of a symbol, behind where the file's first byte is mapped, or would be. */
  place(name: string): number {
    const code = this.#elf.loads.find(({ executable }) => executable);
    if (code === undefined) throw new Refusal('the file has no code');
    return this.#symbol(name).address - (code.vaddr - code.fileOffset);
  }

  /** Of a variable that each thread has, from the thread pointer: where the program's own are. */
  threadPlace(name: string): number {
    const { threadLocal, machine, entry } = this.#elf;
    const { address } = this.#symbol(name);
    if (threadLocal === undefined) throw new Refusal(`${name} is no variable of each thread`);
    if (entry === 0) throw new Refusal(`${name} is in a library: it may be anywhere in a thread`);
    const align = Math.max(threadLocal.align, 1);
    const roundUp = (bytes: number) => Math.ceil(bytes / align) * align;
    if (machine === EM_X86_64) return address - roundUp(threadLocal.memSize);
    if (machine === EM_AARCH64) return address + roundUp(AARCH64_HEAD);
    throw new Refusal('it is for another machine');
  }

  /** Functions, by file offsets. */
  ranges(names: readonly string[]): CodeRange[] {
    const cold = names.flatMap((name) => this.#symbols.get(coldPart(name)) ?? []);
    const functions = [...names.map((name) => this.#symbol(name)), ...cold];
    if (functions.length > interpreterBounds.EVALUATION_RANGES_MAX)
      throw new Refusal(`its loop has more than ${interpreterBounds.EVALUATION_RANGES_MAX} parts`);
    return functions.map(({ address, size }) => {
      const load = this.#elf.loads.find(
        ({ executable, vaddr, fileSize }) =>
          executable && address >= vaddr && address + size <= vaddr + fileSize,
      );
      if (load === undefined || size === 0) throw new Refusal('its loop is not in the file');
      const start = address - load.vaddr + load.fileOffset;
      return { start, end: start + size };
    });
  }

  offset(offset: FieldOffset): number {
    if (typeof offset === 'number') return offset;
    const bytes = this.#elf.readMapped(this.#symbol(offset.symbol).address + offset.at, 4);
    if (bytes.length < 4)
      throw new Refusal(`${offset.symbol} does not say what is at ${offset.at}`);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }

  #symbol(name: string): FoundSymbol {
    const [symbol] = this.#symbols.get(name) ?? [];
    if (symbol === undefined) throw new Refusal(`the file does not say where ${name} is`);
    return symbol;
  }
}

function encoded(file: DescribedFile, { innermost, frame, code }: FrameListInterpreter) {
  const bytes = new Uint8Array(interpreter.size);
  const view = new DataView(bytes.buffer);
  const { offset } = interpreter;
  type Field = keyof typeof offset & `frame_list.${string}`;
  const put = (field: Field, value: number) => view.setUint32(offset[field], value, true);
  const putPath = (field: Field, path: PointerPath) => {
    if (path.length > frameListBounds.FRAME_LIST_STEPS_MAX)
      throw new Refusal(`a way has more than ${frameListBounds.FRAME_LIST_STEPS_MAX} steps`);
    view.setUint32(offset[field], path.length, true);
    path.forEach((step, index) => {
      view.setUint32(offset[field] + 4 + 4 * index, file.offset(step), true);
    });
  };
  const putText = (field: 'name' | 'file', { path, start = 0, length }: TextPlace) => {
    putPath(`frame_list.${field}.path.steps`, path);
    put(`frame_list.${field}.is_there`, 1);
    put(`frame_list.${field}.start`, file.offset(start));
    if (length === undefined) return;
    put(`frame_list.${field}.length`, file.offset(length.at));
    put(`frame_list.${field}.length_bytes`, length.bytes);
  };
  const { isThreadLocal = false } = innermost;
  const isEach = frame.begins === 'each';
  const { proof } = code;
  view.setUint32(offset.kind, interpreterKind.INTERPRETER_FRAME_LIST, true);
  const runtime = isThreadLocal ? file.threadPlace(innermost.symbol) : file.place(innermost.symbol);
  view.setBigInt64(offset.runtime, BigInt(runtime), true);
  put(
    'frame_list.flags',
    (isThreadLocal ? frameListFlags.FRAME_LIST_THREAD_LOCAL : 0) |
      (isEach ? frameListFlags.FRAME_LIST_ENTRY_PER_FRAME : 0) |
      ('symbol' in proof ? frameListFlags.FRAME_LIST_CODE_IS_POINTER : 0),
  );
  putPath('frame_list.innermost.steps', innermost.path);
  put('frame_list.previous', file.offset(frame.previous));
  putPath('frame_list.code.steps', frame.code);
  if (frame.begins !== 'each') {
    put('frame_list.entry', file.offset(frame.begins.at));
    put('frame_list.entry_mask', frame.begins.mask);
  }
  put('frame_list.proof', file.offset(proof.at));
  const mask = 'symbol' in proof ? 2n ** 64n - 1n : 2n ** BigInt(8 * proof.bytes) - 1n;
  view.setBigUint64(offset['frame_list.proof_mask'], mask, true);
  if ('symbol' in proof) view.setBigInt64(offset.code_type, BigInt(file.place(proof.symbol)), true);
  else view.setBigUint64(offset['frame_list.proof_value'], BigInt(proof.value), true);
  putText('name', code.name);
  if (code.file !== undefined) putText('file', code.file);
  if (code.firstLine !== undefined) {
    put('frame_list.has_line', 1);
    put('frame_list.line', file.offset(code.firstLine));
  }
  return bytes;
}
