// The ways to write a value are numbered in C and here.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { lineForm } from './record-line.ts';

test('the forms of values are those of waggle.h', () => {
  const header = resolve(import.meta.dir, '../../native/src/waggle.h');
  const forms = readFileSync(header, 'utf8').matchAll(/\bWAGGLE_LINE_(\w+) = (\d+),/g);
  expect(Object.fromEntries([...forms].map(([, name, value]) => [name, Number(value)]))).toEqual({
    ...lineForm,
  });
});
