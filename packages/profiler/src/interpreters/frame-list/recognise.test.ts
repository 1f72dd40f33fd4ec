import { expect, test } from 'bun:test';
import { frameListFlags, interpreter, interpreterKind } from '@waggle/bpf';
import { ElfImage } from '@waggle/symbols';
import { buildElf, DATA, symbolSections, TEXT } from '../../../../symbols/test/build-elf.ts';
import type { InterpreterDescription } from '../interpreter.ts';
import type { FrameListInterpreter } from './description.ts';
import { frameListInterpreter } from './recognise.ts';

const PT_LOAD = 1;
const PT_TLS = 7;
const PF_X = 1;
const X86_64 = 62;
const AARCH64 = 183;

const OFFSETS = [8, 24];
/** Behind the headers: three segments. */
const CONSTANTS_AT = 64 + 3 * 56;
const SYMBOLS = [
  { name: 'tiny_thread', value: 0x10, size: 8 },
  { name: 'tiny_state', value: 0x5010, size: 8 },
  { name: 'tiny_type', value: 0x5020, size: 8 },
  { name: 'tiny_offsets', value: 0x4000, size: 8 },
  { name: 'tiny_run', value: 0x1040, size: 0x20 },
  { name: 'tiny_run.cold', value: 0x1080, size: 0x10 },
];

/** Code from 0x1000 on, which is at 0 in the file; constants at 0x4000. */
function file({ machine = X86_64, without = '', isLibrary = false } = {}): ElfImage {
  const bytes = buildElf({
    machine,
    sections: [
      TEXT,
      { ...DATA, addr: 0x4000, data: new Uint8Array(Uint32Array.from(OFFSETS).buffer) },
      ...symbolSections(
        SYMBOLS.filter(({ name }) => name !== without),
        4,
      ),
    ],
    segments: [
      { type: PT_LOAD, flags: PF_X, offset: 0, vaddr: 0x1000, fileSize: 0x100 },
      { type: PT_LOAD, offset: CONSTANTS_AT, vaddr: 0x4000, fileSize: 8 },
      { type: PT_TLS, offset: CONSTANTS_AT, vaddr: 0x6008, fileSize: 0, memSize: 0x1c, align: 16 },
    ],
  });
  // e_entry
  if (!isLibrary) new DataView(bytes.buffer).setBigUint64(24, 0x1040n, true);
  return ElfImage.parse(bytes);
}

const TINY: FrameListInterpreter = {
  name: 'tiny',
  fileNames: /^tiny$/,
  loop: ['tiny_run'],
  innermost: { symbol: 'tiny_thread', isThreadLocal: true, path: [0, 8] },
  frame: {
    previous: { symbol: 'tiny_offsets', at: 0 },
    code: [0, { symbol: 'tiny_offsets', at: 4 }],
    begins: { at: 16, mask: 4 },
  },
  code: {
    proof: { at: 0, bytes: 4, value: 0xfedc_ba98 },
    name: { path: [8], start: 4, length: { at: 0, bytes: 4 } },
    firstLine: 4,
  },
};

function described(elf: ElfImage, it: FrameListInterpreter = TINY): InterpreterDescription {
  const found = frameListInterpreter(it).recognise(elf);
  if (found === undefined || 'unknown' in found) throw new Error(found?.unknown ?? 'not found');
  return found;
}

function viewOf({ bytes }: InterpreterDescription): DataView {
  return new DataView(bytes.buffer);
}

const { offset } = interpreter;

test('what the kernel is told: ranges of the loop, numbers, and those that the file says', () => {
  const found = described(file());
  expect(found).toMatchObject({ name: 'tiny', object: '[tiny]' });
  expect(found.evaluation).toEqual([
    { start: 0x40, end: 0x60 },
    { start: 0x80, end: 0x90 },
  ]);
  const view = viewOf(found);
  const word = (field: keyof typeof offset) => view.getUint32(offset[field], true);
  expect(word('kind')).toBe(interpreterKind.INTERPRETER_FRAME_LIST);
  expect(word('frame_list.flags')).toBe(frameListFlags.FRAME_LIST_THREAD_LOCAL);
  expect(word('frame_list.previous')).toBe(8);
  expect(word('frame_list.innermost.steps')).toBe(2);
  const path = offset['frame_list.code.offsets'];
  expect([view.getUint32(path, true), view.getUint32(path + 4, true)]).toEqual([0, 24]);
  expect(view.getBigUint64(offset['frame_list.proof_value'], true)).toBe(0xfedc_ba98n);
  expect(view.getBigUint64(offset['frame_list.proof_mask'], true)).toBe(0xffff_ffffn);
  expect(word('frame_list.name.length_bytes')).toBe(4);
  expect([word('frame_list.has_line'), word('frame_list.line')]).toEqual([1, 4]);
  expect(word('frame_list.file.is_there')).toBe(0);
});

test('a variable of each thread is below the thread pointer on x86-64, and above it on aarch64', () => {
  const placeIn = (machine: number) =>
    viewOf(described(file({ machine }))).getBigInt64(offset.runtime, true);
  expect(placeIn(X86_64)).toBe(0x10n - 0x20n);
  expect(placeIn(AARCH64)).toBe(0x10n + 0x10n);
});

test('variables of the file are told from where its first byte is mapped', () => {
  const found = described(file(), {
    ...TINY,
    innermost: { symbol: 'tiny_state', path: [0] },
    frame: { ...TINY.frame, begins: 'each' },
    code: { ...TINY.code, proof: { at: 0, symbol: 'tiny_type' } },
  });
  const view = viewOf(found);
  expect(view.getBigInt64(offset.runtime, true)).toBe(0x4010n);
  expect(view.getBigInt64(offset.code_type, true)).toBe(0x4020n);
  expect(view.getUint32(offset['frame_list.flags'], true)).toBe(
    frameListFlags.FRAME_LIST_ENTRY_PER_FRAME | frameListFlags.FRAME_LIST_CODE_IS_POINTER,
  );
});

test('a file without it, and one that does not say enough', () => {
  const { recognise } = frameListInterpreter(TINY);
  expect(recognise(file({ without: 'tiny_thread' }))).toBeUndefined();
  const unknown = (...given: Parameters<typeof file>) => recognise(file(...given));
  expect(unknown({ without: 'tiny_run' })).toEqual({
    unknown: 'tiny: the file does not say where tiny_run is',
  });
  expect(unknown({ without: 'tiny_offsets' })).toEqual({
    unknown: 'tiny: the file does not say where tiny_offsets is',
  });
  expect(unknown({ isLibrary: true })).toEqual({
    unknown: 'tiny: tiny_thread is in a library: it may be anywhere in a thread',
  });
  const long = { ...TINY, frame: { ...TINY.frame, code: [0, 0, 0, 0, 0] } };
  expect(frameListInterpreter(long).recognise(file())).toEqual({
    unknown: 'tiny: a way has more than 4 steps',
  });
});
