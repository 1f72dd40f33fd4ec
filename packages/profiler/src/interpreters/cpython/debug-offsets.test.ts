// The table as interpreters have it in their files: the first words of `_PyRuntime`.

import { expect, test } from 'bun:test';
import { DEBUG_OFFSETS_BYTES, layoutOfDebugOffsets } from './debug-offsets.ts';
import { RECORDED_OFFSETS } from './recorded-offsets.ts';

function table(
  version: keyof typeof RECORDED_OFFSETS,
  change: (words: BigUint64Array) => void = () => {},
): Uint8Array {
  // What is behind a table is not looked at.
  const words = new BigUint64Array(DEBUG_OFFSETS_BYTES / 8);
  const recorded = RECORDED_OFFSETS[version].trim().split(/\s+/).map(BigInt);
  words.set(recorded.slice(0, words.length));
  change(words);
  return new Uint8Array(words.buffer);
}

/** What each build of a version has, whether it is free-threaded or not. */
const COMMON = { next_thread: 8, frame: 72, frame_code: 0, frame_previous: 8 };
/** Of builds with a lock for all threads, and of those without. */
const OBJECTS = { object_bytes: 16, ascii_bytes: 40, compact_bytes: 56 };
const FREE_OBJECTS = { object_bytes: 32, ascii_bytes: 56, compact_bytes: 72 };

test('the offsets are those that a compiler makes of the headers of 3.13', () => {
  expect(layoutOfDebugOffsets(table('3.13.0'))).toMatchObject({
    ...{ ...COMMON, ...OBJECTS },
    ...{ interpreters: 632, next_interpreter: 7264, threads: 7344, thread_id: 152 },
    ...{ frame_instruction: 56, frame_entry: 70, frame_bytes: 72, frame_copy: 0 },
    ...{ code_file: 112, code_name: 128, code_first_line: 68 },
    ...{ code_line_table: 136, code_bytes: 144, code_instructions: 200, code_copies: 0 },
    ...{ text_kind_shift: 2, base_frame: 0 },
  });
});

test('3.14 has another order of fields', () => {
  expect(layoutOfDebugOffsets(table('3.14.9'))).toMatchObject({
    ...{ ...COMMON, ...OBJECTS },
    ...{ interpreters: 808, next_interpreter: 7272, threads: 7344, thread_id: 152 },
    ...{ frame_instruction: 56, frame_entry: 74, frame_bytes: 80, frame_copy: 0 },
    ...{ code_file: 112, code_name: 128, code_first_line: 68 },
    ...{ code_line_table: 136, code_bytes: 144, code_instructions: 208, code_copies: 0 },
    ...{ text_kind_shift: 2, base_frame: 0, entry_value: 3 },
  });
});

test('3.15 has a frame that all of a thread lead to', () => {
  expect(layoutOfDebugOffsets(table('3.15.1'))).toMatchObject({
    ...{ ...COMMON, ...OBJECTS },
    ...{ interpreters: 936, next_interpreter: 7264, threads: 7336, thread_id: 176 },
    ...{ frame_instruction: 56, frame_entry: 74, frame_bytes: 80, frame_copy: 0 },
    ...{ code_file: 112, code_name: 128, code_first_line: 68 },
    ...{ code_line_table: 136, code_bytes: 144, code_instructions: 208, code_copies: 0 },
    ...{ text_kind_shift: 2, base_frame: 80, entry_value: 3 },
  });
});

test('objects of free-threaded builds are larger, and threads have instructions of their own', () => {
  const code = { code_file: 128, code_name: 144, code_first_line: 84, code_line_table: 152 };
  expect(layoutOfDebugOffsets(table('3.13.12t'))).toMatchObject({
    ...{ ...COMMON, ...FREE_OBJECTS, ...code },
    ...{ interpreters: 632, threads: 7344, thread_id: 152, frame_entry: 70, frame_copy: 0 },
    ...{ code_instructions: 216, code_copies: 0, text_kind_shift: 2, base_frame: 0 },
  });
  expect(layoutOfDebugOffsets(table('3.14.9t'))).toMatchObject({
    ...{ ...COMMON, ...FREE_OBJECTS, ...code },
    ...{ interpreters: 808, threads: 7344, thread_id: 152, frame_entry: 78, frame_copy: 72 },
    ...{ code_instructions: 232, code_copies: 224, text_kind_shift: 8, base_frame: 0 },
  });
  expect(layoutOfDebugOffsets(table('3.15.1t'))).toMatchObject({
    ...{ ...COMMON, ...FREE_OBJECTS, ...code },
    ...{ interpreters: 936, threads: 7336, thread_id: 176, frame_entry: 78, frame_copy: 72 },
    ...{ code_instructions: 232, code_copies: 224, text_kind_shift: 8, base_frame: 80 },
  });
});

test('a table that is none, of another build or beyond what is read is not used', () => {
  const refused = (bytes: Uint8Array) => layoutOfDebugOffsets(bytes) as { readonly why: string };
  const changed = (change: (words: BigUint64Array) => void) => refused(table('3.13.0', change)).why;
  expect(refused(table('3.13.0').subarray(8)).why).toMatch('cut off');
  expect(changed((words) => words.fill(0n))).toMatch('no table');
  expect(changed((words) => words.set([4096n], 29))).toMatch('another kind');
  expect(changed((words) => words.set([24n], 45))).toMatch('another kind');
  expect(changed((words) => words.set([48n, 40n], 44))).toMatch('another kind');
  expect(changed((words) => words.set([0x0310_00f0n], 1))).toMatch('newer');
  expect(changed((words) => words.set([0x030e_00a5n], 1))).toMatch('released');
  // Of 3.13, which says it is 3.14.
  expect(changed((words) => words.set([0x030e_00f0n], 1))).toMatch('another kind');
});
