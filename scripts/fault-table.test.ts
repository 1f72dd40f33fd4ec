// The table of faults: a row is one row, however often it ran.

import { describe, expect, test } from 'bun:test';
import { type FaultResult, reportFaults } from './fault-table.ts';

const page = (...lines: string[]) =>
  [
    '# Page',
    '<!-- faults: written by npm run faults -->',
    '',
    '| area | what is done | what must hold | held | seconds |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
    '<!-- faults end -->',
    'Behind it.',
    '',
  ].join('\n');

const row = (area: string, what: string, held: number, seconds = 1): FaultResult => ({
  ...{ area, what, holds: 'it ends', rounds: 5, held, seconds },
});

const linesOf = (table: string) => table.split('\n').slice(2).filter(Boolean);

describe('the table', () => {
  test('has a row that ran again once, as it went the last time, and counts it once', () => {
    const results = [row('a', 'x', 3), row('a', 'y', 5), row('a', 'x', 5, 2)];
    const { table, rows, broken } = reportFaults(page(), results, false);
    expect(linesOf(table)).toEqual([
      '| a | x | it ends | 5 of 5 | 2 |',
      '| a | y | it ends | 5 of 5 | 1 |',
    ]);
    expect([rows.length, broken.length]).toEqual([2, 0]);
    expect(reportFaults(page(), results.toReversed(), false).broken).toEqual([row('a', 'x', 3)]);
  });

  test('keeps the lines of what did not run, unless everything did', () => {
    const before = page('| a | old | it ends | 5 of 5 | 9 |', '| b | x | it ends | 1 of 5 | 9 |');
    const results = [row('b', 'x', 5), row('a', 'new', 5)];
    expect(linesOf(reportFaults(before, results, false).table)).toEqual([
      '| a | old | it ends | 5 of 5 | 9 |',
      '| a | new | it ends | 5 of 5 | 1 |',
      '| b | x | it ends | 5 of 5 | 1 |',
    ]);
    expect(linesOf(reportFaults(before, results, true).table)).toEqual([
      '| a | new | it ends | 5 of 5 | 1 |',
      '| b | x | it ends | 5 of 5 | 1 |',
    ]);
  });

  test('is where it was, and what is around it stays; bars in texts are no cells', () => {
    const first = reportFaults(page(), [row('a', 'x | y', 5)], false);
    expect(first.page).toStartWith('# Page\n');
    expect(first.page).toEndWith('<!-- faults end -->\nBehind it.\n');
    const again = reportFaults(first.page, [row('a', 'x | y', 5)], false);
    expect(again.page).toBe(first.page);
    expect(() => reportFaults('# Page\n', [], false)).toThrow('no place');
  });
});
