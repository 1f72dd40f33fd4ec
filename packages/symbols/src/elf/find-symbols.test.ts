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

test('names that begin alike are found as each would be by itself, parts of other names among them', () => {
  const path = workshop.path('static');
  using elf = ElfImage.open(path);
  const alike = Map.groupBy(
    workshop.nm(path).map(({ name }) => name),
    (name) => name.slice(0, 6),
  );
  const largest = [...alike.values()].reduce((a, b) => (b.length > a.length ? b : a));
  const names = [...new Set(largest), `${largest[0]}_nobody_has_this`];
  expect(names.length).toBeGreaterThan(5);
  const found = findSymbols(elf, names);
  expect(found.size).toBeGreaterThan(3);
  for (const name of names) expect(found.get(name)).toEqual(findSymbols(elf, [name]).get(name));
});
