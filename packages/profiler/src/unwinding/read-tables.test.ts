import { expect, test } from 'bun:test';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '@waggle/unwind';
import { ReadTables } from './read-tables.ts';

function tableOf(path: string) {
  using elf = ElfImage.open(path);
  return buildUnwindTable(elf).table;
}

const table = tableOf('/bin/true');

test('of so many files, those that were used last are held', () => {
  const tables = new ReadTables(3);
  for (const state of ['a', 'b', 'c']) tables.set(state, table);
  expect(tables.get('a')).toBe(table);
  tables.set('d', table);
  expect(['a', 'b', 'c', 'd'].map((state) => tables.has(state))).toEqual([true, false, true, true]);
  expect([tables.size, tables.bytes]).toEqual([3, 3 * table.bytes.length]);
});

test('of so many bytes too, but always the one that came last', () => {
  const tables = new ReadTables(100, table.bytes.length - 1);
  tables.set('a', table);
  expect(tables.get('a')).toBe(table);
  tables.set('b', table);
  expect(['a', 'b'].map((state) => tables.has(state))).toEqual([false, true]);
});

test('that a file has none is known, and costs no table its place', () => {
  const tables = new ReadTables(1);
  tables.set('table', table);
  for (let file = 0; file < 10_000; file++) tables.set(`none ${file}`, undefined);
  expect(tables.get('table')).toBe(table);
  expect([tables.has('none 9999'), tables.get('none 9999')]).toEqual([true, undefined]);
  expect(tables.has('none 0')).toBe(false);
});

test('what a file in one state has is said once', () => {
  const tables = new ReadTables();
  tables.set('a', undefined);
  tables.set('a', table);
  tables.set('a', table);
  expect([tables.get('a'), tables.bytes]).toEqual([table, table.bytes.length]);
});

test('what nobody has asked for in half a minute is let go of, and read again', () => {
  const tables = new ReadTables();
  tables.set('a', table);
  tables.set('none', undefined);
  const soon = performance.now() + 29_000;
  tables.dropUnused(soon);
  expect(tables.has('a')).toBe(true);
  tables.dropUnused(soon + 2000);
  expect([tables.has('a'), tables.has('none'), tables.bytes]).toEqual([false, true, 0]);
});
