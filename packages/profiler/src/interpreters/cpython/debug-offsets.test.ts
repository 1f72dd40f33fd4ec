// The table as CPython 3.13.0 has it in its file: the first words of `_PyRuntime`.

import { expect, test } from 'bun:test';
import { DEBUG_OFFSETS_BYTES, layoutOfDebugOffsets } from './debug-offsets.ts';
import { RECORDED_OFFSETS } from './recorded-offsets.ts';

function table(change: (words: BigUint64Array) => void = () => {}): Uint8Array {
  // What is behind the table of 3.13 is not looked at.
  const words = new BigUint64Array(DEBUG_OFFSETS_BYTES / 8);
  words.set(RECORDED_OFFSETS);
  change(words);
  return new Uint8Array(words.buffer);
}

test('the offsets are those that a compiler makes of the headers of 3.13', () => {
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
  expect(refused(table((words) => words.set([0x030f_00f0n], 1))).why).toMatch('newer');
  expect(refused(table((words) => words.set([0x030e_00a5n], 1))).why).toMatch('released');
  // Of 3.13, which says it is 3.14.
  expect(refused(table((words) => words.set([0x030e_00f0n], 1))).why).toMatch('another kind');
});

/** Fields in the order of 3.14, each with a number that no other has; sizes and unused ones are 0. */
function tableOf314(): Uint8Array {
  const fields: readonly (readonly number[])[] = [
    ...[[0, 0, 632] /* of the runtime */],
    ...[[0, 0, 7264, 7344, 7352, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] /* of an interpreter */],
    ...[[0, 0, 8, 16, 72, 152, 160, 0, 32] /* of a thread */],
    ...[[80, 8, 0, 56, 80, 74, 64, 0] /* of a frame */],
    ...[[0, 112, 120, 128, 136, 68, 0, 0, 0, 208, 0] /* of code */],
    ...[
      [16, 8],
      [0, 24, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 0],
      [0, 0],
      [0, 0, 0],
    ],
    ...[
      [0, 16, 32],
      [64, 32, 16, 40],
    ],
  ];
  const words = [BigInt(0x030e_00f0), 0n, ...fields.flat().map(BigInt)];
  return new Uint8Array(BigUint64Array.from([RECORDED_OFFSETS[0] ?? 0n, ...words]).buffer);
}

test('the table of 3.14 has another order', () => {
  expect(tableOf314().length).toBe(DEBUG_OFFSETS_BYTES);
  expect(layoutOfDebugOffsets(tableOf314())).toMatchObject({
    ...{ interpreters: 632, next_interpreter: 7264, threads: 7344 },
    ...{ next_thread: 8, thread_id: 152, frame: 72 },
    ...{ frame_code: 0, frame_previous: 8, frame_instruction: 56, frame_entry: 74 },
    ...{ code_file: 112, code_name: 128, code_first_line: 68, code_line_table: 136 },
    ...{ code_instructions: 208, ascii_bytes: 40, compact_bytes: 56, entry_value: 3 },
  });
});
