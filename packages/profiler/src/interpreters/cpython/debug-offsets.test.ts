// The table as CPython 3.13.0 has it in its file: the first words of `_PyRuntime`.

import { expect, test } from 'bun:test';
import { DEBUG_OFFSETS_BYTES, layoutOfDebugOffsets } from './debug-offsets.ts';
import { RECORDED_OFFSETS } from './recorded-offsets.ts';

function table(change: (words: BigUint64Array) => void = () => {}): Uint8Array {
  const words = BigUint64Array.from(RECORDED_OFFSETS);
  change(words);
  return new Uint8Array(words.buffer);
}

test('the offsets are those that a compiler makes of the headers of 3.13', () => {
  expect(table().length).toBe(DEBUG_OFFSETS_BYTES);
  expect(layoutOfDebugOffsets(table())).toMatchObject({
    ...{ interpreters: 632, next_interpreter: 7264, threads: 7344 },
    ...{ next_thread: 8, thread_id: 152, frame: 72 },
    ...{
      frame_code: 0,
      frame_previous: 8,
      frame_instruction: 56,
      frame_entry: 70,
      frame_bytes: 72,
    },
    ...{
      code_file: 112,
      code_name: 128,
      code_first_line: 68,
      code_line_table: 136,
      code_bytes: 144,
    },
    ...{ code_instructions: 200, ascii_bytes: 40, compact_bytes: 56 },
  });
});

test('a table that is none, of another build or beyond what is read is not used', () => {
  const refused = (bytes: Uint8Array) => layoutOfDebugOffsets(bytes) as { readonly why: string };
  expect(refused(table().subarray(8)).why).toMatch('cut off');
  expect(refused(table((words) => words.fill(0n))).why).toMatch('no table');
  expect(refused(table((words) => words.set([1n], 2))).why).toMatch('free-threaded');
  expect(refused(table((words) => words.set([4096n], 29))).why).toMatch('another kind');
  expect(refused(table((words) => words.set([24n], 45))).why).toMatch('another kind');
});
