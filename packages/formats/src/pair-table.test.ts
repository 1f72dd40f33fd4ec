import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { PairTable } from './pair-table.ts';

test('each pair has one row, in the order in which they came', () => {
  const number = fc.oneof(
    fc.integer({ min: -1, max: 40 }),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { maxLength: 400 }), (pairs) => {
      const table = new PairTable();
      const rows = new Map<string, number>();
      for (const [first, second] of pairs) {
        const key = `${first} ${second}`;
        if (!rows.has(key)) rows.set(key, rows.size);
        expect(table.indexOf(first, second)).toBe(rows.get(key) ?? -1);
      }
      const { first, second } = table.columns;
      expect(Array.from(first, (each, row) => `${each} ${second[row]}`)).toEqual([...rows.keys()]);
    }),
  );
});

test('it grows, and pairs that somebody chose to be alike cost little more than others', () => {
  const table = new PairTable();
  const COUNT = 300_000;
  for (const step of [1, 2 ** 10]) {
    const startedAt = performance.now();
    for (let n = 0; n < COUNT; n++) table.indexOf(Math.imul(n, step) & 0x7fffffff, step);
    for (let n = 0; n < COUNT; n++) table.indexOf(Math.imul(n, step) & 0x7fffffff, step);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  }
  expect(table.length).toBe(2 * COUNT);
});
