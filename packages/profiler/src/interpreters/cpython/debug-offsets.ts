/**
 * The table that CPython has of its own structures since 3.13: `_Py_DebugOffsets`, at the beginning of `_PyRuntime`, for
 * debuggers (PEP 768). Its order of fields is a minor version's own: that of 3.13 is in
 * Include/internal/pycore_runtime.h, that of 3.14 in Include/internal/pycore_debug_offsets.h.
 */

import { cpythonFlags } from '@waggle/bpf';
import type { CpythonLayout } from './layouts.ts';

const COOKIE = 'xdebugpy';
const WORD = 8;

/** Numbers of the words that are used: these are where they are in every version. */
const VERSION = 1;
const FREE_THREADED = 2;

const WORDS_OF_3_13 = {
  interpretersHead: 5,
  nextInterpreter: 8,
  threadsHead: 9,
  nextThread: 21,
  currentFrame: 23,
  threadId: 24,
  framePrevious: 29,
  frameExecutable: 30,
  frameInstruction: 31,
  frameOwner: 33,
  codeFile: 35,
  codeQualname: 37,
  codeLineTable: 38,
  codeFirstLine: 39,
  codeInstructions: 43,
  objectSize: 44,
  objectType: 45,
  asciiBytes: 70,
} as const;

type Words = Readonly<Record<keyof typeof WORDS_OF_3_13, number>>;

const WORDS_OF_3_14: Words = {
  interpretersHead: 5,
  nextInterpreter: 8,
  threadsHead: 9,
  nextThread: 24,
  currentFrame: 26,
  threadId: 27,
  framePrevious: 32,
  frameExecutable: 33,
  frameInstruction: 34,
  frameOwner: 36,
  codeFile: 40,
  codeQualname: 42,
  codeLineTable: 43,
  codeFirstLine: 44,
  codeInstructions: 48,
  objectSize: 50,
  objectType: 51,
  asciiBytes: 80,
};

/** By the minor version of 3. */
const WORDS: Readonly<Partial<Record<number, Words>>> = { 13: WORDS_OF_3_13, 14: WORDS_OF_3_14 };
/** In PY_VERSION_HEX: alphas and betas may have tables of their own. */
const RELEASE_CANDIDATE = 0xc;

/** Bytes of the table that are read. */
export const DEBUG_OFFSETS_BYTES = WORD * (WORDS_OF_3_14.asciiBytes + 1);

/**
 * FRAME_OWNED_BY_CSTACK of enum _frameowner in 3.13, FRAME_OWNED_BY_INTERPRETER in 3.14: what the frame has that stands
 * below those of an evaluation.
 */
const OWNED_BELOW = 3;
const OBJECT_BYTES = 16;
/** What the walk reads at a time: see FRAME_WORD and CODE_WORD of cpython.h. */
const MAX_FRAME_BYTES = 128;
const MAX_CODE_BYTES = 256;

/** Why the table of a version is not used, in words. */
interface UnusedOffsets {
  readonly why: string;
}

/** @param table the first bytes of `_PyRuntime`, as they are in the file */
export function layoutOfDebugOffsets(table: Uint8Array): CpythonLayout | UnusedOffsets {
  if (table.length < DEBUG_OFFSETS_BYTES) return { why: 'its table of offsets is cut off' };
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  if (String.fromCharCode(...table.subarray(0, WORD)) !== COOKIE)
    return { why: 'it has no table of offsets' };
  const at = (number: number) => Number(view.getBigUint64(WORD * number, true));
  if (at(FREE_THREADED) !== 0) return { why: 'free-threaded builds are not walked' };
  const words = WORDS[(at(VERSION) >>> 16) & 0xff];
  if (words === undefined) return { why: 'newer than what is known' };
  if (((at(VERSION) >>> 4) & 0xf) < RELEASE_CANDIDATE)
    return { why: 'it is none that was released' };
  const word = (name: keyof Words) => at(words[name]);
  const frame = {
    frame_code: word('frameExecutable'),
    frame_previous: word('framePrevious'),
    frame_instruction: word('frameInstruction'),
    frame_entry: word('frameOwner'),
  };
  const code = {
    code_file: word('codeFile'),
    code_name: word('codeQualname'),
    code_first_line: word('codeFirstLine'),
    code_line_table: word('codeLineTable'),
  };
  const frameBytes = WORD + Math.max(...Object.values(frame));
  const codeBytes = WORD + Math.max(...Object.values(code));
  // Objects of all others that are walked begin alike.
  const isUsual = word('objectType') === WORD && word('objectSize') === OBJECT_BYTES;
  if (!isUsual || frameBytes > MAX_FRAME_BYTES || codeBytes > MAX_CODE_BYTES)
    return { why: 'its table of offsets is of another kind' };
  return {
    flags: cpythonFlags.CPYTHON_ENTRY_IS_SHIM | cpythonFlags.CPYTHON_INSTRUCTION_IS_ADDRESS,
    interpreters: word('interpretersHead'),
    next_interpreter: word('nextInterpreter'),
    threads: word('threadsHead'),
    next_thread: word('nextThread'),
    thread_id: word('threadId'),
    frame: word('currentFrame'),
    frame_of_cframe: 0,
    frame_bytes: roundedUp(frameBytes),
    ...frame,
    entry_value: OWNED_BELOW,
    code_bytes: roundedUp(codeBytes),
    ...code,
    code_instructions: word('codeInstructions'),
    text_kind_shift: 2,
    ascii_bytes: word('asciiBytes'),
    compact_bytes: word('asciiBytes') + 2 * WORD,
  };
}

/** An `owner` is a byte, and read as one of a word. */
function roundedUp(bytes: number): number {
  return Math.floor(bytes / WORD) * WORD;
}
