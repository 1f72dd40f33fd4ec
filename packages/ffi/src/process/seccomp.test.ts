import { expect, test } from 'bun:test';
import { hasSeccompFilter } from './seccomp.ts';

test('a filter is told from none, and from what is no status at all', () => {
  const status = (mode: number) => `NoNewPrivs:\t1\nSeccomp:\t${mode}\nSeccomp_filters:\t2\n`;
  expect([0, 1, 2].map((mode) => hasSeccompFilter(status(mode)))).toEqual([false, false, true]);
  expect(hasSeccompFilter('')).toBe(false);
  expect(hasSeccompFilter()).toBeBoolean();
});
