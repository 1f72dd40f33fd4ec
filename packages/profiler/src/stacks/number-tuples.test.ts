import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { NumberTuples } from './number-tuples.ts';

const number = fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 }));

test('each tuple has one row, as in a Map', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number, number), { maxLength: 2000 }), (tuples) => {
      const rows = new Map<string, number>();
      const interned = new NumberTuples(3);
      for (const [a, b, c] of tuples) {
        const key = `${a} ${b} ${c}`;
        expect(interned.find(a, b, c)).toBe(rows.get(key) as number);
        const row = rows.get(key) ?? rows.size;
        rows.set(key, row);
        expect(interned.add(a, b, c)).toBe(row);
        expect([0, 1, 2].map((column) => interned.at(row, column))).toEqual([a, b, c]);
      }
      expect(interned.size).toBe(rows.size);
    }),
    { numRuns: 30 },
  );
});

test('a row of two takes less than 64 bytes', () => {
  const interned = new NumberTuples(2);
  for (let n = 0; n < 100_000; n++) interned.add(n >>> 3, n);
  for (let n = 0; n < 100_000; n++) expect(interned.find(n >>> 3, n)).toBe(n);
  expect(interned.byteLength / 100_000).toBeLessThan(64);
});
