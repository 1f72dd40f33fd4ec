/**
 * Where CPython keeps what a walk needs, by version: offsets and sizes in bytes. From 3.13 on the interpreter says it
 * itself (debug-offsets.ts); for those before, the numbers are what a compiler makes of the headers of 3.8.18, 3.9.18,
 * 3.10.13, 3.11.7 and 3.12.1 with Py_BUILD_CORE: Include/internal/pycore_{runtime,interp,frame}.h,
 * Include/cpython/{pystate,frameobject,code,unicodeobject}.h. They are the same on x86-64 and aarch64, and do not
 * change within a minor version, since extensions are compiled against most of them.
 */

import { cpythonFlags } from '@waggle/bpf';

const { CPYTHON_HAS_CFRAME, CPYTHON_ENTRY_PER_FRAME, CPYTHON_ENTRY_IS_SHIM } = cpythonFlags;
const { CPYTHON_INSTRUCTION_IS_ADDRESS, CPYTHON_INSTRUCTION_IN_BYTES } = cpythonFlags;

/** `struct cpython_layout` of the BPF programs, field by field. */
export interface CpythonLayout {
  readonly flags: number;
  readonly interpreters: number;
  readonly next_interpreter: number;
  readonly threads: number;
  readonly next_thread: number;
  readonly thread_id: number;
  readonly frame: number;
  readonly frame_of_cframe: number;
  readonly frame_bytes: number;
  readonly frame_code: number;
  readonly frame_previous: number;
  readonly frame_instruction: number;
  readonly frame_entry: number;
  readonly entry_value: number;
  readonly code_bytes: number;
  readonly code_file: number;
  readonly code_name: number;
  readonly code_first_line: number;
  readonly code_line_table: number;
  readonly code_instructions: number;
  readonly text_kind_shift: number;
  readonly ascii_bytes: number;
  readonly compact_bytes: number;
  readonly object_bytes: number;
  readonly base_frame: number;
  readonly code_copies: number;
  readonly frame_copy: number;
}

/** What only later versions have, and free-threaded builds. */
const NO_COPIES = { base_frame: 0, code_copies: 0, frame_copy: 0 };

/** PyFrameObject, one for each evaluation; names are not qualified. */
const BEFORE_3_11: CpythonLayout = {
  flags: CPYTHON_ENTRY_PER_FRAME,
  interpreters: 32,
  next_interpreter: 0,
  threads: 8,
  next_thread: 8,
  thread_id: 176,
  frame: 24,
  frame_of_cframe: 0,
  frame_bytes: 112,
  frame_code: 32,
  frame_previous: 24,
  frame_instruction: 96,
  frame_entry: 0,
  entry_value: 0,
  code_bytes: 128,
  code_file: 104,
  code_name: 112,
  code_first_line: 40,
  code_line_table: 120,
  code_instructions: 0,
  text_kind_shift: 2,
  ascii_bytes: 48,
  compact_bytes: 72,
  object_bytes: 16,
  ...NO_COPIES,
};

const BEFORE_3_10: CpythonLayout = {
  ...BEFORE_3_11,
  flags: CPYTHON_ENTRY_PER_FRAME | CPYTHON_INSTRUCTION_IN_BYTES,
  frame_instruction: 104,
};

/** _PyInterpreterFrame; `is_entry` says that the evaluation began with it. */
const OF_3_11: CpythonLayout = {
  flags: CPYTHON_HAS_CFRAME | CPYTHON_INSTRUCTION_IS_ADDRESS,
  interpreters: 40,
  next_interpreter: 0,
  threads: 16,
  next_thread: 8,
  thread_id: 152,
  frame: 56,
  frame_of_cframe: 8,
  frame_bytes: 72,
  frame_code: 32,
  frame_previous: 48,
  frame_instruction: 56,
  frame_entry: 68,
  entry_value: 1,
  code_bytes: 144,
  code_file: 112,
  code_name: 128,
  code_first_line: 72,
  code_line_table: 136,
  code_instructions: 184,
  text_kind_shift: 2,
  ascii_bytes: 48,
  compact_bytes: 72,
  object_bytes: 16,
  ...NO_COPIES,
};

/** `owner` is FRAME_OWNED_BY_CSTACK in a frame of the interpreter's own below the one that it began with. */
const OF_3_12: CpythonLayout = {
  ...OF_3_11,
  flags: CPYTHON_HAS_CFRAME | CPYTHON_ENTRY_IS_SHIM | CPYTHON_INSTRUCTION_IS_ADDRESS,
  threads: 72,
  thread_id: 136,
  frame_of_cframe: 0,
  frame_code: 0,
  frame_previous: 8,
  frame_entry: 70,
  entry_value: 3,
  code_first_line: 68,
  code_instructions: 192,
  ascii_bytes: 40,
  compact_bytes: 56,
};

/** By the minor version of 3. */
export const LAYOUTS: Readonly<Partial<Record<number, CpythonLayout>>> = {
  8: BEFORE_3_10,
  9: BEFORE_3_10,
  10: BEFORE_3_11,
  11: OF_3_11,
  12: OF_3_12,
};
