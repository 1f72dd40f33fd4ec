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
  expect(unwindLines({ stops, unwindTables }, 'auto')).toEqual([
    '99.00 % of user stacks are complete; cut off: 6 by stack memory that cannot be read, 4 by more than 1143 frames',
    'unwind tables: 3 objects, 23603 rows, 110 KiB',
  ]);
});

test('says when the best that a kernel can is less than what auto stands for', () => {
  const [line, ...others] = unwindLines({ stops: [], unwindTables: undefined }, 'auto');
  expect(line).toContain('frame pointers lead to');
  expect(others).toEqual([]);
  expect(unwindLines({ stops: [], unwindTables: undefined }, 'fp')).toEqual([]);
});
