// Which tests `npm run dev` runs after a change.

import { expect, test } from 'bun:test';
import { affectedTests } from './affected.ts';

const imports = [
  ['packages/cache/src/stat.test.ts', 'packages/cache/src/stat.ts'],
  ['packages/cache/src/cache.ts', 'packages/cache/src/stat.ts'],
  ['packages/cache/test/cache.test.ts', 'packages/cache/src/cache.ts'],
  ['packages/core/src/seed.ts', 'packages/cache/src/cache.ts'],
  ['packages/core/src/seed.test.ts', 'packages/core/src/seed.ts'],
  ['tests/trace.test.ts', 'packages/core/src/seed.ts'],
  ['scripts/junit.test.ts', 'scripts/junit.ts'],
].map(([from = '', to = '']) => ({ from, to, line: 1 }));
const files = [...new Set(imports.flatMap(({ from, to }) => [from, to]))];

const affected = (...changed: string[]) =>
  Object.fromEntries(affectedTests(changed, files, imports));

test('a change runs the tests of its package that reach it', () => {
  expect(affected('packages/cache/src/stat.ts')).toEqual({
    'packages/cache': ['packages/cache/src/stat.test.ts', 'packages/cache/test/cache.test.ts'],
  });
});

test('a changed test runs itself, an end-to-end test does not', () => {
  expect(affected('packages/core/src/seed.test.ts', 'tests/trace.test.ts')).toEqual({
    'packages/core': ['packages/core/src/seed.test.ts'],
  });
});

test('scripts are a package of their own; what is gone runs nothing', () => {
  expect(affected('scripts/junit.ts', 'packages/cache/src/gone.test.ts')).toEqual({
    scripts: ['scripts/junit.test.ts'],
  });
});
