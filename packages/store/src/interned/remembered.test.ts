import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Remembered } from './remembered.ts';

test('what was added is found, and nothing else, as in a map', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.integer({ min: 1, max: 2 ** 53 - 1 }))),
      (added) => {
        const remembered = new Remembered();
        const map = new Map<string, number>();
        for (const [key, id] of added) {
          remembered.add(key, id);
          map.set(key, id);
        }
        expect(remembered.size).toBe(map.size);
        for (const [key, id] of map) expect(remembered.find(key)).toBe(id);
        expect(remembered.find('never added')).toBeUndefined();
      },
    ),
    { numRuns: 20 },
  );
});

test('it takes thousands, then it is full, and empty again when cleared', () => {
  const remembered = new Remembered();
  let count = 0;
  for (; !remembered.isFull; count++) remembered.add(`argument ${count}`, count + 1);
  expect(count).toBe(20_000);
  expect(remembered.find('argument 0')).toBe(1);
  expect(remembered.find(`argument ${count - 1}`)).toBe(count);
  expect(() => remembered.add('one more', 1)).toThrow(RangeError);
  remembered.clear();
  expect(remembered.size).toBe(0);
  expect(remembered.find('argument 0')).toBeUndefined();
  remembered.add('one more', 7);
  expect(remembered.find('one more')).toBe(7);
});
