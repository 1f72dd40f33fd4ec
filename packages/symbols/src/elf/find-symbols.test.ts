import { afterAll, expect, test } from 'bun:test';
import { Workshop } from '../../test/compile.ts';
import { findSymbols } from './find-symbols.ts';
import { ElfImage } from './image.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

test('symbols are found by name, functions and data, and those that are not defined are not', () => {
  const path = workshop.path('static');
  using elf = ElfImage.open(path);
  const found = findSymbols(elf, ['main', 'nobody_has_this']);
  const known = workshop.nm(path).find(({ name }) => name === 'main');
  expect(found.get('main')).toEqual([
    { address: known?.address as number, size: expect.any(Number) as unknown as number },
  ]);
  expect([...found.keys()]).toEqual(['main']);
});
