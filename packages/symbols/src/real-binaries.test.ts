import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { VARIANTS, Workshop } from '../test/compile.ts';
import { ElfImage } from './elf/index.ts';
import { SymbolTable } from './symbol-table.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const CODE = new Set(['T', 't', 'W', 'w', 'i', 'u']);

describe.each(Object.keys(VARIANTS))('%s', (variant) => {
  const path = workshop.path(variant);
  const symbols = workshop.nm(path, ...(variant === 'stripped-dynamic' ? ['-D'] : []));
  const image = ElfImage.open(path);
  const table = SymbolTable.fromElf(image);
  afterAll(() => image.close());

  test('every sized function of nm answers at its first and last byte, under a name it has', () => {
    const namesAt = new Map<number, string[]>();
    for (const { address, name } of symbols) {
      namesAt.set(address, [...(namesAt.get(address) ?? []), name]);
    }
    let checked = 0;
    for (const { address, size, type } of symbols) {
      if (!CODE.has(type) || size === 0) continue;
      const first = table.lookup(address);
      expect(first?.start).toBe(address);
      expect(namesAt.get(address)).toContain(first?.name as string);
      const last = table.lookup(address + size - 1);
      // Another symbol may be nested at the end, but none that begins earlier may win.
      expect(last?.start).toBeGreaterThanOrEqual(address);
      expect(namesAt.get(last?.start as number)).toContain(last?.name as string);
      checked++;
    }
    expect(checked).toBeGreaterThanOrEqual(variant === 'static' ? 500 : 4);
  });

  test('the functions of the program by name, aliases by preference', () => {
    const addressOf = (name: string) => symbols.find((symbol) => symbol.name === name)?.address;
    const named = (name: string, offset = 0) => {
      const address = addressOf(name);
      return address === undefined ? undefined : table.lookup(address + offset)?.name;
    };
    expect(named('weak_work')).toBe('weak_work');
    expect(['global_work', 'alias_of_global']).toContain(named('__alias_of_global') as string);
    expect(named('sized', 24)).toBe('sized');
    expect(named('sized', 25)).not.toBe('sized');
    expect(named('bare_label', 32)).toBe('bare_label');
    expect(named('typed_only', 16)).toBe('typed_only');
    if (variant === 'stripped-dynamic') {
      expect(addressOf('local_work')).toBeUndefined();
    } else {
      expect(named('local_work')).toBe('local_work');
      // The indirect function and its resolver are one address; the global name is preferred.
      expect(named('resolve')).toBe('indirect_work');
    }
  });

  test('file offsets lead to the same addresses as in the program headers', () => {
    const text = image.section('.text');
    if (text === undefined) throw new Error('.text is missing');
    expect(image.vaddrOfFileOffset(text.offset)).toBe(text.addr);
    expect(image.vaddrOfFileOffset(text.offset + text.size - 1)).toBe(text.addr + text.size - 1);
    expect(image.loads.filter((load) => load.executable)).toHaveLength(1);
  });

  test('the build-id is what readelf prints', () => {
    const notes = workshop.run('readelf', '-n', path);
    const expected = /Build ID: ([0-9a-f]+)/.exec(notes)?.[1];
    expect(image.buildId).toBe(expected);
    expect(expected === undefined).toBe(variant === 'shared');
  });

  test('in memory and from the file are one', () => {
    const inMemory = ElfImage.parse(readFileSync(path));
    expect(inMemory.sections).toEqual(image.sections);
    expect(inMemory.loads).toEqual(image.loads);
    expect(inMemory.buildId).toBe(image.buildId);
    const other = SymbolTable.fromElf(inMemory);
    expect(other.size).toBe(table.size);
    for (const { address } of symbols) {
      expect(other.lookup(address)).toEqual(table.lookup(address));
    }
  });
});

test('_start of a C program is found, though it has no size in crt1.o', () => {
  const path = workshop.path('non-pie');
  using image = ElfImage.open(path);
  const start = workshop.nm(path).find((symbol) => symbol.name === '_start');
  const table = SymbolTable.fromElf(image);
  expect(table.lookup(start?.address as number)?.name).toBe('_start');
});

test('a debug file split off by objcopy has the names and the build-id', () => {
  const path = workshop.path('debug');
  const debug = `${path}.debug`;
  workshop.run('objcopy', '--only-keep-debug', path, debug);
  using whole = ElfImage.open(path);
  using split = ElfImage.open(debug);
  expect(split.buildId).toBe('feedface01234567');
  expect(whole.buildId).toBe('feedface01234567');
  const expected = SymbolTable.fromElf(whole);
  const table = SymbolTable.fromElf(split);
  let checked = 0;
  for (const { address, type } of workshop.nm(path)) {
    if (type !== 'T' && type !== 't') continue;
    expect(table.lookup(address)).toEqual(expected.lookup(address));
    checked++;
  }
  expect(checked).toBeGreaterThan(8);
});

test('an object file has no addresses', () => {
  const object = `${workshop.directory}/program.o`;
  workshop.run('cc', '-c', '-o', object, `${workshop.directory}/program.c`);
  using image = ElfImage.open(object);
  expect(image.sections.length).toBeGreaterThan(5);
  expect(SymbolTable.fromElf(image).size).toBe(0);
});
