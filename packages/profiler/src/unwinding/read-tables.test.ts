import { expect, test } from 'bun:test';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '@waggle/unwind';
import { ReadTables } from './read-tables.ts';

function tableOf(path: string) {
  using elf = ElfImage.open(path);
  return buildUnwindTable(elf).table;
}

const table = tableOf('/bin/true');

const isKnown = (tables: ReadTables) => (state: string) => tables.get(state) !== undefined;

test('of so many files, those that were used last are held', () => {
  const tables = new ReadTables({ tables: 3 });
  for (const state of ['a', 'b', 'c']) tables.set(state, table);
  expect(tables.get('a')?.table).toBe(table);
  tables.set('d', table);
  expect(['a', 'b', 'c', 'd'].map(isKnown(tables))).toEqual([true, false, true, true]);
  expect([tables.size, tables.bytes]).toEqual([3, 3 * table.bytes.length]);
});

test('of so many bytes too, but always the one that came last', () => {
  const tables = new ReadTables({ bytes: table.bytes.length - 1 });
  tables.set('a', table);
  expect(tables.get('a')?.table).toBe(table);
  tables.set('b', table);
  expect(['a', 'b'].map(isKnown(tables))).toEqual([false, true]);
});

test('that a file has none is known, and costs no table its place', () => {
  const tables = new ReadTables({ tables: 1 });
  tables.set('table', table);
  for (let file = 0; file < 10_000; file++) tables.set(`none ${file}`, undefined);
  expect(tables.get('table')?.table).toBe(table);
  expect(tables.get('none 9999')).toEqual({ table: undefined });
  expect(tables.get('none 0')).toBeUndefined();
});

test('what a file in one state has is said once', () => {
  const tables = new ReadTables();
  tables.set('a', undefined);
  tables.set('a', table);
  tables.set('a', table);
  expect([tables.get('a')?.table, tables.bytes]).toEqual([table, table.bytes.length]);
});

test('what nobody has asked for in half a minute is let go of, and read again', () => {
  let now = 1;
  const tables = new ReadTables({}, () => now);
  tables.set('a', table);
  tables.set('b', table);
  tables.set('none', undefined);
  now += 29_000;
  tables.dropUnused();
  expect(isKnown(tables)('a')).toBe(true);
  now += 2000;
  tables.dropUnused();
  expect([tables.size, tables.bytes]).toEqual([1, table.bytes.length]);
  expect(['a', 'b', 'none'].map(isKnown(tables))).toEqual([true, false, true]);
});
