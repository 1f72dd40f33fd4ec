import { expect, test } from 'bun:test';
import { unwindLines } from './unwind-summary.ts';

const stops = [0, 990, 0, 0, 0, 6, 0, 0, 4, 0];
const unwindTables = {
  tables: 3,
  rows: 23_603,
  bytes: 112_640,
  withoutTable: 0,
  leftOut: 0,
  evicted: 0,
};

test('says how many stacks are complete, and why the others are not', () => {
  expect(unwindLines({ stops, unwindTables, userTruncated: 4 }, 'auto')).toEqual([
    '99.00 % of user stacks are complete; cut off: 6 by stack memory that cannot be read, 4 by more than 1143 frames',
    'unwind tables: 3 objects, 23603 rows, 110 KiB',
  ]);
});

test('says when the best that a kernel can is less than what auto stands for', () => {
  const [line, ...others] = unwindLines(
    { stops: [], unwindTables: undefined, userTruncated: 0 },
    'auto',
  );
  expect(line).toContain('frame pointers lead to');
  expect(others).toEqual([]);
  expect(unwindLines({ stops: [], unwindTables: undefined, userTruncated: 0 }, 'fp')).toEqual([]);
});

test('stacks that were cut off are said once, and in one way', () => {
  const cut = (lines: string[]) => lines.filter((line) => line.includes('cut off'));
  expect(cut(unwindLines({ stops, unwindTables, userTruncated: 4 }, 'auto'))).toHaveLength(1);
  const byFramePointers = { stops: [], unwindTables: undefined, userTruncated: 3 };
  const expected = ['user stacks by frame pointers; cut off: 3 by more than 127 frames'];
  expect(unwindLines(byFramePointers, 'fp')).toEqual(expected);
  // Some of each.
  expect(cut(unwindLines({ stops, unwindTables, userTruncated: 7 }, 'auto'))[1]).toBe(
    expected[0] as string,
  );
});
