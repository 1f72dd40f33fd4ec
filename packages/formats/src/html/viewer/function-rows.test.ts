import { expect, test } from 'bun:test';
import { createComparison } from './colours.ts';
import { createFunctionRows } from './function-rows.ts';
import type { FunctionSamples } from './trees.ts';

const NAMES = ['all', 'b', 'a', 'gone', 'none'];

/** self, total, self before, total before of each symbol but the root. */
function samplesOf(...rows: readonly (readonly [number, number, number, number])[]) {
  const column = (index: 0 | 1 | 2 | 3) => Float64Array.of(0, ...rows.map((row) => row[index]));
  return {
    self: column(0),
    total: column(1),
    otherSelf: column(2),
    otherTotal: column(3),
  } satisfies FunctionSamples;
}

const SAMPLES = samplesOf([10, 90, 20, 80], [30, 60, 10, 50], [0, 0, 70, 70], [0, 0, 0, 0]);
const namesOf = (rows: Int32Array): string[] => Array.from(rows, (symbol) => NAMES[symbol] ?? '');

test('largest self first, then as asked; ties by name', () => {
  const order = createFunctionRows({ names: NAMES }, undefined);
  const names = (): string[] => namesOf(order.rows(SAMPLES, undefined, 'after'));
  expect(names()).toEqual(['a', 'b', 'gone']);
  order.sortBy('total');
  expect(names()).toEqual(['b', 'a', 'gone']);
  order.sortBy('total');
  expect([order.key(), order.order()]).toEqual(['total', 'ascending']);
  expect(names()).toEqual(['gone', 'a', 'b']);
  order.sortBy('name');
  expect(names()).toEqual(['a', 'b', 'gone']);
  order.sortBy('name');
  expect(names()).toEqual(['gone', 'b', 'a']);
  expect(namesOf(order.rows(SAMPLES, Uint8Array.of(0, 1, 0, 0, 1), 'after'))).toEqual(['b']);
});

test('of two profiles: the largest change first whatever its sign, then growth, then shrinking', () => {
  const comparison = createComparison({ before: 100, after: 100 });
  const order = createFunctionRows({ names: NAMES }, comparison);
  const names = (): string[] => namesOf(order.rows(SAMPLES, undefined, 'after'));
  expect(names()).toEqual(['gone', 'a', 'b']);
  order.sortBy('selfChange');
  expect(names()).toEqual(['a', 'b', 'gone']);
  order.sortBy('selfChange');
  expect(names()).toEqual(['gone', 'b', 'a']);
  // Sized by the other profile, the same samples mean the opposite.
  order.sortBy('self');
  expect(namesOf(order.rows(SAMPLES, undefined, 'before'))).toEqual(['gone', 'b', 'a']);
});
