/**
 * The table that CPython has of its own structures since 3.13: `_Py_DebugOffsets`, at the beginning of `_PyRuntime`, for
 * debuggers (PEP 768). Its order of fields is a minor version's own: that of 3.13 is in
 * Include/internal/pycore_runtime.h, those of later ones in Include/internal/pycore_debug_offsets.h. A free-threaded
 * build has the same order, and other offsets.
 */

import { cpythonFlags } from '@waggle/bpf';
import type { CpythonLayout } from './layouts.ts';

const COOKIE = 'xdebugpy';
const WORD = 8;

/** Numbers of the words that are used: these are where they are in every version. */
const VERSION = 1;
const FREE_THREADED = 2;

interface Words {
  readonly interpretersHead: number;
  readonly nextInterpreter: number;
  readonly threadsHead: number;
  readonly nextThread: number;
  readonly currentFrame: number;
  /** What all frames of a thread lead to; undefined where the last of them leads nowhere. */
  readonly baseFrame?: number;
  readonly threadId: number;
  readonly framePrevious: number;
  readonly frameExecutable: number;
  readonly frameInstruction: number;
  readonly frameOwner: number;
  /** Which of codeCopies the frame runs. */
  readonly frameCopy?: number;
  readonly codeFile: number;
  readonly codeQualname: number;
  readonly codeLineTable: number;
  readonly codeFirstLine: number;
  readonly codeInstructions: number;
  /** Instructions of each thread: 0 where there is a lock for all of them. */
  readonly codeCopies?: number;
  readonly objectSize: number;
  readonly objectType: number;
  readonly asciiBytes: number;
}

const WORDS_OF_3_13: Words = {
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
};

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
  frameCopy: 38,
  codeFile: 40,
  codeQualname: 42,
  codeLineTable: 43,
  codeFirstLine: 44,
  codeInstructions: 48,
  codeCopies: 49,
  objectSize: 50,
  objectType: 51,
  asciiBytes: 80,
};

const WORDS_OF_3_15: Words = {
  interpretersHead: 5,
  nextInterpreter: 8,
  threadsHead: 9,
  nextThread: 24,
  currentFrame: 26,
  baseFrame: 27,
  threadId: 30,
  framePrevious: 40,
  frameExecutable: 41,
  frameInstruction: 42,
  frameOwner: 44,
  frameCopy: 46,
  codeFile: 48,
  codeQualname: 50,
  codeLineTable: 51,
  codeFirstLine: 52,
  codeInstructions: 56,
  codeCopies: 57,
  objectSize: 58,
  objectType: 59,
  asciiBytes: 92,
};

/** By the minor version of 3. */
const WORDS: Readonly<Partial<Record<number, Words>>> = {
  13: WORDS_OF_3_13,
  14: WORDS_OF_3_14,
  15: WORDS_OF_3_15,
};
/** In PY_VERSION_HEX: alphas and betas may have tables of their own. */
const RELEASE_CANDIDATE = 0xc;

/** Bytes of the table that are read. */
export const DEBUG_OFFSETS_BYTES = WORD * (WORDS_OF_3_15.asciiBytes + 1);

/**
 * FRAME_OWNED_BY_CSTACK of enum _frameowner in 3.13, FRAME_OWNED_BY_INTERPRETER since: what the frame has that stands
 * below those of an evaluation.
 */
const OWNED_BELOW = 3;
/** A PyObject: of two words, or of a free-threaded build, which counts references in two places. */
const OBJECT_BYTES: readonly number[] = [16, 32];
/**
 * Where `kind` is in the state of a string (Include/cpython/unicodeobject.h): behind `interned`, which has two bits, and
 * since 3.14 a byte of its own in a free-threaded build. The table does not say it.
 */
const KIND_SHIFT = 2;
const KIND_SHIFT_BEHIND_BYTE = 8;
const FIRST_WITH_BYTE = 14;
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
  const minor = (at(VERSION) >>> 16) & 0xff;
  const words = WORDS[minor];
  if (words === undefined) return { why: 'newer than what is known' };
  if (((at(VERSION) >>> 4) & 0xf) < RELEASE_CANDIDATE)
    return { why: 'it is none that was released' };
  const word = (name: keyof Words) => {
    const number = words[name];
    return number === undefined ? 0 : at(number);
  };
  const frame = {
    frame_code: word('frameExecutable'),
    frame_previous: word('framePrevious'),
    frame_instruction: word('frameInstruction'),
    frame_entry: word('frameOwner'),
    frame_copy: word('frameCopy'),
  };
  const code = {
    code_file: word('codeFile'),
    code_name: word('codeQualname'),
    code_first_line: word('codeFirstLine'),
    code_line_table: word('codeLineTable'),
  };
  const frameBytes = WORD + Math.max(...Object.values(frame));
  const codeBytes = WORD + Math.max(...Object.values(code));
  const objectBytes = word('objectSize');
  const isUsual = word('objectType') === objectBytes - WORD && OBJECT_BYTES.includes(objectBytes);
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
    code_copies: word('codeCopies'),
    text_kind_shift:
      at(FREE_THREADED) !== 0 && minor >= FIRST_WITH_BYTE ? KIND_SHIFT_BEHIND_BYTE : KIND_SHIFT,
    ascii_bytes: word('asciiBytes'),
    compact_bytes: word('asciiBytes') + 2 * WORD,
    object_bytes: objectBytes,
    base_frame: word('baseFrame'),
  };
}

/** An `owner` is a byte, and read as one of a word. */
function roundedUp(bytes: number): number {
  return Math.floor(bytes / WORD) * WORD;
}
