import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { columnsOf, cut, cutStart, firstColumns, fit } from './columns.ts';

test('wide characters take two columns, marks none', () => {
  expect(columnsOf('make')).toBe(4);
  expect(columnsOf('日本')).toBe(4);
  expect(columnsOf('e\u0301')).toBe(1);
  expect(columnsOf('🐝')).toBe(2);
  expect(columnsOf('👨\u200d👩\u200d👧')).toBe(2);
  expect(columnsOf('▇█')).toBe(2);
});

test('what does not fit ends in …, and never takes more', () => {
  expect(cut('make all', 8)).toBe('make all');
  expect(cut('make all', 7)).toBe('make a…');
  expect(cut('日本語', 5)).toBe('日本…');
  expect(cut('日本語', 4)).toBe('日…');
  expect(cut('abc', 0)).toBe('');
  expect(cutStart('make all', 7)).toBe('…ke all');
  expect(cutStart('日本語', 4)).toBe('…語');
  expect(firstColumns('日本語', 3)).toBe('日');
});

test('filled up on either side', () => {
  expect(fit('ab', 4)).toBe('ab  ');
  expect(fit('ab', 4, 'right')).toBe('  ab');
  expect(fit('abcdef', 4)).toBe('abc…');
});

test('of any text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 40 }),
      (text, columns) => {
        expect(columnsOf(cut(text, columns))).toBeLessThanOrEqual(columns);
        expect(columnsOf(cutStart(text, columns))).toBeLessThanOrEqual(columns);
        expect(columnsOf(firstColumns(text, columns))).toBeLessThanOrEqual(columns);
        expect(columnsOf(fit(text, columns))).toBe(columns);
      },
    ),
  );
});
